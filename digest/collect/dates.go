package collect

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"digestd/internal/lazyregexp"
)

// The years that a feed's date can be true in begin with this one. Later than a year from now is not
// true either.
const firstYear = 1990

// believable returns the date if it can be true, else the zero time.
func believable(date, now time.Time) time.Time {
	if date.Year() < firstYear || date.After(now.AddDate(1, 0, 0)) {
		return time.Time{}
	}
	return date
}

var (
	isoDate = lazyregexp.New(`^(\d{4})([-/.]?)(\d{1,2})(?:[-/.]?(\d{1,2}))?(?:(?:\s*t\s*|\s+)(.*))?$`)
	// 2026년 7월 6일 오전 8:00, 2026年7月6日 8:00
	eastDate  = lazyregexp.New(`^(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]\s*(?:\S?요일|[((]\S[))])?\s*(오전|오후|上午|下午|午前|午後)?\s*(.*)$`)
	dottyDate = lazyregexp.New(`^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2}),?(?:[\s-]+(.*))?$`)
	slashDate = lazyregexp.New(`^(\d{1,2})([/-])(\d{1,2})[/-](\d{4}|\d{2}),?(?:[\s-]+(.*))?$`)
	// 08:00 06.07.2026
	clockBefore = lazyregexp.New(`^(\d{1,2}:\d{2}(?::\d{2})?),?\s+(\d+[-/.]\d.*)$`)
	// Mon, 03/30/2020
	weekdayBefore = lazyregexp.New(`^\pL+\.?,?\s*(\d{1,4}[-/.].*)$`)
	// 08:00:00.5, 8h30, 8.30, 8時30分
	clockTime = lazyregexp.New(`^(\d{1,2})(?::|[h.]|\s?[時时点點시]\s?)(\d{1,2})(?:분|分)?(?::(\d{1,2})(?:[.,:]\d+)?)?\s*(.*)$`)
	// um 08:00 Uhr, a las 8:00
	wordsBefore = lazyregexp.New(`^(?:\pL+\.?\s+){1,3}(\d.*)$`)
	offset      = lazyregexp.New(`^-?([+-])(\d{1,2}):?(\d{2})?(?::\d{2})?$`)
	// 0800: a plus that an address would have lost, as which it stands for a space.
	bareOffset = lazyregexp.New(`^\d{2}:?\d{2}$`)
	// America/New_York, [Europe/Berlin]
	zoneName = lazyregexp.New(`^(.*\S)\s*[\[(]([A-Z]\w+(?:/[\w+-]+){1,2})[\])]$|^(.*\S)\s([A-Z]\w+(?:/[\w+-]+){1,2})$`)
	bareTime = lazyregexp.New(`^(\d{2})(\d{2})(\d{2})?(?:[.,]\d+)?(?:\s*(\D.*))?$`)
)

// parseDate reads a date as feeds write it: RFC 822 and its many misspellings, W3C and ISO 8601, Unix
// time, month names in a dozen languages. It never guesses: 06/07/2026 is two dates, so it is none.
// A date without a zone is taken as UTC.
func parseDate(s string) (time.Time, bool) {
	if strings.ContainsRune(s, '<') { // as Drupal's views have it: <time datetime="2026-07-06T08:00:00Z">…</time>
		if m := timeElement.FindStringSubmatch(s); m != nil {
			s = m[1]
		}
		s = tags.ReplaceAllString(s, " ")
	}
	if len(s) > 100 {
		return time.Time{}, false
	}
	if !isASCII(s) {
		s = strings.Map(digit, asWritten.Replace(s))
	}
	s = strings.Join(strings.Fields(s), " ")
	var m []string
	if strings.ContainsRune(s, '/') {
		m = zoneName.FindStringSubmatch(s)
	}
	if m == nil {
		return readDate(strings.ToLower(s))
	}
	t, ok := readDate(strings.ToLower(m[1] + m[3]))
	if zone, err := time.LoadLocation(m[2] + m[4]); ok && err == nil && t.Location() == time.UTC { // it has no offset
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	}
	return t, ok
}

var (
	timeElement = lazyregexp.New(`(?i)<time\b[^>]*\bdatetime\s*=\s*["']([^"']+)`)
	tags        = lazyregexp.New(`<[^>]*>`)

	// asWritten has one sign for all dashes, and one word for months of two.
	asWritten = strings.NewReplacer("\u2212", "-", "\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\ufe63",
		"-", "\uff0d", "-",
		"كانون الثاني", "يناير", "تشرين الأول", "أكتوبر", "تشرين الثاني", "نوفمبر", "كانون الأول", "ديسمبر")
)

