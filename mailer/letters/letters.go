// Package letters keeps mail that a person should read: what readers wrote, and requests to leave that do not prove who
// asks. It is a Maildir, so that any mail program opens it, and what is marked as read there is dealt with.
package letters

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"digestd/mailer"
	"digestd/mailer/message"
	"digestd/subscribers"
)

// asked begins the file of a letter by which somebody asks to leave.
const asked = "leave-"

// Waiting counts the letters that nobody has marked as read, answered, or thrown away.
type Waiting struct {
	Leave int    `json:"leave"` // by which somebody asks to leave
	Other int    `json:"other"`
	Path  string `json:"path"`
	// Askers are the addresses from which they ask to leave, as the mails have it; each once, and empty where one has
	// none.
	Askers []string `json:"askers,omitempty"`
}

// Keep puts a message into the Maildir, which is created when it is not there. The same message twice is there once.
func Keep(ctx context.Context, dir string, raw []byte, leaves bool) error {
	sum := sha256.Sum256(raw)
	letter := message.Envelope{ID: hex.EncodeToString(sum[:16]), Repeat: true}
	if leaves {
		letter.ID = asked + letter.ID
	}
	box, err := mailer.ToMaildir(dir).Dial(ctx)
	if err == nil {
		err = box.Send(letter, raw, func() bool { return true }).Err
	}
	if err != nil {
		return fmt.Errorf("keep a letter in %s: %w", dir, err)
	}
	return nil
}

// Count looks at what there is. A Maildir that is not there has none.
func Count(dir string) (Waiting, error) {
	all := Waiting{Path: dir}
	for _, sub := range []string{"new", "cur"} {
		files, err := os.ReadDir(filepath.Join(dir, sub))
		if dir == "" || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return all, fmt.Errorf("letters: %w", err)
		}
		for _, f := range files {
			name, flags, _ := strings.Cut(f.Name(), ":2,")
			switch {
			case strings.HasPrefix(name, "."), !f.Type().IsRegular(), strings.ContainsAny(flags, "SRT"):
			case strings.HasPrefix(name, asked):
				all.Leave++
				if from := sender(filepath.Join(dir, sub, f.Name())); !slices.Contains(all.Askers, from) {
					all.Askers = append(all.Askers, from)
				}
			default:
				all.Other++
			}
		}
	}
	return all, nil
}

// maxHeader is how much of a letter is read to find whom it is from, in bytes.
const maxHeader = 64 << 10

// sender is the address that a letter is from; empty where it names none.
func sender(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	letter, err := mail.ReadMessage(io.LimitReader(f, maxHeader))
	if err != nil {
		return ""
	}
	from, err := letter.Header.AddressList("From")
	if err != nil || len(from) != 1 {
		return ""
	}
	email, _ := subscribers.ParseAddress(from[0].Address)
	return email
}
