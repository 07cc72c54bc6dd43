package curate

import "testing"

// TestPairInLanguages asks of made headlines in the languages that readers of the product have whether
// they are told apart and brought together.
func TestPairInLanguages(t *testing.T) {
	for _, c := range []struct {
		same bool
		a, b string
	}{
		{true, "Macron annonce un plan de deux milliards d'euros pour les hôpitaux", "Hôpitaux : un plan de 2 milliards d’euros annoncé par Macron"},
		{true, "Un séisme de magnitude 6,1 frappe le sud de la Grèce", "Grèce : un séisme de magnitude 6,1 secoue le sud du pays"},
		{false, "Un séisme de magnitude 6,1 frappe le sud de la Grèce", "Un séisme de magnitude 5,4 frappe le nord du Chili"},
		{false, "Le gouvernement présente sa réforme des retraites", "Le gouvernement présente son budget 2026"},
		{true, "Bundestag beschließt neues Klimagesetz", "Neues Klimagesetz im Bundestag beschlossen"},
		{true, "Zugunglück in Bayern: Mindestens drei Tote bei Garmisch", "Drei Tote bei Zugunglück nahe Garmisch-Partenkirchen"},
		{false, "Zugunglück in Bayern: Mindestens drei Tote bei Garmisch", "Busunglück in Hessen: Zwei Tote bei Kassel"},
		{false, "Bundestag beschließt neues Klimagesetz", "Bundestag beschließt höheres Kindergeld"},
		{true, "El Gobierno aprueba la subida del salario mínimo a 1.200 euros", "El salario mínimo sube a 1.200 euros tras la aprobación del Gobierno"},
		{true, "Un incendio forestal obliga a evacuar a 3.000 personas en Valencia", "Evacuadas 3.000 personas por un incendio forestal en Valencia"},
		{false, "El Gobierno aprueba la subida del salario mínimo", "El Gobierno aprueba la ley de vivienda"},
		{false, "El Real Madrid gana al Sevilla 2-0", "El Real Madrid gana al Betis 3-1"},
		{true, "زلزال بقوة 6.1 درجات يضرب جنوب تركيا", "زلزال بقوة 6.1 يهز جنوب تركيا"},
		{true, "الرئيس المصري يلتقي نظيره الفرنسي في القاهرة لبحث أزمة غزة", "القاهرة: الرئيس المصري ونظيره الفرنسي يبحثان أزمة غزة"},
		{false, "الرئيس المصري يلتقي نظيره الفرنسي في القاهرة", "الرئيس التونسي يلتقي رئيس الوزراء في قرطاج"},
		{false, "مقتل خمسة جنود في هجوم شمال مالي", "مقتل عشرة مدنيين في هجوم شرق الكونغو"},
		{true, "प्रधानमंत्री मोदी ने नई शिक्षा नीति की घोषणा की", "नई शिक्षा नीति का ऐलान, पीएम मोदी ने की घोषणा"},
		{true, "महाराष्ट्र में भारी बारिश से 12 लोगों की मौत", "भारी बारिश से महाराष्ट्र में 12 की मौत"},
		{false, "महाराष्ट्र में भारी बारिश से 12 लोगों की मौत", "केरल में भूस्खलन से 7 लोगों की मौत"},
		{false, "दिल्ली में चुनाव की तारीखों का ऐलान", "बिहार में चुनाव की तारीखों का ऐलान"},
		{true, "习近平抵达巴黎开始对法国进行国事访问", "习近平抵达巴黎 对法国国事访问开始"},
		{true, "四川发生6.1级地震 已致4人死亡", "四川6.1级地震致4人死亡"},
		{false, "四川发生6.1级地震 已致4人死亡", "云南发生5.2级地震 暂无人员伤亡"},
		{false, "中国外交部回应美国制裁", "中国外交部回应日本抗议"},
		{true, "東京五輪の延期を正式発表 来年7月開幕へ", "東京五輪延期を正式発表"},
		{false, "東京都で新たに50人の感染確認", "大阪府で新たに30人の感染確認"},
		{true, "Terremoto di magnitudo 5.1 in Umbria, paura ma nessun ferito", "Scossa di terremoto in Umbria, magnitudo 5.1: nessun ferito"},
		{false, "Governo approva la manovra di bilancio", "Governo approva il decreto sicurezza"},
		{true, "Lula anuncia aumento do salário mínimo para R$ 1.500", "Salário mínimo será de R$ 1.500, anuncia Lula"},
		{false, "Flamengo vence o Palmeiras por 2 a 1", "Flamengo vence o Santos por 3 a 0"},
		{true, "Землетрясение магнитудой 6,1 произошло на юге Греции", "На юге Греции произошло землетрясение магнитудой 6,1"},
		{false, "Президент Украины встретился с канцлером Германии", "Президент Украины встретился с премьером Польши"},
	} {
		s := Pair(c.a, c.b)
		if (s >= Threshold) != c.same {
			t.Errorf("%.2f, same %v: %q %q", s, c.same, c.a, c.b)
		}
		if back := Pair(c.b, c.a); back != s {
			t.Errorf("%q %q: %v one way, %v the other", c.a, c.b, s, back)
		}
	}
}

