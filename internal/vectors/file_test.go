package vectors

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// toy are word vectors as GloVe writes them, the commonest first.
const toy = "the 1 1\nport 1 0\nPort 0 -1\nharbour 0.9 0.1\n. . . 0.5 0.5\nstorm 0 1\nbroken 1 x\nhuge 1e39 1\n"

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFile(t *testing.T) {
	for name, text := range map[string]string{"GloVe": toy, "fastText": "8 2\n" + strings.ReplaceAll(toy, "\n", " \n"),
		"Windows": strings.ReplaceAll(toy, "\n", "\r\n"), "no end": strings.TrimSuffix(toy, "\n")} {
		t.Run(name, func(t *testing.T) {
			f, err := OpenFile(write(t, text))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if f.Dimensions != 2 || len(f.at) != 8 {
				t.Fatalf("%d dimensions, %d words", f.Dimensions, len(f.at))
			}
			all, err := f.Of([]string{"STORM", "port", "Port", "storm-port", "broken huge unknown", "", "the storm", "storm storm"})
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range [][]float32{{0, 1}, {1, 0}, {0, -1}, {0.3, 0.95}, nil, nil, {0.15, 0.99}, {0, 1}} {
				if (all[i] == nil) != (want == nil) || want != nil && (math.Abs(float64(all[i][0]-want[0])) > 0.15 || math.Abs(float64(all[i][1]-want[1])) > 0.15) {
					t.Errorf("text %d: %v, want about %v", i, all[i], want)
				}
			}
			again, err := f.Of([]string{"the storm in the port", "the storm in the port"})
			if err != nil || !slices.Equal(again[0], again[1]) {
				t.Errorf("the same text has two vectors: %v %v", again, err)
			}
		})
	}
}

func TestFilesThatAreNone(t *testing.T) {
	long := "word " + strings.Repeat("1", maxLine)
	for text, want := range map[string]string{
		"":                      "words.txt:1: no line has a word and its numbers",
		"2 2\n":                 "words.txt:1: no line has a word and its numbers",
		"a 1 2\nb 1 2\nc 1\n":   "words.txt:3: has fewer than 2 numbers, which the first line has: the file is cut, or is none of word vectors",
		"a 1 2\n 1 2\n":         "words.txt:2: has no word",
		"# words\nnothing text": "words.txt:2: must have a word and its numbers, parted by spaces (2 to 4096 of them)",
		long:                    "words.txt:1: the line has more than 256 KB: this is no file of word vectors as text",
	} {
		path := write(t, text)
		if _, err := OpenFile(path); err == nil || err.Error() != want {
			t.Errorf("%.30q: %v, want %s", text, err, want)
		}
		if _, err := Look(path); err == nil || text != long && err.Error() != want {
			t.Errorf("%.30q, looked at: %v, want %s", text, err, want)
		}
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := OpenFile(path); err == nil {
			t.Errorf("%s is opened", path)
		}
	}
}

func TestLook(t *testing.T) {
	var whole strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&whole, "word%d 0.5 0.25 1\n", i)
	}
	text := whole.String()
	for name, c := range map[string]struct{ text, want string }{
		"whole":            {text, ""},
		"cut":              {text[:len(text)-11], "words.txt, last line: has fewer than 3 numbers, which the first line has: the file is cut, or is none of word vectors"},
		"words as numbers": {"a 1 2\nb 1 two\n", "words.txt:2: what follows the word must be numbers"},
	} {
		n, err := Look(write(t, c.text))
		if c.want == "" && (err != nil || n != 3) || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s: %d %v, want %s", name, n, err, c.want)
		}
	}
}

func TestOpening(t *testing.T) {
	path := write(t, toy)
	o := NewOpening(path, func(err error) { t.Error(err) })
	if o.Now() != nil || o.Changed() {
		t.Error("it is open before it was wanted, or another one")
	}
	if o.Wait() == nil || o.Now() == nil {
		t.Error("it is not open")
	}
	if err := os.WriteFile(path, []byte(toy+"more 1 1\n"), 0o600); err != nil || !o.Changed() {
		t.Error("it is the same still", err)
	}
	var failed error
	if o := NewOpening(write(t, "x"), func(err error) { failed = err }); o.Wait() != nil || failed == nil {
		t.Error("what is none is a file of vectors")
	}
}

func FuzzFile(f *testing.F) {
	f.Add(toy, "the storm")
	f.Add("2 2\na 1 2\n\xff 1 2\n", "a \xff")
	f.Add("a 1 2\na b 1 2\n", "a b")
	f.Fuzz(func(t *testing.T, text, of string) {
		path := write(t, text)
		_, _ = Look(path)
		v, err := OpenFile(path)
		if err != nil {
			return
		}
		defer v.Close()
		all, err := v.Of([]string{of})
		if err != nil {
			t.Fatal(err)
		}
		isUnit(t, all[0])
	})
}

// isUnit holds that a vector is nil or one long.
func isUnit(t *testing.T, v []float32) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if v != nil && !(math.Abs(sum-1) < 0.01) {
		t.Fatalf("%v is %f long", v, sum)
	}
}
