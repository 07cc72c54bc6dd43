package golden

import "testing"

func TestDifference(t *testing.T) {
	for _, c := range []struct {
		got, want string
		line      int
		g, w      string
	}{
		{"", "", 0, "", ""},
		{"a\nb\n", "a\nb\n", 0, "", ""},
		{"a\nb\n", "a\nc\n", 2, `"b\n"`, `"c\n"`},
		{"a\n", "a", 1, `"a\n"`, `"a"`},
		{"a\n", "a\nb\n", 2, `""`, `"b\n"`},
		{"a\r\nb", "a\nb", 1, `"a\r\n"`, `"a\n"`},
		{"a", "a\n\n", 1, `"a"`, `"a\n"`},
	} {
		if line, g, w := difference(c.got, c.want); line != c.line || g != c.g || w != c.w {
			t.Errorf("%q and %q differ in line %d, %s and %s; want %d, %s and %s", c.got, c.want, line, g, w, c.line, c.g, c.w)
		}
	}
}