// digit is the digit of ASCII for one of another script; those of a script stand in a row, from zero on.
func digit(r rune) rune {
	if r >= 0x80 && unicode.Is(unicode.Nd, r) {
		for _, row := range unicode.Nd.R16 {
			if r >= rune(row.Lo) && r <= rune(row.Hi) {
				return '0' + (r-rune(row.Lo))%10
			}
		}
	}
	return r
}

// eras are the years before the first of a Japanese era and of the Republic of China.
var (
	eras    = map[string]int{"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}
	eraYear = lazyregexp.New(`^(?:中華)?(令和|平成|昭和|民國|民国)\s*(\d{1,3}|元)(\s*年.*)$`)
)

var slashed = lazyregexp.New(`([>\s]|^)(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+-)?`)

// slashOrder is what makes a date of numbers and slashes one that begins with its year, as slashed finds it in the
// entries of a feed: a number above 12 in one of them tells which is the day in all. Empty: none does.
func slashOrder(entries []byte) string {
	var dayFirst, monthFirst bool
	for _, m := range slashed.FindAllSubmatch(entries, -1) {
		first, _ := strconv.Atoi(string(m[2]))
		second, _ := strconv.Atoi(string(m[3]))
		dayFirst, monthFirst = dayFirst || first > 12, monthFirst || second > 12
	}
	switch {
	case dayFirst && !monthFirst:
		return "$1$4-$3-$2"
	case monthFirst && !dayFirst:
		return "$1$4-$2-$3"
	}
	return ""
}

// readDate reads a date in lower case, its spaces single ones.
func readDate(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, false
	}
	if t, ok := unixDate(s); ok {
		return t, true
	}
	if m := weekdayBefore.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	if m := clockBefore.FindStringSubmatch(s); m != nil {
		s = m[2] + " " + m[1]
	}
	if m := eraYear.FindStringSubmatch(s); m != nil {
		year, err := strconv.Atoi(m[2])
		if err != nil { // 元, the first
			year = 1
		}
		s = strconv.Itoa(eras[m[1]]+year) + m[3]
	}
	if m := isoDate.FindStringSubmatch(s); m != nil {
		if m[2] == "" && len(m[3]) < 2 {
			return time.Time{}, false
		}
		day := m[4]
		if day == "" {
			day = "1"
		}
		return assemble(m[1], m[3], day, m[5], "")
	}
	if m := eastDate.FindStringSubmatch(s); m != nil {
		half := ""
		switch m[4] {
		case "오전", "上午", "午前":
			half = "am"
		case "오후", "下午", "午後":
			half = "pm"
		}
		return assemble(m[1], m[2], m[3], m[5], half)
	}
	if m := dottyDate.FindStringSubmatch(s); m != nil {
		return assemble(m[3], m[2], m[1], m[4], "")
	}
	if m := slashDate.FindStringSubmatch(s); m != nil {
		first, _ := strconv.Atoi(m[1])
		second, _ := strconv.Atoi(m[3])
		last, _ := strconv.Atoi(m[4])
		switch {
		case len(m[4]) == 2 && last <= 31 && second <= 12:
			return time.Time{}, false // the year may stand first
		case first > 12 || first == second:
			return assemble(m[4], m[3], m[1], m[5], "")
		case second > 12:
			return assemble(m[4], m[1], m[3], m[5], "")
		}
		return time.Time{}, false
	}
	return wordDate(s)
}

// unixDate reads seconds, with a fraction or without, or milliseconds since 1970.
func unixDate(s string) (time.Time, bool) {
	s, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil || strings.Trim(fraction, "0123456789") != "":
	case len(s) == 9 || len(s) == 10:
		return time.Unix(n, 0).UTC(), true
	case len(s) == 13:
		return time.UnixMilli(n).UTC(), true
	}
	return time.Time{}, false
}

// assemble makes a time of its parts, or nothing when one of them can't be.
func assemble(year, month, day, clock, half string) (time.Time, bool) {
	y, err1 := strconv.Atoi(year)
	m, err2 := strconv.Atoi(month)
	d, err3 := strconv.Atoi(day)
	if err1 != nil || err2 != nil || err3 != nil {
		return time.Time{}, false
	}
	if len(year) == 2 {
		y = century(y)
	}
	return at(y, time.Month(m), d, clock, half)
}

// century completes a year of two digits.
func century(year int) int {
	if year >= 70 {
		return 1900 + year
	}
	return 2000 + year
}

