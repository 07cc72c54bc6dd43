package message

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"digestd/digest"
)

// The stored form of a template: a line that names format and version, then its fields in order, each
// number as a varint and each run of bytes after its length. Version 1 must stay readable for as long
// as a ledger may hold an edition that is still owed.
const formatV1 = "digestd message 1\n"

// What the flags say.
const (
	flagVERP  = 1
	flagBound = 2
)

// maxParts is how many parts a body may have: more than there are stories in an edition.
const maxParts = 1 << 20

// maxStored bounds what UnmarshalBinary believes; a variant has a fraction of it.
const maxStored = 64 << 20

// MarshalBinary is the stored form. Compressing it is left to whoever stores it.
func (t *Template) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, t.size+512)
	b = append(b, formatV1...)
	for _, s := range []string{t.edition, t.keyID, t.signature, t.bounceTo} {
		b = appendBytes(b, []byte(s))
	}
	flags := uint64(0)
	if t.verp {
		flags |= flagVERP
	}
	if t.bound {
		flags |= flagBound
	}
	b = binary.AppendUvarint(b, flags)
	b = binary.AppendVarint(b, t.date.Unix())
	for _, p := range []pieces{t.head, t.body} {
		b = binary.AppendUvarint(b, uint64(len(p.blanks)))
		part := 0
		for i, literal := range p.literals {
			b = appendBytes(b, literal)
			if i < len(p.blanks) {
				b = append(b, byte(p.blanks[i]))
				if p.blanks[i] == blankPart {
					b = binary.AppendUvarint(b, uint64(p.parts[part]))
					part++
				}
			}
		}
	}
	return b, nil
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// UnmarshalBinary reads the stored form into t. It copies what it keeps.
func (t *Template) UnmarshalBinary(data []byte) error {
	if len(data) > maxStored || len(data) < len(formatV1) || string(data[:len(formatV1)]) != formatV1 {
		return errors.New("stored message: not in a format that this version reads")
	}
	r := decoder{rest: append([]byte(nil), data[len(formatV1):]...)}
	u := Template{
		edition:   string(r.bytes()),
		keyID:     string(r.bytes()),
		signature: string(r.bytes()),
		bounceTo:  string(r.bytes()),
	}
	flags := r.uvarint()
	if flags > flagVERP|flagBound {
		r.fail("bad flags")
	}
	u.verp, u.bound = flags&flagVERP != 0, flags&flagBound != 0
	u.date = time.Unix(r.varint(), 0).UTC()
	u.head = r.pieces()
	u.body = r.pieces()
	if r.err == nil && len(r.rest) > 0 {
		r.fail("bytes left over")
	}
	if r.err != nil {
		return r.err
	}
	if _, _, ok := cutAddress(u.bounceTo); !ok {
		return fmt.Errorf("stored message: bad envelope sender %q", u.bounceTo)
	}
	u.prepare()
	*t = u
	return nil
}

// decoder takes fields off the front; after a failure it yields zeros.
type decoder struct {
	rest []byte
	err  error
}

func (r *decoder) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("stored message is damaged: %s", what)
	}
	r.rest = nil
}

func (r *decoder) uvarint() uint64 { return number(r, binary.Uvarint) }
func (r *decoder) varint() int64   { return number(r, binary.Varint) }

func number[N uint64 | int64](r *decoder, read func([]byte) (N, int)) N {
	v, n := read(r.rest)
	if n <= 0 {
		r.fail("bad number")
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *decoder) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail("cut short")
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *decoder) pieces() (p pieces) {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail("cut short")
		return p
	}
	for i := range n + 1 {
		p.literals = append(p.literals, r.bytes())
		if i == n || r.err != nil {
			break
		}
		if len(r.rest) == 0 {
			r.fail("cut short")
			break
		}
		s := blank(r.rest[0])
		if s == 0 || s > lastBlank {
			r.fail("unknown blank")
			break
		}
		p.blanks = append(p.blanks, s)
		r.rest = r.rest[1:]
		if s == blankPart {
			n := r.uvarint()
			if n > maxParts {
				r.fail("a part with a number beyond all")
			}
			p.parts = append(p.parts, digest.Part(n))
		}
	}
	return p
}
