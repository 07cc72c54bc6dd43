package vectors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fake answers as /v1/embeddings does: a vector by the length of each text, in the opposite order.
func fake(t *testing.T, refuse func(texts []string) int) (*httptest.Server, *int) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		var in struct {
			Model, Encoding_format string
			Input                  []string
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Model != "small" || in.Encoding_format != "float" ||
			r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer hunter2" || r.URL.Path != "/v1/embeddings" {
			t.Errorf("asked for %+v, %v", in, err)
		}
		if status := refuse(in.Input); status != 0 {
			w.WriteHeader(status)
			fmt.Fprint(w, `{"error":{"message":"no,\u0007\n not with hunter2"}}`)
			return
		}
		var data []string
		for i := range in.Input {
			data = append([]string{fmt.Sprintf(`{"object":"embedding","index":%d,"embedding":[%d,1]}`, i, len(in.Input[i]))}, data...)
		}
		fmt.Fprintf(w, `{"object":"list","data":[%s],"model":"small","usage":{"total_tokens":5}}`, strings.Join(data, ","))
	}))
	t.Cleanup(s.Close)
	return s, &asked
}

func always(status int) func([]string) int { return func([]string) int { return status } }

// at is an address whose clock stands at now.
func at(s *httptest.Server, now *time.Time) *Address {
	return NewAddress(s.URL+"/v1/embeddings", "small", "hunter2", func() time.Time { return *now })
}

func TestAddress(t *testing.T) {
	now := time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)
	s, _ := fake(t, always(0))
	all, err := at(s, &now).Of(t.Context(), []string{"", "four"})
	if err != nil || all[0][0] != 0 || all[0][1] != 1 || all[1][0] < 0.9 {
		t.Errorf("%v %v", all, err)
	}
	if n, err := at(s, &now).Probe(t.Context()); n != 2 || err != nil {
		t.Errorf("probed: %d %v", n, err)
	}
}

// A text that is refused is found by halves, and the others have their vectors.
func TestRefusedText(t *testing.T) {
	now := time.Time{}
	s, asked := fake(t, func(texts []string) int {
		if strings.Contains(strings.Join(texts, " "), "bad") {
			return http.StatusBadRequest
		}
		return 0
	})
	all, err := at(s, &now).Of(t.Context(), []string{"a", "b", "bad", "d", "e"})
	if err != nil || len(all) != 5 || all[2] != nil || all[1] == nil || all[4] == nil || *asked > 7 {
		t.Errorf("%v %v, asked %d times", all, err, *asked)
	}
}

// What fails is not asked again for a minute, then two, an hour at most; what answers ends that. The key is in no error.
func TestGrowingPauses(t *testing.T) {
	now, status := time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC), http.StatusTooManyRequests
	s, asked := fake(t, func([]string) int { return status })
	a := at(s, &now)
	for i, pause := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8, 16, 32, 60, 60} {
		if pause < time.Second {
			pause *= time.Minute
		}
		_, err := a.Of(t.Context(), []string{"a"})
		want := fmt.Sprintf("vectors of %s/v1/embeddings: 429 Too Many Requests: no, not with …; it is asked again in %s", s.URL, pause)
		if err == nil || err.Error() != want {
			t.Fatalf("%v, want %s", err, want)
		}
		now = now.Add(pause - time.Second)
		if _, err := a.Of(t.Context(), []string{"a"}); !errors.Is(err, ErrResting) || *asked != i+1 {
			t.Fatalf("within the pause: %v, asked %d times", err, *asked)
		}
		now = now.Add(time.Second)
	}
	status = 0
	if _, err := a.Of(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	status = http.StatusInternalServerError
	if _, err := a.Of(t.Context(), []string{"a"}); err == nil || !strings.HasSuffix(err.Error(), " 1m0s") {
		t.Errorf("after an answer: %v", err)
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	now = now.Add(time.Hour)
	if _, err := a.Of(over, []string{"a"}); !errors.Is(err, context.Canceled) || a.failed != 1 {
		t.Errorf("whoever has no time counts as a failure: %v", err)
	}
}

// Whoever is asked can't send the key elsewhere, nor more than was asked for.
func TestHostileAnswers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "redirect") {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			return
		}
		for range maxAnswer/1024 + 2 {
			if _, err := w.Write(make([]byte, 1024)); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	a := NewAddress(s.URL, "small", "hunter2", time.Now)
	for text, want := range map[string]string{"redirect": "307 Temporary Redirect", "long": "the answer is larger than 16 MB"} {
		if _, err := a.ask(t.Context(), []string{text}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
	s.Close()
	if _, err := a.ask(t.Context(), []string{"gone"}); err == nil || strings.Count(err.Error(), s.URL) != 1 {
		t.Errorf("gone: %v", err)
	}
}

func TestParseAnswer(t *testing.T) {
	for answer, want := range map[string]string{
		``:              "the answer is not that of /v1/embeddings: unexpected end of JSON input",
		`{"data":[]}`:   "the answer has 0 vectors for 2 texts",
		`{"data":null}`: "the answer has 0 vectors for 2 texts",
		`{"data":[{"index":0,"embedding":[1,2]},{"index":0,"embedding":[1,2]}]}`:    "the answer has a vector that belongs to no text",
		`{"data":[{"index":2,"embedding":[1,2]}]}`:                                  "the answer has a vector that belongs to no text",
		`{"data":[{"index":-1,"embedding":[1,2]}]}`:                                 "the answer has a vector that belongs to no text",
		`{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2,3]}]}`:  "the answer has vectors of 2 and of 3 numbers; all must have as many, 2 to 4096",
		`{"data":[{"index":0,"embedding":[]}]}`:                                     "the answer has vectors of 0 and of 0 numbers; all must have as many, 2 to 4096",
		`{"data":[{"index":0,"embedding":[0,0]},{"index":1,"embedding":[1,2]}]}`:    "the answer has a vector without direction",
		`{"data":[{"index":0,"embedding":[1e39,0]},{"index":1,"embedding":[1,2]}]}`: "",
	} {
		_, err := parse([]byte(answer), 2)
		if err == nil || want != "" && err.Error() != want {
			t.Errorf("%s: %v, want %s", answer, err, want)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(`{"data":[{"index":1,"embedding":[1,2]},{"index":0,"embedding":[3e38,-3e38]}]}`))
	f.Add([]byte(`{"data":[{"embedding":[null,1]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := parse(raw, 2)
		if err != nil {
			return
		}
		for _, v := range all {
			if len(v) != len(all[0]) || v == nil {
				t.Fatalf("%v", all)
			}
			isUnit(t, v)
		}
	})
}

func FuzzReason(f *testing.F) {
	f.Add([]byte(`{"error":"bad \u001b[31m hunter2"}`))
	f.Add([]byte(`{"error":{"message":5}}`))
	f.Add([]byte("bad hunter\x932"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := &Address{Key: "hunter2"}
		if s := a.reason(raw); len(s) > maxReason+2 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.Contains(s, "hunter2") {
			t.Fatalf("%q", s)
		}
	})
}