// at adds the time of the day, "15:04:05 +0200" or less, to a date.
func at(year int, month time.Month, day int, clock, half string) (time.Time, bool) {
	var hour, minute, second int
	zone := time.UTC
	if year >= 2400 && year < 2700 { // of the Buddhist calendar, as Thailand has it
		year -= 543
	}
	if clock = strings.TrimSpace(clock); clock != "" {
		if m := wordsBefore.FindStringSubmatch(clock); m != nil {
			clock = m[1]
		}
		rest := clock
		m := clockTime.FindStringSubmatch(clock)
		if m == nil {
			m = bareTime.FindStringSubmatch(clock)
		}
		if m != nil {
			hour, _ = strconv.Atoi(m[1])
			minute, _ = strconv.Atoi(m[2])
			second, _ = strconv.Atoi(m[3])
			rest = m[4]
		}
		zone, half = zoneOf(rest, half)
	}
	switch {
	case half == "pm" && hour < 12:
		hour += 12
	case half == "am" && hour == 12:
		hour = 0
	}
	if second == 60 { // a leap second
		second = 59
	}
	midnight := hour == 24 && minute == 0 && second == 0 // at the end of the day (ISO 8601)
	if hour > 23 && !midnight || minute > 59 || second > 59 || month < 1 || month > 12 || day < 1 || year < 1 {
		return time.Time{}, false
	}
	if time.Date(year, month, day, 0, 0, 0, 0, zone).Day() != day { // 31 February
		return time.Time{}, false
	}
	return time.Date(year, month, day, hour, minute, second, 0, zone), true
}

// zoneOf reads what stands after a time of the day: "am", "+0200", "gmt+2", "z", "est (…)". An
// offset that can't be and an unknown name are UTC.
func zoneOf(rest, half string) (*time.Location, string) {
	zone := time.UTC
	rest = strings.NewReplacer("(", " ", ")", " ", ",", " ").Replace(rest)
	known := false
	for word := range strings.FieldsSeq(rest) {
		switch word {
		case "am", "a.m.":
			half = "am"
			continue
		case "pm", "p.m.":
			half = "pm"
			continue
		}
		if bareOffset.MatchString(word) && !known {
			word = "+" + word
		}
		name := word
		if i := strings.IndexAny(word, "+-"); i > 0 { // gmt+2
			name, word = word[:i], word[i:]
		}
		if m := offset.FindStringSubmatch(word); m != nil {
			hours, _ := strconv.Atoi(m[2])
			minutes, _ := strconv.Atoi(m[3])
			if hours > 14 || minutes > 59 {
				continue // no place has it; the day is right all the same
			}
			seconds := hours*3600 + minutes*60
			if m[1] == "-" {
				seconds = -seconds
			}
			if !known || seconds != 0 { // "gmt+0200" is east of gmt; "+0200 gmt" keeps its offset
				zone = time.FixedZone("", seconds)
			}
			known = true
			continue
		}
		if seconds, ok := zoneNames[name]; ok && !known {
			zone = time.FixedZone("", seconds)
			known = true
		}
	}
	return zone, half
}

// wordDate reads a date whose month is a word: "Mon, 06 Jul 2026 08:01:00 GMT", "Montag, 6. Juli 2026",
// "July 6, 2026 3:04 pm", "Mon Jul 6 15:04:05 EST 2026", "06-Jul-26".
func wordDate(s string) (time.Time, bool) {
	d := wordsOfDate{day: -1, year: -1}
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' }) {
		words := []string{word}
		if parts := strings.Split(word, "-"); len(parts) == 3 && d.month == 0 && !strings.ContainsAny(word, ":+") {
			words = parts // 06-jul-26
		}
		for _, w := range words {
			if !d.take(w) {
				return time.Time{}, false
			}
		}
	}
	if d.month == 0 || d.day < 1 || d.year < 0 {
		return time.Time{}, false
	}
	return at(d.year, d.month, d.day, strings.Join(d.clock, " "), "")
}

// wordsOfDate is what the words of a date have said so far; -1 and 0 are nothing.
type wordsOfDate struct {
	day, year int
	month     time.Month
	clock     []string // the time of the day and its zone
	begun     bool
	doubtful  bool // the month is "mar", which is a weekday too
}

// take takes the next word in. It reports whether this can be a date still.
func (d *wordsOfDate) take(word string) bool {
	first := !d.begun
	if strings.ContainsRune(word, ':') && word[0] >= '0' && word[0] <= '9' {
		d.clock = append([]string{word}, d.clock...)
		return true
	}
	d.begun = true
	letters := strings.TrimRight(word, ".")
	if m, ok := monthNames[letters]; ok {
		switch {
		case d.month == 0:
			d.month, d.doubtful = m, letters == "mar" && first
		case d.doubtful: // mardi, martes, martedì: it was the weekday
			d.month, d.doubtful = m, false
		}
		return d.month == m
	}
	letters = ordinal(letters)
	switch number, err := strconv.Atoi(letters); {
	case err == nil && number >= 0 && letters[0] != '+' && letters[0] != '-':
		return d.takeNumber(letters, number)
	case letters == "":
	case unicode.IsLetter(firstRune(letters)) && len(d.clock) == 0 && (d.year < 0 || d.month == 0):
		// A weekday, "de", "um", "Uhr": nothing that moves the date.
	default:
		d.clock = append(d.clock, word)
	}
	return true
}

