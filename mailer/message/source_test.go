package message

import (
	"reflect"
	"testing"
)

func TestSourceShowsAMessageAsItStands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw, body string
		fields    []Field
	}{
		{"Subject: =?utf-8?q?a?=\r\n b\r\nTo: <ana@example.org>\r\n\r\none\r\n\r\ntwo\r\n", "one\n\ntwo\n",
			[]Field{{"Subject", " =?utf-8?q?a?=\n b"}, {"To", " <ana@example.org>"}}},
		{"no colon\r\n\r\n", "", []Field{{"no colon", ""}}},
		{" folded at once\r\n\r\nbody", "body", []Field{{" folded at once", ""}}},
		{"To: \xff\r\n\r\n\xff", "\ufffd", []Field{{"To", " \ufffd"}}},
	} {
		if fields, body := Source([]byte(c.raw)); !reflect.DeepEqual(fields, c.fields) || body != c.body {
			t.Errorf("%q: %q, %q", c.raw, fields, body)
		}
	}
}
