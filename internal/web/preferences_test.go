package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"digestd/digest"
	"digestd/subscribers"
)

// chosen is what a reader's preferences are, as "without sport; text; until 2026-04-01".
func (d *desk) chosen(email string) string {
	d.t.Helper()
	p, err := d.ledger.Readers.PreferencesOf(email)
	if err != nil {
		d.t.Fatal(err)
	}
	var out []string
	if len(p.Without) > 0 {
		out = append(out, "without "+strings.Join(p.Without, " "))
	}
	if p.PlainText {
		out = append(out, "text")
	}
	if len(p.Watch) > 0 {
		out = append(out, "watch "+strings.Join(p.Watch, ","))
	}
	if len(p.Mute) > 0 {
		out = append(out, "mute "+strings.Join(p.Mute, ","))
	}
	for _, s := range []string{p.Language, p.Length, strings.Join(p.WithoutDays, " ")} {
		if s != "" {
			out = append(out, s)
		}
	}
	if p.PausedUntil != "" {
		out = append(out, "until "+p.PausedUntil)
	}
	if !p.Empty() && (p.Source != "page" || !p.At.Equal(d.now)) {
		d.t.Errorf("preferences %+v", p)
	}
	return strings.Join(out, "; ")
}

// What the forms of Ana and Benoît offer.
const (
	digestsOfAna  = "offered-digest=daily&offered-digest=weekly&"
	topicsOfAna   = "offered-topic=global&offered-topic=diplomacy&offered-topic=sport&"
	allDigests    = digestsOfAna + "digest=daily&digest=weekly&"
	allTopics     = topicsOfAna + "topic=global&topic=diplomacy&topic=sport&"
	asBefore      = allDigests + allTopics + "format=html&until="
	everyDay      = "offered-day=mon&offered-day=tue&offered-day=wed&offered-day=thu&offered-day=fri&offered-day=sat&offered-day=sun&"
	withoutGlobal = allDigests + topicsOfAna + "topic=diplomacy&topic=sport&"
)