func (d *wordsOfDate) takeNumber(digits string, number int) bool {
	switch {
	case len(digits) == 4 && d.year < 0 && (d.month != 0 || d.day < 0): // 2026 January 02
		d.year = number
	case d.day < 0 && number <= 31:
		d.day = number
	case d.year < 0 && len(digits) == 2 && len(d.clock) == 0:
		d.year = century(number)
	case len(digits) == 4 && d.year >= 0: // a time of the day, or "+0200" without its sign
		d.clock = append(d.clock, digits)
	case len(digits) == 4 || len(digits) <= 2: // "15"
		return false
	}
	return true
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// ordinal strips "1st" to "1", and "1er".
func ordinal(s string) string {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return s
	}
	for _, suffix := range []string{"st", "nd", "rd", "th", "er", "º", "ª"} {
		if digits, found := strings.CutSuffix(s, suffix); found {
			return digits
		}
	}
	return s
}

// zoneNames are offsets from UTC in seconds. Where a name has two meanings it is the one that feeds
// use it for: CST is Chicago's, IST India's, BST London's.
var zoneNames = map[string]int{
	"z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 3600, "bst": 3600, "wat": 3600, "cat": 2 * 3600,
	"cet": 3600, "cest": 2 * 3600, "met": 3600, "mest": 2 * 3600, "mez": 3600, "mesz": 2 * 3600,
	"eet": 2 * 3600, "eest": 3 * 3600, "sast": 2 * 3600, "msk": 3 * 3600, "мск": 3 * 3600, "trt": 3 * 3600,
	"eat": 3 * 3600, "idt": 3 * 3600, "irst": 3*3600 + 1800, "gst": 4 * 3600, "azt": 4 * 3600, "get": 4 * 3600,
	"aft": 4*3600 + 1800, "uzt": 5 * 3600, "npt": 5*3600 + 2700, "bdt": 6 * 3600, "mmt": 6*3600 + 1800,
	"myt": 8 * 3600, "pht": 8 * 3600, "wita": 8 * 3600, "wit": 9 * 3600, "awst": 8 * 3600, "acst": 9*3600 + 1800,
	"acdt": 10*3600 + 1800, "clt": -4 * 3600, "clst": -3 * 3600, "pet": -5 * 3600, "cot": -5 * 3600, "ect": -5 * 3600,
	"vet": -4 * 3600, "uyt": -3 * 3600,
	"pkt": 5 * 3600, "ist": 5*3600 + 1800, "ict": 7 * 3600, "wib": 7 * 3600, "sgt": 8 * 3600, "hkt": 8 * 3600,
	"jst": 9 * 3600, "kst": 9 * 3600, "aest": 10 * 3600, "aedt": 11 * 3600, "nzst": 12 * 3600, "nzdt": 13 * 3600,
	"ast": -4 * 3600, "adt": -3 * 3600, "brt": -3 * 3600, "art": -3 * 3600,
	"est": -5 * 3600, "edt": -4 * 3600, "cst": -6 * 3600, "cdt": -5 * 3600,
	"mst": -7 * 3600, "mdt": -6 * 3600, "pst": -8 * 3600, "pdt": -7 * 3600,
	"akst": -9 * 3600, "akdt": -8 * 3600, "hst": -10 * 3600,
}

