package mailer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"digestd/mailer/message"
)

// ToMaildir is the transport that puts each message as a file into a maildir, which is created when it
// is not there. One directory takes the mail of all readers: it is for trying things out, and for
// programs that carry mail further.
//
// A file is named after its delivery, so that a delivery repeated after a crash replaces the first copy
// instead of adding a second one.
func ToMaildir(dir string) Transport { return maildir{dir} }

type maildir struct{ dir string }

func (m maildir) String() string { return m.dir }

// Dial makes sure that the directories are there.
func (m maildir) Dial(ctx context.Context) (Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(m.dir, sub), 0o700); err != nil {
			return nil, &Unreachable{Outcome: m.trouble(err)}
		}
	}
	return m, nil
}

// Usable is always true: each message stands for itself.
func (m maildir) Usable() bool { return true }

// Close has nothing to do.
func (m maildir) Close() {}

// Send writes the file in tmp, syncs it and, with leave, moves it to new. A failure is the directory's and not the
// reader's: what isn't in new or cur was not delivered.
func (m maildir) Send(env message.Envelope, msg []byte, leave func() bool) Outcome {
	if err := m.store(env, msg, leave); err != nil {
		return m.trouble(err)
	}
	return Outcome{Result: Accepted, Stage: "maildir", Words: "stored as " + fileName(env)}
}

func (m maildir) trouble(err error) Outcome {
	return Outcome{Result: Trouble, Stage: "maildir", Words: err.Error(), Err: err}
}

func fileName(env message.Envelope) string { return env.ID + ".digestd" }

func (m maildir) store(env message.Envelope, msg []byte, leave func() bool) error {
	name := fileName(env)
	tmp, final := filepath.Join(m.dir, "tmp", name), filepath.Join(m.dir, "new", name)
	if env.Repeat {
		// A mail reader moves what it has shown to cur, and adds flags to the name.
		seen, err := os.ReadDir(filepath.Join(m.dir, "cur"))
		if err != nil {
			return err
		}
		for _, e := range seen {
			if strings.HasPrefix(e.Name(), name) {
				return nil
			}
		}
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(msg)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil && !leave() {
		err = errNoLeave
	}
	if err == nil {
		err = os.Rename(tmp, final)
	}
	if err != nil {
		if gone := os.Remove(tmp); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			return errors.Join(err, gone)
		}
		return err
	}
	return syncDir(filepath.Join(m.dir, "new"))
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
