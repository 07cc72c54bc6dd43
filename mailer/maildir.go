package mailer

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"digestd/mailer/message"
)

// ToMaildir is the transport that puts each message as a file into a maildir, which is created when it
// is not there. One directory takes the mail of all readers: it is for trying things out, and for
// programs that carry mail further.
//
// A file is named after its delivery, so that a delivery repeated after a crash replaces the first copy
// instead of adding a second one.
func ToMaildir(dir string) Transport { return &maildir{dir: dir} }

type maildir struct {
	dir string
	mu  sync.Mutex // while the directories are made: who comes in between would take root's for the owner's
}

func (m *maildir) String() string { return m.dir }

// Dial makes sure that the directories are there.
func (m *maildir) Dial(ctx context.Context) (Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	box, err := openMailbox(m.dir)
	if err != nil {
		return nil, &Unreachable{Outcome: trouble(err)}
	}
	return box, nil
}

// mailbox is a maildir that is there. No link in it leads out of it: root's commands write to that of the service.
type mailbox struct {
	*os.Root
	owner *syscall.Stat_t // to whom root gives what it makes; nil for others than root
}

// openMailbox makes what is missing of a maildir. What root makes belongs to whom the directory around it belongs.
func openMailbox(dir string) (box mailbox, err error) {
	around := dir
	for ; around != filepath.Dir(around); around = filepath.Dir(around) {
		if _, err := os.Lstat(around); err == nil {
			break
		}
	}
	if info, err := os.Stat(around); err == nil && os.Geteuid() == 0 {
		box.owner, _ = info.Sys().(*syscall.Stat_t)
	}
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return box, err
	}
	for made := dir; made != around && err == nil && box.owner != nil; made = filepath.Dir(made) {
		err = os.Lchown(made, int(box.owner.Uid), int(box.owner.Gid))
	}
	if err != nil {
		return box, err
	}
	if box.Root, err = os.OpenRoot(dir); err != nil {
		return box, err
	}
	for _, sub := range []string{"tmp", "new", "cur"} {
		err := box.Mkdir(sub, 0o700)
		if err == nil && box.owner != nil {
			err = box.Lchown(sub, int(box.owner.Uid), int(box.owner.Gid))
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			box.Close()
			return box, err
		}
	}
	return box, nil
}

// Usable is always true: each message stands for itself.
func (m mailbox) Usable() bool { return true }

// Close lets go of the directory.
func (m mailbox) Close() { m.Root.Close() }

// Send writes the file in tmp, syncs it and, with permission, moves it to new. A failure is the directory's and not the
// reader's: what isn't in new or cur was not delivered.
func (m mailbox) Send(env message.Envelope, msg []byte, permit func() bool) Outcome {
	if err := m.store(env, msg, permit); err != nil {
		return trouble(err)
	}
	return Outcome{Result: Accepted, Stage: "maildir", Words: "stored as " + fileName(env)}
}

func trouble(err error) Outcome {
	return Outcome{Result: Trouble, Stage: "maildir", Words: err.Error(), Err: err}
}

func fileName(env message.Envelope) string { return env.ID + ".digestd" }

func (m mailbox) store(env message.Envelope, msg []byte, permit func() bool) error {
	name := fileName(env)
	tmp := filepath.Join("tmp", name)
	if env.Repeat {
		// A mail program moves what it has shown to cur, and adds flags to the name.
		seen, err := fs.ReadDir(m.FS(), "cur")
		if err != nil {
			return err
		}
		for _, e := range seen {
			if strings.HasPrefix(e.Name(), name) {
				return nil
			}
		}
	}
	if err := m.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by a crash
		return err
	}
	f, err := m.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if m.owner != nil {
		err = f.Chown(int(m.owner.Uid), int(m.owner.Gid))
	}
	if err == nil {
		_, err = f.Write(bytes.ReplaceAll(msg, []byte("\r\n"), []byte("\n"))) // as mail programs expect of local mail
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil && !permit() {
		err = errHeldBack
	}
	if err == nil {
		err = m.Rename(tmp, filepath.Join("new", name))
	}
	if err != nil {
		if gone := m.Remove(tmp); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			return errors.Join(err, gone)
		}
		return err
	}
	dir, err := m.Open("new")
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync() // which makes the rename durable
}
