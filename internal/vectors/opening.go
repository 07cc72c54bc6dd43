package vectors

import (
	"os"
	"sync"
)

// Opening is a file that is read through when it is first wanted, which may take seconds.
type Opening struct {
	path  string
	begun sync.Once
	done  chan struct{}
	file  *File
	fail  func(error)
	was   os.FileInfo // nil: it could not be seen
}

// NewOpening is a file that nobody wanted yet. fail hears of it when it can't be read.
func NewOpening(path string, fail func(error)) *Opening {
	info, _ := os.Stat(path)
	return &Opening{path: path, was: info, done: make(chan struct{}), fail: fail}
}

// Changed reports whether another file stands there now, or the file says something else.
func (o *Opening) Changed() bool {
	now, err := os.Stat(o.path)
	return err != nil || o.was == nil || !os.SameFile(o.was, now) || now.Size() != o.was.Size() || !now.ModTime().Equal(o.was.ModTime())
}

// Begin lets the file be read, beside all else.
func (o *Opening) Begin() {
	o.begun.Do(func() {
		go func() {
			defer close(o.done)
			var err error
			if o.file, err = OpenFile(o.path); err != nil {
				o.fail(err)
			}
		}()
	})
}

// Wait is the file when it has been read; nil: it can't be.
func (o *Opening) Wait() *File {
	o.Begin()
	<-o.done
	return o.file
}

// Now is the file if it has been read.
func (o *Opening) Now() *File {
	select {
	case <-o.done:
		return o.file
	default:
		return nil
	}
}