func TestChoosing(t *testing.T) {
	t.Parallel()
	own := func(s ...string) []digest.Suppression { // by Ana herself
		var all []digest.Suppression
		for _, id := range s {
			all = append(all, digest.Suppression{Digest: id, Source: "page"})
		}
		return all
	}
	for name, row := range map[string]struct {
		before []digest.Suppression
		reader int
		forms  []string
		status int
		has    string
		chosen string
		stands string
	}{
		"nothing":                    {forms: []string{asBefore}, has: "Saved."},
		"without a topic":            {forms: []string{withoutGlobal + "format=html&until="}, has: "Saved.", chosen: "without global"},
		"the same twice":             {forms: []string{withoutGlobal, withoutGlobal}, has: "Saved.", chosen: "without global"},
		"and with it again":          {forms: []string{withoutGlobal, asBefore}, has: "Saved."},
		"without any topic":          {forms: []string{allDigests + topicsOfAna}, status: 422, has: "Choose at least one topic"},
		"a topic of nobody":          {forms: []string{allDigests + topicsOfAna + "offered-topic=weather&topic=weather"}, status: 422, has: "Choose at least one topic"},
		"a topic that was not there": {forms: []string{"offered-topic=global&offered-topic=diplomacy&topic=global"}, has: "Saved.", chosen: "without diplomacy"},
		"text":                       {forms: []string{allDigests + allTopics + "format=text"}, has: "Saved.", chosen: "text"},
		"text, and not any more":     {forms: []string{"format=text", "format=html"}, has: "Saved."},
		"a format of nobody":         {forms: []string{"format=amp"}, has: "Saved."},
		"text is not widened":        {reader: benoit, forms: []string{"format=html"}, has: "Enregistré"},
		"paused":                     {forms: []string{"until=2026-04-01"}, has: `value="2026-04-01"`, chosen: "until 2026-04-01"},
		"paused, and not any more":   {forms: []string{"until=2026-04-01", "until="}, has: "Saved."},
		"paused until tomorrow":      {forms: []string{"until=2026-03-13"}, has: "Saved.", chosen: "until 2026-03-13"},
		"paused until today":         {forms: []string{"until=2026-03-12"}, status: 422, has: "Choose a day from tomorrow on"},
		"in Auckland it is then":     {reader: chiyo, forms: []string{"until=2026-03-13"}, status: 422, has: "Choose a day from tomorrow on"},
		"paused for a year":          {forms: []string{"until=2027-03-13"}, has: "Saved.", chosen: "until 2027-03-13"},
		"paused for longer":          {forms: []string{"until=2027-03-14"}, status: 422, has: "Choose a day from tomorrow on"},
		"paused until no day":        {forms: []string{"until=soon"}, status: 422, has: "Choose a day from tomorrow on"},
		"paused until 31 February":   {forms: []string{"until=2026-02-31"}, status: 422, has: "Choose a day from tomorrow on"},
		"a mistake saves nothing":    {forms: []string{digestsOfAna + "format=text&until=soon"}, status: 422, has: `role="alert"`},
		"what is left out stays":     {forms: []string{withoutGlobal + "until=2026-04-01", "format=text"}, has: "Saved.", chosen: "without global; text; until 2026-04-01"},
		"words":                      {forms: []string{"watch=Kosovo%0D%0A+climate+change+%0D%0A%0D%0AKosovo&mute=%2Froyal+wed%2F"}, has: ">Kosovo\nclimate change</textarea>", chosen: "watch Kosovo,climate change; mute /royal wed/"},
		"words, and none any more":   {forms: []string{"watch=Kosovo&mute=gossip", "watch=&mute="}, has: "Saved."},
		"what is no word":            {forms: []string{"watch=Kosovo%0A..."}, status: 422, has: "This can’t be watched or muted: ..."},
		"a broken expression":        {forms: []string{"mute=%2F(%2F"}, status: 422, has: "This can’t be watched or muted: /(/"},
		"a hostile word":             {forms: []string{"watch=%3C%2Ftextarea%3E%3Cscript%3Ex"}, has: "&lt;/textarea&gt;&lt;script&gt;x", chosen: "watch </textarea><script>x"},
		"another language":           {forms: []string{"language=fr"}, has: "Enregistré", chosen: "fr"},
		"and that of before":         {forms: []string{"language=fr", "language=en"}, has: "Saved."},
		"a language of nobody":       {forms: []string{"language=tlh"}, has: "Saved."},
		"shorter":                    {forms: []string{"length=short"}, has: `value="short" checked`, chosen: "short"},
		"as the digest is":           {forms: []string{"length=short", "length=usual"}, has: "Saved."},
		"a length of nobody":         {forms: []string{"length=endless"}, has: "Saved."},
		"on some days":               {forms: []string{everyDay + "day=mon&day=sat"}, has: "Saved.", chosen: "tue wed thu fri sun"},
		"on all days again":          {forms: []string{everyDay + "day=mon", everyDay + "day=" + strings.Join(subscribers.Weekdays, "&day=")}, has: "Saved."},
		"on no day":                  {forms: []string{everyDay}, status: 422, has: "Choose at least one day"},
		"days that are none":         {forms: []string{"offered-day=someday&day=never"}, has: "Saved."},
		"an empty post":              {forms: []string{withoutGlobal, ""}, has: "Saved.", chosen: "without global"},
		"one click is not for here":  {forms: []string{oneClick}, has: "Saved."},

		"without a digest":              {forms: []string{digestsOfAna + "digest=weekly"}, has: "Saved.", stands: "ana daily:page"},
		"without any digest":            {forms: []string{digestsOfAna}, has: "Saved.", stands: "ana daily:page, ana weekly:page"},
		"and with one again":            {before: own("daily", "weekly"), forms: []string{digestsOfAna + "digest=daily"}, has: "Saved.", stands: "ana weekly:page"},
		"left all, and one again":       {before: own(""), forms: []string{digestsOfAna + "digest=daily"}, has: "Saved.", stands: "ana weekly:page"},
		"left all, and none again":      {before: own(""), forms: []string{digestsOfAna}, has: "Saved.", stands: "ana *:page"},
		"left all, and all again":       {before: own(""), forms: []string{allDigests}, has: "Saved."},
		"stopped by the operator":       {before: []digest.Suppression{{Digest: "daily", Source: "operator"}}, forms: []string{allDigests}, has: "stopped, and not by you", stands: "ana daily:operator"},
		"a digest of others":            {reader: benoit, forms: []string{"offered-digest=weekly&offered-digest=daily&digest=daily"}, has: "Enregistré"},
		"a digest of nobody":            {forms: []string{"offered-digest=monthly&offered-digest=&offered-digest=%00"}, has: "Saved."},
		"a topic of a digest they have": {reader: benoit, forms: []string{"offered-topic=sport&offered-topic=diplomacy&topic=diplomacy"}, has: "Enregistré"},
		"somebody who is gone":          {reader: dora, forms: []string{digestsOfAna + topicsOfAna + "format=text&until=2026-04-01"}, has: "nichts zu wählen"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			for _, s := range row.before {
				s.Email = addresses[row.reader]
				if err := d.ledger.Readers.Suppress(s); err != nil {
					t.Fatal(err)
				}
			}
			before := d.standing()
			d.get("/p/" + d.token(row.reader))
			if d.standing() != before || d.chosen(addresses[row.reader]) != "" {
				t.Error("a look changed something")
			}
			var answer *http.Response
			var body string
			for _, form := range row.forms {
				answer, body = d.post("/p/"+d.token(row.reader), form)
			}
			if row.status == 0 {
				row.status = http.StatusOK
			}
			if answer.StatusCode != row.status || !strings.Contains(body, row.has) {
				t.Errorf("status %d, want %d, and %q in\n%s", answer.StatusCode, row.status, row.has, body)
			}
			if got := d.chosen(addresses[row.reader]); got != row.chosen {
				t.Errorf("chose %q, want %q", got, row.chosen)
			}
			if got := d.standing(); got != row.stands {
				t.Errorf("%q stands, want %q", got, row.stands)
			}
		})
	}
}

