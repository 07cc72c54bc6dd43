package vectors

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a request and of its answer.
const (
	MostTexts  = 64               // in one request
	maxAnswer  = 16 << 20         // bytes; 64 vectors of 4096 numbers fit
	answerIn   = 60 * time.Second // the whole of a request: a model on the same machine may be slow
	maxReason  = 200              // bytes of what the address says is wrong
	firstPause = time.Minute      // after a failure; each further one doubles it
	mostPause  = time.Hour
)

// ErrResting is that of Of while it pauses after failures.
var ErrResting = errors.New("resting after a failure")

// refused is an answer that says that something is wrong with the texts, not with the address.
type refused struct{ error }

// Address makes vectors of texts as OpenAI's /v1/embeddings does. It is used by one goroutine at a time.
type Address struct {
	URL, Model, Key string
	Client          *http.Client // follows no redirects, which could take the key elsewhere
	Now             func() time.Time

	failed     int // in a row
	restsUntil time.Time
}

// NewAddress is an address that is asked over the network.
func NewAddress(address, model, key string, now func() time.Time) *Address {
	return &Address{URL: address, Model: model, Key: key, Now: now, Client: &http.Client{
		Timeout:       answerIn,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ID names what makes the vectors: those of two ids are not to be compared.
func (a *Address) ID() string { return a.URL + " " + a.Model }

// Of are the vectors of texts, MostTexts at most. nil: the address can't make one of that text. After an error it asks
// nothing for a while, and returns ErrResting.
func (a *Address) Of(ctx context.Context, texts []string) ([][]float32, error) {
	if a.Now().Before(a.restsUntil) {
		return nil, ErrResting
	}
	all, err := a.each(ctx, texts)
	if err != nil && ctx.Err() == nil {
		pause := min(mostPause, firstPause<<min(a.failed, 10))
		a.failed++
		a.restsUntil = a.Now().Add(pause)
		return nil, fmt.Errorf("%w; it is asked again in %s", err, pause)
	}
	if err == nil {
		a.failed = 0
	}
	return all, err
}

// each asks for all texts; where they are refused, for half of them at a time, to find which it is.
func (a *Address) each(ctx context.Context, texts []string) ([][]float32, error) {
	all, err := a.ask(ctx, texts)
	var no refused
	if !errors.As(err, &no) {
		return all, err
	}
	if len(texts) == 1 {
		return [][]float32{nil}, nil
	}
	first, err := a.each(ctx, texts[:len(texts)/2])
	if err != nil {
		return nil, err
	}
	rest, err := a.each(ctx, texts[len(texts)/2:])
	return append(first, rest...), err
}

// Probe asks for the vector of one word, and returns how many numbers it has.
func (a *Address) Probe(ctx context.Context) (dimensions int, err error) {
	all, err := a.ask(ctx, []string{"news"})
	if err != nil {
		return 0, err
	}
	return len(all[0]), nil
}

// ask makes one request.
func (a *Address) ask(ctx context.Context, texts []string) ([][]float32, error) {
	body, err := json.Marshal(map[string]any{"model": a.Model, "input": texts, "encoding_format": "float"})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if a.Key != "" {
		request.Header.Set("Authorization", "Bearer "+a.Key)
	}
	answer, err := a.Client.Do(request)
	if err != nil {
		var failed *url.Error // says the address, and that it was a POST
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, fmt.Errorf("vectors of %s: %w", a.URL, err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
	case answer.StatusCode != http.StatusOK:
		err = fmt.Errorf("%s%s", answer.Status, a.reason(raw))
		switch answer.StatusCode {
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			err = refused{err}
		}
	case len(raw) > maxAnswer:
		err = fmt.Errorf("the answer is larger than %d MB", maxAnswer>>20)
	default:
		var all [][]float32
		if all, err = parse(raw, len(texts)); err == nil {
			return all, nil
		}
	}
	return nil, fmt.Errorf("vectors of %s: %w", a.URL, err)
}

// parse reads an answer: as many vectors as there were texts, each in its place, all of one length.
func parse(raw []byte, texts int) ([][]float32, error) {
	var answer struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("the answer is not that of /v1/embeddings: %w", err)
	}
	all := make([][]float32, texts)
	for _, d := range answer.Data {
		switch n := len(d.Embedding); {
		case d.Index < 0 || d.Index >= texts || all[d.Index] != nil:
			return nil, errors.New("the answer has a vector that belongs to no text")
		case n < 2 || n > maxDimensions || n != len(answer.Data[0].Embedding):
			return nil, fmt.Errorf("the answer has vectors of %d and of %d numbers; all must have as many, 2 to %d",
				len(answer.Data[0].Embedding), n, maxDimensions)
		}
		if all[d.Index] = unit(d.Embedding); all[d.Index] == nil {
			return nil, errors.New("the answer has a vector without direction")
		}
	}
	if len(answer.Data) != texts {
		return nil, fmt.Errorf("the answer has %d vectors for %d texts", len(answer.Data), texts)
	}
	return all, nil
}

// reason is what an answer says is wrong, in one line, without the key.
func (a *Address) reason(raw []byte) string {
	var said struct {
		Error json.RawMessage `json:"error"`
	}
	var object struct {
		Message string `json:"message"`
	}
	text := string(raw)
	if json.Unmarshal(raw, &said) == nil && said.Error != nil {
		if json.Unmarshal(said.Error, &object) != nil {
			_ = json.Unmarshal(said.Error, &object.Message)
		}
		text = cmp.Or(object.Message, text)
	}
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool { return r <= ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }), " ")
	if a.Key != "" { // last, since bytes that fell away may have stood in its middle
		text = strings.ReplaceAll(text, a.Key, "…")
	}
	for len(text) > maxReason {
		_, n := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-n]
	}
	if text == "" {
		return ""
	}
	return ": " + text
}
