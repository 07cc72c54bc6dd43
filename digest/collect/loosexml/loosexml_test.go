package loosexml

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// tokens writes a document's tokens: <name a="v">, </name>, /> for a tag that closes itself, ! for
// a document type, and … where the document was cut.
func tokens(document string) string {
	s := New([]byte(document))
	var b strings.Builder
	for {
		t := s.Next()
		switch t.Kind {
		case Start:
			b.WriteString("<" + t.Name)
			for _, a := range t.Attrs {
				fmt.Fprintf(&b, " %s=%q", a.Name, a.Value)
			}
			if t.SelfClose {
				b.WriteString("/")
			}
			b.WriteString(">")
		case End:
			b.WriteString("</" + t.Name + ">")
		case Text:
			b.WriteString(t.Text)
		case Doctype:
			b.WriteString("!")
		}
		if t.Cut {
			b.WriteString("…")
		}
		if t.Kind == EOF {
			return b.String()
		}
	}
}

func TestScanner(t *testing.T) {
	for _, row := range []struct{ document, want string }{
		{`<?xml version="1.0"?><a b="1" c='2'>t</a>`, `<a b="1" c="2">t</a>`},
		{`<a/><b /><c x=1/>`, `<a/><b/><c x="1"/>`},
		{`<a:b xmlns:a="u" a:c="d"></a:b>`, `<a:b xmlns:a="u" a:c="d"></a:b>`},
		{"<a\n b\n=\n'1'\n>", `<a b="1">`},
		{`<a b c="1" c="2">`, `<a b="" c="1" c="2">`},
		{`<a b=1 c=x&amp;y>`, `<a b="1" c="x&y">`},
		{`<a ="x" b="1">`, `<a b="1">`},
		{"1 < 2 <3 <= 4 & 5 </ >", "1 < 2 <3 <= 4 & 5 </ >"},
		{"<![CDATA[<b>&amp;]]>x", "<b>&amp;x"},
		{"<a><![CDATA[cut", "<a>cut…"},
		{"a<!-- <b> -- -->c", "ac"},
		{"a<!-- never closed <b>", "a<!-- never closed <b>"},
		// What never ends must not take along what stands behind it.
		{"<item><!-- open</item><item>x</item>", "<item><!-- open</item><item>x</item>"},
		{"<item><title><![CDATA[open</title></item><item><title><![CDATA[x]]></title></item>", "<item><title>open</title></item><item><title>x</title></item>"},
		{"<item><title><![CDATA[open</title></item><item>x</item>", "<item><title>open</title></item><item>x</item>"},
		{"<title><![CDATA[<item>a</item> in <title>code</title>]]></title>", "<title><item>a</item> in <title>code</title></title>"},
		{"<item><? echo</item><item>x</item><?php ?>y", "<item><item>x</item>y"},
		{"<item><enclosure url=\"a.mp3><link>b</link></item><item c=\"d\">x</item>", `<item><enclosure url="a.mp3"><link>b</link></item><item c="d">x</item>`},
		{"<item><enclosure url=\"a.mp3/><link>b</link></item>", `<item><enclosure url="a.mp3"/><link>b</link></item>`},
		{`<a title="<b>x</b> <i>y</i>">`, `<a title="<b>x</b> <i>y</i>">`},
		{"a<? pi ?>b<?php echo '>' ?>c", "abc"},
		{"a<?xml version='1.0'>b<c>", "ab<c>"},
		{"<!DOCTYPE rss><a>", "!<a>"},
		{`<!DOCTYPE rss [<!ENTITY x "]>"> <!-- it's -->]><a>`, "!<a>"},
		{"<!DOCTYPE rss <a>", "!<a>"},
		{`<a title="x>y"b="1">z`, `<a title="x>y" b="1">z`},
		{"<title <b>x", "<title><b>x"},
		{"</title<b>", "</title><b>"},
		{"</title x='1'>", "</title>"},
		{"<a b='never closed>x</a>", `<a b="">…`},
		{"<a", "<a>…"}, {"</a", "</a>…"}, {"<a b", "<a b=\"\">…"}, {"<", "<"}, {"", ""},
		{`<a b="` + strings.Repeat("x", maxAttrLength) + `" c="1"><d>`, `<a b="` + strings.Repeat("x", maxAttrLength) + `" c="1"><d>`},
		{"<é>x</é>", "<é>x</é>"},
	} {
		if got := tokens(row.document); got != row.want {
			t.Errorf("%.60q: %.100q, want %.100q", row.document, got, row.want)
		}
	}
}