// TestPairRefuses holds what is no story however alike it looks.
func TestPairRefuses(t *testing.T) {
	for _, c := range []struct{ name, a, b string }{
		{"a column of many papers", "Letters to the editor", "Letters to the editor"},
		{"one word", "Obituaries", "Obituaries"},
		{"two words", "Weather forecast", "Weather forecast"},
		{"labels", "Live updates", "Live updates"},
		{"nothing", "", ""},
		{"a number", "5", "5"},
		{"another day", "What the Aldmere papers say about rates, 25 June", "What the Aldmere papers say about rates, 26 June"},
		{"another month", "The Note: must reads on Lund for June 12", "The Note: must reads on Lund for May 12"},
		{"another weekday", "Aldmere stocks to watch closely on Monday", "Aldmere stocks to watch closely on Thursday"},
		{"another year", "Kestrel Bay budget in figures for 2024", "Kestrel Bay budget in figures for 2025"},
		{"another result", "Aldmere beat Kestrel 2-0 in cup final", "Aldmere beat Kestrel 3-1 in cup final"},
		{"the next of a series", "Report 12 of the harbour master", "Report 13 of the harbour master"},
		{"another part of a series", "Story 1 of feed 3", "Story 1 of feed 4"},
		{"a number as a word", "Harbour guide, part one: the cranes", "Harbour guide, part two: the cranes"},
		{"another number", "Bomb kills 12 in Kestrel market", "Bomb kills 43 in Kestrel market"},
		{"another place", "Heavy fighting reported in Aleppo", "Heavy fighting reported in Mosul"},
		{"small numbers of different things", "Diver, 34, jailed for seven years over two wrecks", "Cook jailed for life, seven months over two fires"},
		{"no one, one in ten", "No one hurt as one in ten cranes fails in Aldmere", "One dead as crane fails in Aldmere"},
		{"one name with digits", "4nd3rs is mocked for his new boots", "4nd3rs sells the boots of his first match"},
		{"who tells of himself", "Flood wardens turn to night shifts on the Tarn", "Floods on the Tarn: 'I was a warden on night shift'"},
		{"roles", "Lund accuses Hale of hiding the Kestrel bridge report", "Hale accuses Lund of hiding Kestrel bridge report"},
		{"who is spoken of", "Lund's pick for harbour chief asked about Kestrel bridge report", "Lund asks Aldmere to explain Kestrel bridge report"},
		{"the next day", "Ferries stand still off Sandholm for second day running", "Ferries stand still off Sandholm for third day running"},
		{"the next day in figures", "Ferries stand still off Sandholm for 2nd day running", "Ferries off Sandholm stand still for the 3rd day running"},
		{"what will be", "Lund will sign pact on the high lakes after row", "Lund signs a pact against the high lakes treaty"},
		{"what is not", "Sandholm ports to reopen by Friday as owners ease rules", "Sandholm ports not reopening by Friday as owners keep rules"},
		{"another version", "Quarrel 3.14.1 fixes a leak in its parser", "Quarrel 3.13.9 fixes a leak in its parser"},
		{"another advisory", "TSA-5733-1 quarrel security update", "TSA-5734-1 quarrel security update"},
		{"another entry", "Quarrel users urged to patch CVX-2026-1044 now", "Quarrel users urged to patch CVX-2026-2044 now"},
		{"turned round", "Sandholm crowd marches over Aldmere fishing law", "Aldmere passes fishing law bill for Sandholm amid outcry"},
		{"the opposite", "Court convicts Lund of Kestrel fraud", "Court acquits Lund of Kestrel fraud"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if s := Pair(c.a, c.b); s >= Threshold {
				t.Errorf("%.2f: %q %q", s, c.a, c.b)
			}
		})
	}
}

