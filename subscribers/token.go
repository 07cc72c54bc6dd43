package subscribers

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A token names a delivery, or an account, to somebody who only holds a link or a message. It is one
// AES block: what it names, enciphered with a key that lives in the ledger. So it is short, of constant length
// and the same each time it is made; it shows neither address nor position; and it is signed, since a changed or
// invented token deciphers to noise.
//
// The block of a delivery holds a tag of the edition, the index of its recipient, a tag of the digest, and one of
// the recipient's address. The first two find the delivery at once, also after a reader has left the config. The
// address binds the token: it is good for that reader or for nobody. For the ledger may be one that was restored from
// a backup, and an edition that it composes anew under the same id has other readers at those places. Where the
// delivery is not the token's, address and digest find its own reader still. Noise is taken for a token of a known
// delivery once in 2^56 tries and more, and for one of another reader, of a million and five digests, once in 2^41.
//
// A token that holds the address itself has no constant length. One that held a tag of it alone would be looked up
// among all addresses at each click of a link scanner. What belongs to no edition, such as the links that an operator
// asks for, does name a tag of address and digest alone: an Account token.
//
// Mails that were composed before tokens were bound have the tag of the edition, the index, and zeros. They stay good
// for the editions that were composed then, and name nobody in one that was composed since.

// Purpose keeps tokens apart that name the same delivery: whoever sees a Message-ID in a forwarded
// mail can't make an unsubscribe link of it.
type Purpose byte

// What tokens are made for.
const (
	ForUnsubscribe Purpose = iota + 1 // links and mailto subjects of a delivery; 22 of [A-Za-z0-9_-]
	ForMessageID                      // left side of its Message-ID; 26 of [0-9a-v]
	ForBounce                         // tag of its envelope sender; likewise, since mail servers fold case
	ForAccount                        // links of an (address, digest) outside any edition; as ForUnsubscribe
)

// TokenLen is the length of a token in a link, TagLen that of one in an address or a Message-ID.
const (
	TokenLen = 22
	TagLen   = 26
)

// ErrToken is what a token that was not made with the key gives, whatever is wrong with it.
var ErrToken = errors.New("not a valid token")

var (
	linkEncoding = base64.RawURLEncoding.Strict()
	caseless     = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)
)

// TokenKey makes and opens tokens. It is safe for use by several goroutines.
type TokenKey struct {
	block cipher.Block
	id    string
}

// TokenKeySize is the length of a key's secret in bytes.
const TokenKeySize = 16

// NewTokenKey makes the key of TokenKeySize secret random bytes.
func NewTokenKey(secret []byte) (TokenKey, error) {
	if len(secret) != TokenKeySize {
		return TokenKey{}, fmt.Errorf("token key has %d bytes, not %d", len(secret), TokenKeySize)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return TokenKey{}, fmt.Errorf("token key: %w", err)
	}
	sum := sha256.Sum256(append([]byte("digestd token key id\n"), secret...))
	return TokenKey{block: block, id: hex.EncodeToString(sum[:8])}, nil
}

// Nobody is the first of the places of those who are in no edition, for previews and test copies: their links name
// nobody, whatever the address.
const Nobody = 1<<24 - 1<<12

// bound marks the purpose of a token that names the address as well.
const bound = 0x10

// ID tells keys apart without telling what they are. It is empty for the zero TokenKey.
func (k TokenKey) ID() string { return k.id }

// Delivery makes the token of a delivery: the index-th recipient of an edition, with that address. The edition's id
// begins with that of its digest, before a "/".
func (k TokenKey) Delivery(p Purpose, edition string, index int, email string) string {
	id, _, _ := strings.Cut(edition, "/")
	b := readerBlock(email, id)
	b[0] = byte(p) | bound
	tag := TagOfEdition(edition)
	copy(b[1:5], tag[:])
	b[5], b[6], b[7] = byte(index>>16), byte(index>>8), byte(index) // beyond 2^24 the address alone finds the reader
	return k.seal(b)
}

// Unbound makes the token of a delivery as it was before tokens were bound to an address: for mails that were composed
// then, which must stay the same.
func (k TokenKey) Unbound(p Purpose, edition string, index int) string {
	var b [aes.BlockSize]byte
	b[0] = byte(p)
	sum := sha256.Sum256([]byte(edition))
	copy(b[1:7], sum[:])
	binary.BigEndian.PutUint32(b[7:11], uint32(index))
	return k.seal(b)
}

// Account makes the token of an address and a digest; an empty digest means all of them.
func (k TokenKey) Account(email, digest string) string {
	return k.seal(accountBlock(email, digest))
}

// Reader finds the subscriber and the digest that a token names by address; digests are those that it may name, ""
// among them when it may be all of them. It looks at one subscriber after the other: a million take about a third of a
// second. Where two could be meant, it is nobody.
func (l *List) Reader(r Ref, digests []string) (s Subscriber, digest string, ok bool) {
	digest, ok = r.DigestOf(digests)
	if !ok {
		return Subscriber{}, "", false
	}
	found := -1
	for i := range l.Len() {
		email, _ := l.words(i)
		if !r.Names(email) {
			continue
		}
		if found >= 0 {
			return Subscriber{}, "", false
		}
		found = i
	}
	if found < 0 {
		return Subscriber{}, "", false
	}
	return l.At(found), digest, true
}

