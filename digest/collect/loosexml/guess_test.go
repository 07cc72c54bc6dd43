package loosexml

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// What nobody declares is guessed from a headline, and from a paragraph.
func TestGuess(t *testing.T) {
	for _, row := range []struct {
		name  string
		texts []string
		encs  []encoding.Encoding
	}{
		{"Russian", []string{"Мост закрыт до весны", "Паром снова ходит по воскресеньям, сообщили в порту. Билеты продаются на пристани.", "ПОРТ ЗАКРЫТ"},
			[]encoding.Encoding{charmap.Windows1251, charmap.KOI8R, charmap.ISO8859_5, charmap.CodePage866}},
		{"Ukrainian", []string{"Міст закрито до весни", "Пором знову ходить щонеділі, повідомили у порту."},
			[]encoding.Encoding{charmap.Windows1251, charmap.KOI8U}},
		{"Bulgarian", []string{"Мостът е затворен до пролетта", "Фериботът отново тръгва всяка неделя, съобщиха от пристанището."}, []encoding.Encoding{charmap.Windows1251}},
		{"Chinese", []string{"大桥关闭到春天", "渡轮星期天又开了，港口的人说票在码头卖。", "市长宣布新的计划"}, []encoding.Encoding{simplifiedchinese.GBK, simplifiedchinese.GB18030}},
		{"Chinese of Taiwan", []string{"大橋關閉到春天", "渡輪星期天又開了，港口的人說票在碼頭賣。", "市長宣布新的計畫"}, []encoding.Encoding{traditionalchinese.Big5}},
		{"Japanese", []string{"橋は春まで閉鎖されます", "フェリーが日曜日に再び運航すると港が発表した。", "市長が新しい計画を発表"}, []encoding.Encoding{japanese.ShiftJIS, japanese.EUCJP}},
		{"Korean", []string{"다리는 봄까지 닫힌다", "여객선이 일요일에 다시 다닌다고 항구가 밝혔다.", "시장이 새 계획을 발표했다", "새 부두가 오늘 모든 배에 열렸습니다"}, []encoding.Encoding{korean.EUCKR}},
		{"Greek", []string{"Η γέφυρα έκλεισε μέχρι την άνοιξη", "Το πλοίο ταξιδεύει ξανά κάθε Κυριακή."}, []encoding.Encoding{charmap.Windows1253, charmap.ISO8859_7}},
		{"Hebrew", []string{"הגשר סגור עד האביב", "המעבורת שטה שוב בימי ראשון, אמרו בנמל."}, []encoding.Encoding{charmap.Windows1255, charmap.ISO8859_8}},
		{"Arabic", []string{"الجسر مغلق حتى الربيع", "العبارة تعمل مرة أخرى كل يوم أحد"}, []encoding.Encoding{charmap.Windows1256, charmap.ISO8859_6}},
		{"Thai", []string{"สะพานปิดจนถึงฤดูใบไม้ผลิ", "เรือข้ามฟากวิ่งอีกครั้งทุกวันอาทิตย์"}, []encoding.Encoding{charmap.Windows874}},
		{"German", []string{"Die Brücke ist bis zum Frühjahr gesperrt", "Über den Fluß führt nur noch die Fähre – „größer als je“, sagt der Hafen."}, []encoding.Encoding{charmap.Windows1252}},
		{"French", []string{"Le pont est fermé jusqu’à l’été", "À Noël, « le ferry » repart déjà : c’est où ?"}, []encoding.Encoding{charmap.Windows1252}},
		{"Spanish", []string{"El puente está cerrado hasta la primavera", "¿Qué pasó en el año 2025? Señales de humo."}, []encoding.Encoding{charmap.Windows1252}},
		{"Portuguese", []string{"A ponte está fechada até à primavera", "Não há mais balsas: as condições são más."}, []encoding.Encoding{charmap.Windows1252}},
		{"Danish", []string{"Broen er lukket, og færgen sejler på søndag", "Æblerne er små i år, siger gårdejeren."}, []encoding.Encoding{charmap.Windows1252}},
		{"English", []string{"The caf\u00e9 on the pier is \u201copen\u201d again", "It\u2019s closed \u2013 for now", "Prices in \u00a3"}, []encoding.Encoding{charmap.Windows1252}},
		{"Polish", []string{"Most zamknięty aż do wiosny, mówią władze", "Łódź płynie w niedzielę: będą też bilety."}, []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2}},
		{"Czech", []string{"Most je zavřený až do příštího jara", "Přívoz jezdí znovu každou neděli, řekl přístav."}, []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2}},
		{"Hungarian", []string{"A híd tavaszig zárva lesz, közölték", "Újra jár a komp: minden vasárnap, őszig."}, []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2}},
		{"Turkish", []string{"Köprü bahara kadar kapalı kalacak", "Vapur yeniden çalışıyor, dedi liman başkanı."}, []encoding.Encoding{charmap.Windows1254}},
	} {
		for _, enc := range row.encs {
			for _, text := range row.texts {
				b, err := enc.NewEncoder().String(text)
				if err != nil {
					continue // it lacks a character
				}
				document := "<rss><channel><item><title>" + b + "</title><link>https://example.org/1</link></item></channel></rss>"
				got, _ := Decode([]byte(document), "")
				if want := "<rss><channel><item><title>" + text + "</title><link>https://example.org/1</link></item></channel></rss>"; string(got) != want {
					t.Errorf("%s in %v: %.200s", row.name, enc, got)
				}
			}
		}
	}
}