func TestReferences(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"AT&T &amp; &lt;b&gt; &quot;&apos;", `AT&T & <b> "'`},
		{"&nbsp;&eacute;&hellip;&copy;", "\u00a0é…©"},
		{"?a=1&copy=2&amp;reg=3", "?a=1&copy=2&reg=3"},
		{"&copyright; &notit; &unknown;", "&copyright; &notit; &unknown;"},
		{"&#65;&#x41;&#X41;", "AAA"},
		{"&#146;&#x92;", "’’"}, // as Windows-1252
		{"a&#0;b&#1;c&#xB;d&#xFFFE;e&#xD800;f", "abcdef"},
		{"&#xD83D;&#xDE00; &#55357;&#56832;", "😀 😀"},
		{"&#; &#x; &#99999999999; &; &", "&#; &#x; &#99999999999; &; &"},
		{"&amp;amp; &#38;lt;", "&amp; &lt;"},
	} {
		if got := Unescape(row.text); got != row.want {
			t.Errorf("%q: %q, want %q", row.text, got, row.want)
		}
		if got := tokens(`<a b="` + strings.ReplaceAll(row.text, `"`, "&quot;") + `">`); got != fmt.Sprintf("<a b=%q>", row.want) {
			t.Errorf("%q as an attribute: %s", row.text, got)
		}
	}
	s := New([]byte("a &leak; b &amp; &x y; AT&T;"))
	s.ForgetEntities()
	if got := s.Next().Text; got != "a  b & &x y; AT" {
		t.Errorf("with forgotten entities: %q", got)
	}
	if !Knows("nbsp") || !Knows("#10") || Knows("leak") {
		t.Error("Knows knows the wrong ones")
	}
	if got := Unescape(Escape(`<a href="x">&amp;`)); got != `<a href="x">&amp;` {
		t.Errorf("escaped and back: %q", got)
	}
}