// monthWords are the months' names and abbreviations, in lower case and without a final dot, in the
// languages of English, German, French, Spanish, Italian, Portuguese, Dutch, Scandinavian, Polish,
// Russian, Ukrainian, Turkish feeds, then Finnish, Czech, Slovak, Hungarian, Romanian, Bulgarian, Greek, Indonesian,
// Catalan, Arabic, Hindi, Thai, Hebrew, Persian, Serbian ones. A word that is one month here and another there ("listopad", "srpnja")
// is left out: better no date than a wrong month.
var monthWords = [12]string{
	"jan january januar jänner jän janvier janv enero ene gennaio gen janeiro januari styczeń stycznia sty янв январь января січень січня січ ocak oca " +
		"tammikuu tammikuuta tammikuun leden ledna januára január ianuarie ian януари ιανουάριος ιανουαρίου ιαν gener يناير जनवरी جانفي ม.ค มกราคม ינואר ژانویه јануар",
	"feb february februar februari februar feber février févr fevrier fevr fév febrero febbraio fevereiro fev luty lutego lut фев февр февраль февраля лютий лютого лют şubat şub " +
		"helmikuu helmikuuta helmikuun únor února februára február febr februarie февруари φεβρουάριος φεβρουαρίου φεβ febrer فبراير फ़रवरी फरवरी فيفري شباط ก.พ กุมภาพันธ์ פברואר فوریه фебруар",
	"mar march märz mär maerz mrz mars marzo março marco maart mrt marca marzec мар март марта mart березень березня бер " +
		"maaliskuu maaliskuuta maaliskuun březen března marec március márc martie μάρτιος μαρτίου μαρ maret març مارس मार्च آذار มี.ค มีนาคม מרץ מרס مارچ",
	"apr april avril avr abril abr aprile kwiecień kwietnia kwi апр апрель апреля квітень квітня квіт nisan nis " +
		"huhtikuu huhtikuuta huhtikuun duben dubna apríl apríla április ápr aprilie април απρίλιος απριλίου απρ أبريل ابريل अप्रैल أفريل نيسان เม.ย เมษายน אפריל آوریل",
	"may mai mayo maggio mag maio mei maj maja май мая мае травень травня трав mayıs " +
		"toukokuu toukokuuta toukokuun květen května máj mája május μάιος μαΐου μαίου μάι maig مايو ماي أيار พ.ค พฤษภาคม מאי مه мај",
	"jun june juni juin junio giugno giu junho czerwiec czerwca cze июн июнь июня червень червня черв haziran haz " +
		"kesäkuu kesäkuuta kesäkuun červen června jún júna június iunie iun юни ιούνιος ιουνίου ιουν juny يونيو जून جوان حزيران มิ.ย มิถุนายน יוני ژوئن јун јуни",
	"jul july juli juillet juil julio luglio lug julho lipiec lipca июл июль июля липень липня лип temmuz tem " +
		"heinäkuu heinäkuuta heinäkuun červenec července júl júla július iulie iul юли ιούλιος ιουλίου ιουλ juliol يوليو जुलाई جويلية تموز ก.ค กรกฎาคม יולי ژوئیه јул јули",
	"aug august août aout agosto ago augusti augustus sierpień sierpnia sie авг август августа серпень серпня серп ağustos ağu " +
		"elokuu elokuuta elokuun srpen srpna augusta augusztus αύγουστος αυγούστου αυγ agustus agu agost أغسطس اغسطس अगस्त أوت آب ส.ค สิงหาคม אוגוסט اوت",
	"sep sept september septembre septiembre setiembre settembre set setembro wrzesień września wrz сен сент сентябрь сентября вересень вересня вер eylül eyl " +
		"syyskuu syyskuuta syyskuun září septembra szeptember szept septembrie септември σεπτέμβριος σεπτεμβρίου σεπ سبتمبر सितंबर सितम्बर أيلول ก.ย กันยายน ספטמבר سپتامبر септембар",
	"oct october oktober okt octobre octubre ottobre ott outubro out październik października paź окт октябрь октября жовтень жовтня жовт ekim eki " +
		"lokakuu lokakuuta lokakuun říjen října októbra október octombrie октомври οκτώβριος οκτωβρίου οκτ أكتوبر اكتوبر अक्टूबर अक्तूबर ต.ค ตุลาคม אוקטובר اکتبر октобар",
	"nov november novembre noviembre novembro ноя нояб ноябрь ноября kasım kas " +
		"marraskuu marraskuuta marraskuun listopadu novembra noiembrie ноември νοέμβριος νοεμβρίου νοε nopember نوفمبر नवंबर नवम्बर พ.ย พฤศจิกายน נובמבר نوامبر новембар",
	"dec december dezember dez décembre decembre déc diciembre dic dicembre dezembro desember des grudzień grudnia gru дек декабрь декабря грудень грудня груд aralık ara " +
		"joulukuu joulukuuta joulukuun prosinec prosince decembra decembrie декември δεκέμβριος δεκεμβρίου δεκ ديسمبر दिसंबर दिसम्बर ธ.ค ธันวาคม דצמבר دسامبر децембар",
}

var monthNames = monthTable(monthWords)

func monthTable(names [12]string) map[string]time.Month {
	table := make(map[string]time.Month)
	for i, line := range names {
		for name := range strings.FieldsSeq(line) {
			table[name] = time.Month(i + 1)
		}
	}
	return table
}