// What is declared counts, unless the text reads like nothing in it.
func TestContradictedCharsets(t *testing.T) {
	encode := func(enc encoding.Encoding, s string) string {
		b, err := enc.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const russian, german, chinese, danish = "<a>Паром снова ходит</a>", "<a>Größe zählt</a>", "<a>市长宣布新的计划</a>", "<a>Rødgrød på søen</a>"
	for _, row := range []struct {
		name, body, contentType, want string
		repaired                      bool
	}{
		{"Latin-1 of Russian", encode(charmap.Windows1251, russian), "text/xml; charset=iso-8859-1", russian, true},
		{"Latin-1 of Chinese", encode(simplifiedchinese.GBK, chinese), "text/xml; charset=iso-8859-1", chinese, true},
		{"GB 2312 with letters of GB 18030", encode(simplifiedchinese.GB18030, "<a>市长㐂宣布新的计划</a>"), "text/xml; charset=gb2312", "<a>市长㐂宣布新的计划</a>", false},
		{"UTF-8 of Chinese", encode(simplifiedchinese.GBK, chinese), "text/xml; charset=utf-8", chinese, true},
		{"Shift_JIS of Russian", encode(charmap.Windows1251, russian), "text/xml; charset=shift_jis", russian, true},
		{"what is right", encode(charmap.KOI8R, russian), "text/xml; charset=koi8-r", russian, false},
		{"Latin-1 of German", encode(charmap.Windows1252, german), "text/xml; charset=iso-8859-1", german, false},
		{"Latin-1 of Danish", encode(charmap.Windows1252, danish), "text/xml; charset=iso-8859-15", danish, false},
		{"a charset that is never guessed", encode(charmap.Macintosh, german), "text/xml; charset=macintosh", german, false},
		{"Japanese in seven bits", encode(japanese.ISO2022JP, "<a>橋は春まで</a>"), "", "<a>橋は春まで</a>", true},
	} {
		got, repairs := Decode([]byte(row.body), row.contentType)
		if string(got) != row.want || row.repaired != (len(repairs) > 0) {
			t.Errorf("%s: %q %q, want %q", row.name, got, repairs, row.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("<a>\xcf\xee\xf0\xf2</a>"), "text/xml; charset=iso-8859-1")
	f.Add([]byte("\x1b$B\x81"), "")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		if text, _ := Decode(body, contentType); !utf8.Valid(text) {
			t.Errorf("%q is no UTF-8", text)
		}
	})
}