// ticked lists the boxes of a page by name, those that are ticked with a star.
func ticked(body, name string) []string {
	var out []string
	for part := range strings.SplitSeq(body, `type="checkbox" name="`+name+`" value="`) {
		id, rest, ok := strings.Cut(part, `"`)
		if !ok || part == body || strings.HasPrefix(part, "<!DOCTYPE") {
			continue
		}
		tag, _, _ := strings.Cut(rest, ">")
		if strings.Contains(tag, " checked") {
			id += "*"
		}
		if strings.Contains(tag, " disabled") {
			id += "!"
		}
		out = append(out, id)
	}
	return out
}

// The page offers what the configuration says of a reader, and no more.
func TestWhatIsOffered(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, s := range []digest.Suppression{{Email: "chiyo@example.org", Digest: "daily", Source: "one-click"}, {Email: "chiyo@example.org", Digest: "weekly", Source: "operator"}} {
		if err := d.ledger.Readers.Suppress(s); err != nil {
			t.Fatal(err)
		}
	}
	d.post("/p/"+d.token(ana), withoutGlobal)
	for _, row := range []struct {
		reader          int
		digests, topics string
		format          bool
		first           string // day of a pause
	}{
		{ana, "[daily* weekly*]", "[global diplomacy* sport*]", true, "2026-03-13"},
		{benoit, "[daily*]", "[]", false, "2026-03-13"}, // of one topic there is no choice
		{chiyo, "[daily weekly!]", "[global* diplomacy* sport*]", true, "2026-03-14"},
		{dora, "[]", "[]", false, ""},
	} {
		_, body := d.get("/p/" + d.token(row.reader))
		if got := fmt.Sprint(ticked(body, "digest")); got != row.digests {
			t.Errorf("%s: digests %s, want %s", addresses[row.reader], got, row.digests)
		}
		if got := fmt.Sprint(ticked(body, "topic")); got != row.topics {
			t.Errorf("%s: topics %s, want %s", addresses[row.reader], got, row.topics)
		}
		if strings.Contains(body, `name="format"`) != row.format {
			t.Errorf("%s is offered a format, or should be", addresses[row.reader])
		}
		if row.first != "" && !strings.Contains(body, `min="`+row.first+`"`) {
			t.Errorf("%s may pause from another day on than %s", addresses[row.reader], row.first)
		}
	}
}

// A topic that a reload brings between looking and saving is not taken for refused.
func TestATopicThatComesMeanwhile(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.configure(d.site.Config.Path, strings.Replace(aTown, `topics = ["global", "diplomacy"]`, `topics = ["global", "diplomacy", "science"]`, 1)+
		"[topics.science]\nfeeds = [\"https://example.org/d\"]\n")
	d.post("/p/"+d.token(ana), withoutGlobal)
	if got := d.chosen(addresses[ana]); got != "without global" {
		t.Errorf("chose %q", got)
	}
	_, body := d.get("/p/" + d.token(ana))
	if got := ticked(body, "topic"); !slices.Contains(got, "science*") {
		t.Errorf("topics %q", got)
	}
}

// A pause that is over is not shown as one, and is nobody's mistake.
func TestAPauseThatIsOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.post("/p/"+d.token(ana), "until=2026-03-20")
	d.now = d.now.AddDate(0, 0, 30)
	if _, body := d.get("/p/" + d.token(ana)); !strings.Contains(body, `name="until" value=""`) {
		t.Errorf("shows the pause of last month:\n%s", body)
	}
	if answer, _ := d.post("/p/"+d.token(ana), "format=text"); answer.StatusCode != http.StatusOK {
		t.Errorf("status %d", answer.StatusCode)
	}
}

// What was ticked is ticked still on a form that comes back.
func TestAFormThatComesBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, body := d.post("/p/"+d.token(ana), digestsOfAna+"digest=weekly&"+topicsOfAna+"topic=sport&format=text&until=soon")
	if got := fmt.Sprint(ticked(body, "digest"), ticked(body, "topic")); got != "[daily weekly*] [global diplomacy sport*]" {
		t.Errorf("ticked %s", got)
	}
	if !strings.Contains(body, `name="format" value="text" checked`) || !strings.Contains(body, `aria-invalid="true"`) || !strings.Contains(body, `aria-describedby="hint wrong"`) {
		t.Errorf("the form:\n%s", body)
	}
}