func TestCharsets(t *testing.T) {
	const words = "<?xml version='1.0'%s?><a>Été, Größe</a>"
	declared := func(charset string) string {
		if charset == "" {
			return fmt.Sprintf(words, "")
		}
		return fmt.Sprintf(words, " encoding='"+charset+"'")
	}
	latin := func(s string) string {
		b, err := charmap.Windows1252.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	utf16 := func(order unicode.Endianness, bom unicode.BOMPolicy, s string) string {
		b, err := unicode.UTF16(order, bom).NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	utf32s := func(order utf32.Endianness, bom utf32.BOMPolicy, s string) string {
		b, err := utf32.UTF32(order, bom).NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	sjis, err := japanese.ShiftJIS.NewEncoder().String("<a>日本語の見出し</a>")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, body, contentType, want string
		repaired                      bool
	}{
		{"nothing said", declared(""), "", declared(""), false},
		{"UTF-8 by declaration", declared("utf-8"), "text/xml", declared("utf-8"), false},
		{"UTF-8 with a mark", "\xef\xbb\xbf" + declared(""), "", declared(""), false},
		{"UTF-8 with a mark, HTTP says otherwise", "\xef\xbb\xbf" + declared(""), "text/xml; charset=iso-8859-1", declared(""), false},
		{"Latin-1 by declaration", latin(declared("ISO-8859-1")), "text/xml", declared("ISO-8859-1"), false},
		{"HTTP outranks the declaration", latin(declared("utf-8")), "text/xml; charset=ISO-8859-1", declared("utf-8"), false},
		{"HTTP in quotes", latin(declared("")), `application/rss+xml; charset="windows-1252"`, declared(""), false},
		{"HTTP says UTF-8 of Latin-1", latin(declared("ISO-8859-1")), "text/xml; charset=utf-8", declared("ISO-8859-1"), true},
		{"both say Latin-1 of UTF-8", declared("ISO-8859-1"), "text/xml; charset=iso-8859-1", declared("ISO-8859-1"), true},
		{"says Windows-1251 of UTF-8", "<?xml version='1.0' encoding='windows-1251'?><a>Žlutý kůň</a>", "", "<?xml version='1.0' encoding='windows-1251'?><a>Žlutý kůň</a>", true},
		{"UTF-8 that was encoded twice", "<a>LÃ©once â\u0080\u0093 Ã©tÃ©</a>", "text/xml; charset=utf-8", "<a>Léonce – été</a>", true},
		{"UTF-8 that was encoded twice, by way of Windows-1252", "<a>LÃ©once â€“ Ã©tÃ©</a>", "", "<a>Léonce – été</a>", true},
		{"of which one character makes sense as it is", "<a>LÃ©once â€“ Ã©tÃ© é</a>", "", "<a>LÃ©once â€“ Ã©tÃ© é</a>", false},
		{"too little to tell", "<a>LÃ©once Ã©</a>", "", "<a>LÃ©once Ã©</a>", false},
		{"nobody says Latin-1", latin(declared("")), "", declared(""), true},
		{"an unknown charset", declared("x-klingon"), "text/xml; charset=none", declared("x-klingon"), true},
		{"a stray byte in UTF-8", declared("utf-8") + "<b>Caf\xe9</b>", "", declared("utf-8") + "<b>Café</b>", true},
		{"Windows quotes in UTF-8", "<a>\x93x\x94 é ü</a>", "", "<a>“x” é ü</a>", true},
		{"Shift_JIS by HTTP", sjis, "text/xml; charset=Shift_JIS", "<a>日本語の見出し</a>", false},
		{"UTF-16 with a mark", utf16(unicode.LittleEndian, unicode.UseBOM, declared("utf-16")), "", declared("utf-16"), true},
		{"UTF-16 without a mark", utf16(unicode.BigEndian, unicode.IgnoreBOM, declared("utf-16")), "text/xml; charset=utf-8", declared("utf-16"), true},
		{"little-endian UTF-16 without a mark", utf16(unicode.LittleEndian, unicode.IgnoreBOM, declared("")), "", declared(""), true},
		{"UTF-16 in name only", declared("utf-16"), "", declared("utf-16"), false},
		{"UTF-16 with an odd last byte", utf16(unicode.LittleEndian, unicode.UseBOM, "<a>x</a>") + "\n", "", "<a>x</a>\ufffd", true},
		{"UTF-32 with a mark", utf32s(utf32.LittleEndian, utf32.UseBOM, declared("")), "", declared(""), true},
		{"UTF-32 without a mark", utf32s(utf32.BigEndian, utf32.IgnoreBOM, declared("")), "", declared(""), true},
		{"empty", "", "text/xml; charset=utf-8", "", false},
	} {
		got, repairs := Decode([]byte(row.body), row.contentType)
		if string(got) != row.want || row.repaired != (len(repairs) > 0) {
			t.Errorf("%s: %q %q, want %q", row.name, got, repairs, row.want)
		}
	}
}

// No document is slow to read, however its pieces are broken: the scanner looks at each byte a
// bounded number of times, so twice the document takes no more than some times as many steps.
func TestNoDocumentIsSlow(t *testing.T) {
	for _, piece := range []string{"<", "<a", "<a b='", `<a b="`, "</", "<!", "<![", "<!\"", "<![CDATA[", "<!--", "<?", "<?a>", "&", "&#", "&a;", "<a b='x' \"", "<!DOCTYPE [", "]]>", "<a b", "<![CDATA[</title>", "<![CDATA[<![CDATA[</item>", "<?</item>", "<!--</item>", "<a b=\"x><link>", "<a b='\"><item "} {
		document := strings.Repeat(piece, 1<<20/len(piece))
		s := New([]byte(document))
		n := 0
		for s.Next().Kind != EOF {
			if n++; n > len(document) {
				t.Fatalf("%q repeated: more tokens than bytes", piece)
			}
		}
	}
}

func FuzzScanner(f *testing.F) {
	for _, seed := range []string{"<a b='1'>x&amp;y</a>", "<!DOCTYPE r [<!ENTITY a 'b'>]><?x ?><![CDATA[z]]>", "<a =\"<b c=d/>1 < 2", "\xff\xfe<\x00a\x00>\x00", "\x00\x00\x00<"} {
		f.Add([]byte(seed), "text/xml; charset=utf-8")
	}
	f.Fuzz(func(t *testing.T, document []byte, contentType string) {
		text, _ := Decode(document, contentType)
		if !utf8.Valid(text) {
			t.Fatalf("not UTF-8: %q", text)
		}
		s := New(text)
		for n := 0; ; n++ {
			tok := s.Next()
			if tok.Kind == EOF {
				break
			}
			if n > len(text) {
				t.Fatalf("more tokens than bytes in %q", text)
			}
			if tok.Kind == Start && (tok.Name == "" || len(tok.Attrs) > maxAttributes) {
				t.Errorf("tag %q with %d attributes", tok.Name, len(tok.Attrs))
			}
		}
	})
}