func (k TokenKey) seal(b [aes.BlockSize]byte) string {
	p := Purpose(b[0] &^ bound)
	k.block.Encrypt(b[:], b[:])
	if p == ForMessageID || p == ForBounce {
		return caseless.EncodeToString(b[:])
	}
	return linkEncoding.EncodeToString(b[:])
}

// Ref is what a token names.
type Ref struct {
	Purpose Purpose
	Index   int // of the recipient; not of a ForAccount token
	block   [aes.BlockSize]byte
}

// Bound reports whether r names the address of its reader, as all do but those of old mails.
func (r Ref) Bound() bool { return r.Purpose == ForAccount || r.block[0]&bound != 0 }

// EditionTag is what a token says of its edition: enough to find it among others, and nothing to tell it from.
type EditionTag [4]byte

// TagOfEdition is the tag of the edition with an id.
func TagOfEdition(id string) (t EditionTag) {
	sum := sha256.Sum256([]byte(id))
	copy(t[:], sum[:])
	return t
}

// Edition is the tag of the edition to which the delivery belongs that r names, if it names one.
func (r Ref) Edition() (EditionTag, bool) {
	return EditionTag(r.block[1:5]), r.Purpose != 0 && r.Purpose != ForAccount
}

// OfEdition reports whether the delivery that r names belongs to the edition.
func (r Ref) OfEdition(id string) bool {
	tag, ok := r.Edition()
	if !ok || tag != TagOfEdition(id) {
		return false
	}
	sum := sha256.Sum256([]byte(id))
	return r.Bound() || bytes.Equal(r.block[1:7], sum[:6])
}

// DigestOf is the one of some digests that a bound token names, "" for all of them. With two that could be meant,
// it is none.
func (r Ref) DigestOf(digests []string) (digest string, ok bool) {
	if !r.Bound() {
		return "", false
	}
	for _, id := range digests {
		b := r.reader("", id)
		switch {
		case r.Purpose == ForAccount && !bytes.Equal(b[1:5], r.block[1:5]),
			r.Purpose != ForAccount && !bytes.Equal(b[8:10], r.block[8:10]):
		case ok && id != digest:
			return "", false
		default:
			digest, ok = id, true
		}
	}
	return digest, ok
}

// Names reports whether a bound token names an address.
func (r Ref) Names(email string) bool {
	b := r.reader(email, "")
	if r.Purpose == ForAccount {
		return bytes.Equal(b[5:13], r.block[5:13])
	}
	return r.Bound() && r.Index < Nobody && bytes.Equal(b[10:], r.block[10:])
}

// reader is the block of the address and the digest in the form of r's.
func (r Ref) reader(email, digest string) [aes.BlockSize]byte {
	if r.Purpose == ForAccount {
		return accountBlock(email, digest)
	}
	return readerBlock(email, digest)
}

// Open reads a token that was made for one of the purposes. It accepts one spelling only: the very
// characters that were handed out. The error is always ErrToken.
func (k TokenKey) Open(token string, purposes ...Purpose) (Ref, error) {
	var b [aes.BlockSize]byte
	var narrow bool // the encoding of ForMessageID and ForBounce
	switch len(token) {
	case linkEncoding.EncodedLen(len(b)):
		if strings.ContainsAny(token, "\r\n") { // which the decoder skips
			return Ref{}, ErrToken
		}
		if n, err := linkEncoding.Decode(b[:], []byte(token)); err != nil || n != len(b) {
			return Ref{}, ErrToken
		}
	case caseless.EncodedLen(len(b)):
		narrow = true
		raw, err := caseless.DecodeString(token)
		if err != nil || len(raw) != len(b) || caseless.EncodeToString(raw) != token {
			return Ref{}, ErrToken
		}
		copy(b[:], raw)
	default:
		return Ref{}, ErrToken
	}
	if k.block == nil {
		return Ref{}, ErrToken
	}
	k.block.Decrypt(b[:], b[:])
	r := Ref{Purpose: Purpose(b[0] &^ bound), block: b}
	var padding []byte
	switch {
	case r.Purpose == ForAccount && b[0]&bound == 0:
		padding = b[13:]
	case r.Purpose < ForUnsubscribe, r.Purpose >= ForAccount:
		return Ref{}, ErrToken
	case r.Bound():
		r.Index = int(b[5])<<16 | int(b[6])<<8 | int(b[7])
	default:
		r.Index = int(binary.BigEndian.Uint32(b[7:11]))
		padding = b[11:]
	}
	for _, c := range padding {
		if c != 0 {
			return Ref{}, ErrToken
		}
	}
	if narrow != (r.Purpose == ForMessageID || r.Purpose == ForBounce) || !slices.Contains(purposes, r.Purpose) {
		return Ref{}, ErrToken
	}
	return r, nil
}

func accountBlock(email, digest string) (b [aes.BlockSize]byte) {
	b[0] = byte(ForAccount)
	d := sha256.Sum256([]byte(digest))
	a := sha256.Sum256([]byte(strings.ToLower(email)))
	copy(b[1:5], d[:])
	copy(b[5:13], a[:])
	return b
}

// readerBlock has the tags of address and digest where a bound token of a delivery has them.
func readerBlock(email, digest string) (b [aes.BlockSize]byte) {
	d := sha256.Sum256([]byte(digest))
	a := sha256.Sum256([]byte(Key(email)))
	copy(b[8:10], d[:])
	copy(b[10:], a[:])
	return b
}
