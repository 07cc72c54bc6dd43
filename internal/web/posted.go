package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
)

// badRequest is a form that can't be read, with the status that says why.
type badRequest struct {
	status int
	text   string
}

func (e *badRequest) Error() string { return e.text }

// readForm reads the fields of a posted form: urlencoded, as browsers and most mail programs send them, or
// multipart, which RFC 8058 §3.2 allows as well. Fields of the query are none.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Header.Get("Content-Encoding") != "" {
		return nil, &badRequest{http.StatusUnsupportedMediaType, "the body must not be compressed"}
	}
	kind, params := "application/x-www-form-urlencoded", map[string]string{}
	if declared := r.Header.Get("Content-Type"); declared != "" {
		var err error
		if kind, params, err = mime.ParseMediaType(declared); err != nil {
			return nil, &badRequest{http.StatusUnsupportedMediaType, "the content type can't be read"}
		}
	}
	body := http.MaxBytesReader(w, r.Body, maxBody)
	switch kind {
	case "application/x-www-form-urlencoded":
		var form url.Values
		raw, err := io.ReadAll(body)
		if err == nil {
			form, err = url.ParseQuery(string(raw))
		}
		if err != nil {
			return nil, unreadable(err)
		}
		return form, nil
	case "multipart/form-data":
		form, err := multipart.NewReader(body, params["boundary"]).ReadForm(maxBody)
		if err != nil {
			return nil, unreadable(err)
		}
		defer form.RemoveAll()
		return form.Value, nil
	}
	return nil, &badRequest{http.StatusUnsupportedMediaType,
		"only application/x-www-form-urlencoded and multipart/form-data"}
}

func unreadable(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) || errors.Is(err, multipart.ErrMessageTooLarge) {
		return &badRequest{http.StatusRequestEntityTooLarge, "the body is too large"}
	}
	return &badRequest{http.StatusBadRequest, "the form can't be read"}
}
