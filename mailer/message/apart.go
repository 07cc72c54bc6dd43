package message

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// maxNesting bounds the multiparts within multiparts that are looked into.
const maxNesting = 8

// Apart is a message taken apart, for showing.
type Apart struct {
	From, To, Subject string // decoded
	Date              time.Time
	HTML, Text        string // decoded bodies; empty where the message has none
	HTMLSize          int    // bytes as encoded
	TextSize          int
	Header            []Field // as it came, in order
	Body              string  // as it came
}

// TakeApart reads a message of text parts, alone or in multiparts. Other parts are passed over. What could be read is
// returned with an error too.
func TakeApart(raw []byte) (Apart, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Apart{}, fmt.Errorf("read the message: %w", err)
	}
	var words mime.WordDecoder
	decoded := func(name string) string {
		value := msg.Header.Get(name)
		if s, err := words.DecodeHeader(value); err == nil {
			return s
		}
		return value
	}
	l := Apart{From: decoded("From"), To: decoded("To"), Subject: decoded("Subject")}
	l.Date, _ = msg.Header.Date() // zero where the message has none that can be read
	l.Header, l.Body = Source(raw)
	if err := l.collect(textproto.MIMEHeader(msg.Header), msg.Body, 0); err != nil {
		return l, fmt.Errorf("read the message: %w", err)
	}
	return l, nil
}

// collect keeps the first text/html and the first text/plain below one part.
func (l *Apart) collect(header textproto.MIMEHeader, body io.Reader, depth int) error {
	if depth > maxNesting {
		return errors.New("its parts are nested too deeply")
	}
	mediaType, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		mediaType = "text/plain" // RFC 2045, section 5.2
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := l.collect(part.Header, part, depth+1); err != nil {
				return err
			}
		}
	}
	encoded, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	switch {
	case mediaType == "text/html" && l.HTML == "":
		l.HTML, err = decodeText(encoded, header.Get("Content-Transfer-Encoding"))
		l.HTMLSize = len(encoded)
	case mediaType == "text/plain" && l.Text == "":
		l.Text, err = decodeText(encoded, header.Get("Content-Transfer-Encoding"))
		l.TextSize = len(encoded)
	}
	return err
}

// decodeText undoes a transfer encoding. Text is taken to be UTF-8, which is all that digestd writes.
func decodeText(encoded []byte, encoding string) (string, error) {
	var r io.Reader = bytes.NewReader(encoded)
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	return strings.ToValidUTF8(strings.ReplaceAll(string(text), "\r\n", "\n"), "\uFFFD"), nil
}