// TestPairAccepts holds what headline writers do to one and the same story.
func TestPairAccepts(t *testing.T) {
	for _, c := range []struct{ name, a, b string }{
		{"initials", "WHO declares end of Ebola outbreak in Congo", "World Health Organization declares Congo's Ebola outbreak over"},
		{"capitals for the country", "Moscow rejects Aldmere treaty offer", "Russia rejects treaty offer by Aldmere"},
		{"people for the country", "Russian tanker seized off Kestrel Bay", "Russia's tanker is seized off Kestrel Bay"},
		{"one word for two", "Aldmere horsemeat scandal spreads to schools", "Aldmere's horse meat scandal spreads to schools"},
		{"numbers as words", "Three climbers die on Mount Aldmere", "3 climbers killed on Mount Aldmere"},
		{"capital letters", "KESTREL BAY PORTS REOPEN AFTER WAGE DEAL", "Kestrel Bay ports reopen after wage deal"},
		{"headline words", "Quake rocks Kestrel Bay, 40 hurt", "Earthquake hits Kestrel Bay, injuring 40"},
		{"a small number of one thing", "Storm leaves three dead on Sandholm", "Three dead after storm hits Sandholm"},
		{"a small number at the end", "Ferry fire off Sandholm kills two", "Two killed in ferry fire off Sandholm"},
		{"a passive", "Lund sues Kestrel bridge builder for fraud", "Kestrel bridge builder sued by Lund for fraud"},
		{"a version in both", "Quarrel 3.14.1 released with a fix for its parser", "Release of Quarrel 3.14.1 fixes the parser"},
		{"short forms of places", "Qld floods force hundreds from homes", "Hundreds forced from homes by Queensland floods"},
		{"abbreviated countries", "N. Korea tests new missile engine", "North Korea tests a new missile engine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if s := Pair(c.a, c.b); s < Threshold {
				t.Errorf("%.2f: %q %q", s, c.a, c.b)
			}
		})
	}
}

// What is a small word of one language and an everyday word of English tells neither, and a summary tells more than a
// headline.
func TestLanguageByWords(t *testing.T) {
	for _, c := range []struct{ title, summary, want string }{
		{"Lund war: Hale denies holding missing pilots", "", "en"},
		{"Lund met Hale, son says", "", "en"},
		{"Der Krieg war vorbei, meldet Hale", "", "de"},
		{"Hale meldet Krieg", "Die Kräne waren nach dem Sturm nicht mehr da.", "de"},
		{"Hale anuncia tratado", "El acuerdo de los lagos es el primero desde hace seis años.", "es"},
	} {
		d := NewDocument(c.title, c.summary, "")
		if english := d.tokens[len(d.tokens)-1].kind != unknown; english != (c.want == "en") {
			t.Errorf("%q, %q: English %v", c.title, c.summary, english)
		}
	}
}
