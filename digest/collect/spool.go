package collect

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/andybalholm/brotli"
)

// spoolMemory is how much of a body stays in memory until it is its turn to be parsed.
const spoolMemory = 64 << 10

// spool holds a body as it came from the network, small ones in memory, large ones in a temporary file
// that has no name any more, so that a killed process leaves none behind. It is decompressed only when
// it is parsed: decoders need up to 16 MB each, and few feeds are parsed at once.
type spool struct {
	dir  string // for temporary files; empty: the system's
	mem  []byte
	file *os.File
	size int64
}

// fill reads a body of at most limit bytes.
func (s *spool) fill(r io.Reader, limit int64) error {
	n, err := io.Copy(s, io.LimitReader(r, limit+1))
	if err != nil {
		return err
	}
	if n > limit {
		return tooBig(limit)
	}
	return nil
}

func tooBig(limit int64) error {
	return fmt.Errorf("%w: it has more than %d KB; raise max_size in [collect] if it is meant to", ErrTooBig, limit>>10)
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	if s.file == nil {
		if len(s.mem)+len(p) <= spoolMemory {
			s.mem = append(s.mem, p...)
			return len(p), nil
		}
		file, err := os.CreateTemp(s.dir, "digestd-feed-*")
		if err != nil {
			return 0, fmt.Errorf("no room for a temporary file: %w", err)
		}
		s.file = file
		if err := os.Remove(file.Name()); err != nil {
			return 0, err
		}
		if _, err := file.Write(s.mem); err != nil {
			return 0, fmt.Errorf("no room for a temporary file: %w", err)
		}
		s.mem = nil
	}
	n, err := s.file.Write(p)
	if err != nil {
		return n, fmt.Errorf("no room for a temporary file: %w", err)
	}
	return n, nil
}

// Close gives the body back.
func (s *spool) Close() error {
	s.mem = nil
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// raw is the body as it came, from its beginning.
func (s *spool) raw() io.Reader {
	if s.file == nil {
		return bytes.NewReader(s.mem)
	}
	return io.NewSectionReader(s.file, 0, s.size)
}

// largeBody is from where on a body counts as large.
const largeBody = 1 << 20

// decoded is the body without its content encodings, and without a gzip layer that nobody declared
// (a file that is stored compressed). More than limit bytes are an error. cut reports that a
// compressed stream ended early or was damaged: then the body is what came before.
//
// A body that proves to be large waits for large first. It is decompressed into another spool, so that
// its memory is exactly what it needs, and the decoder's is given back before.
func (s *spool) decoded(encodings string, limit int64, large func() error) (body []byte, cut bool, err error) {
	if s.size == 0 {
		return nil, false, nil
	}
	r, err := s.plain(encodings)
	if err != nil {
		return nil, false, err
	}
	body = make([]byte, min(s.size*4, largeBody))
	for n := 0; ; {
		more, err := r.Read(body[n:])
		n += more
		switch {
		case err != nil:
			cut, err = damaged(err, n)
			return body[:n], cut, err
		case n > int(limit):
			return nil, false, tooBig(limit)
		case n < len(body):
		case n < largeBody:
			body = append(body, make([]byte, min(len(body), largeBody-len(body)))...)
		default:
			return s.decodedLarge(body, r, limit, large)
		}
	}
}

// decodedLarge is decoded for a body of which only the begin is read so far.
func (s *spool) decodedLarge(
	begin []byte, rest io.Reader, limit int64, large func() error,
) (body []byte, cut bool, err error) {
	if err := large(); err != nil {
		return nil, false, err
	}
	whole := &spool{dir: s.dir}
	defer func() { _ = whole.Close() }() // it has no name, and nothing in it is wanted after this
	if _, err := whole.Write(begin); err != nil {
		return nil, false, err
	}
	if err := whole.fill(rest, limit-int64(len(begin))); err != nil {
		if errors.Is(err, ErrTooBig) {
			return nil, false, tooBig(limit)
		}
		if cut, err = damaged(err, len(begin)); err != nil {
			return nil, false, err
		}
	}
	body = make([]byte, whole.size)
	if _, err := io.ReadFull(whole.raw(), body); err != nil {
		return nil, false, fmt.Errorf("its temporary file can't be read: %w", err)
	}
	return body, cut, nil
}

// damaged tells the end of a stream, and what is left of a broken one, from an error.
func damaged(err error, read int) (cut bool, _ error) {
	var onDisk *os.PathError
	switch {
	case err == io.EOF:
		return false, nil
	case errors.As(err, &onDisk):
		return false, err
	case read == 0:
		return false, fmt.Errorf("its compressed body can't be read: %w", err)
	}
	return true, nil
}

// maxEncodings is how many encodings of a body are undone: honest servers use one, and each costs memory of its own.
const maxEncodings = 4

// plain reads the body with its encodings undone.
func (s *spool) plain(encodings string) (io.Reader, error) {
	raw := bufio.NewReaderSize(s.raw(), 16<<10)
	var r io.Reader = raw
	names := strings.Split(strings.ToLower(encodings), ",")
	if len(names) > maxEncodings {
		return nil, fmt.Errorf("it has %d content encodings, one in the other, and %d at most are undone", len(names), maxEncodings)
	}
	if begin, _ := raw.Peek(512); !looksEncoded(begin, names[len(names)-1]) {
		names = nil // declared to be compressed, but is not
	}
	var err error
	for i := len(names) - 1; i >= 0; i-- {
		if r, err = decoder(strings.TrimSpace(names[i]), r); err != nil {
			return nil, err
		}
	}
	for range 2 {
		buffered := bufio.NewReaderSize(r, 16<<10)
		r = buffered
		if magic, _ := buffered.Peek(3); !bytes.Equal(magic, []byte("\x1f\x8b\x08")) {
			break
		}
		if r, err = decoder("gzip", buffered); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// looksEncoded reports whether a body that begins so can have the content encoding that it is said to have.
func looksEncoded(begin []byte, name string) bool {
	zipped := bytes.HasPrefix(begin, []byte("\x1f\x8b\x08"))
	switch strings.TrimSpace(name) {
	case "gzip", "x-gzip":
		return zipped
	case "br", "deflate":
		if zipped {
			return false // gzip by another name, which is found below
		}
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(begin, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(text) == 0 || strings.IndexByte("<{[", text[0]) < 0
}

// decoder undoes one content encoding.
func decoder(name string, r io.Reader) (io.Reader, error) {
	switch name {
	case "", "identity", "none", "utf-8":
		return r, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("its gzip body can't be read: %w", err)
		}
		return z, nil
	case "br":
		return brotli.NewReader(r), nil
	case "deflate": // zlib by the standard, bare deflate by habit
		b := bufio.NewReader(r)
		if head, _ := b.Peek(2); len(head) == 2 && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			z, err := zlib.NewReader(b)
			if err != nil {
				return nil, fmt.Errorf("its deflate body can't be read: %w", err)
			}
			return z, nil
		}
		return flate.NewReader(b), nil
	}
	return nil, fmt.Errorf("its content encoding %.40q is not one that was asked for", name)
}
