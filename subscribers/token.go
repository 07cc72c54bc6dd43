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
	"math"
	"slices"
	"strings"
)

// A token names a delivery, or an account, to somebody who only holds a link or a message. It is one
// AES block: what it names, padded with zeros, enciphered with a key that lives in the ledger. So it is
// short, of constant length and the same each time it is made; it shows neither address nor position;
// and it is signed, since a changed or invented token deciphers to noise that is zero in the right
// places once in 2^46 tries, and must then name an edition that exists.
//
// It names (edition, index of the recipient) and not the address. A token that holds the address has no
// constant length; one that holds a hash of it must be looked up among all addresses at each click
// of a link scanner, and is worth nothing once a reader has left the config, though his wish still
// counts then. The ledger keeps the recipients of an edition for as long as it keeps the edition
// (400 days by default), far longer than anybody clicks. What belongs to no edition, such as the
// links that an operator asks for, does name a hash of the address: an Account token.

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

// ID tells keys apart without telling what they are. It is empty for the zero TokenKey.
func (k TokenKey) ID() string { return k.id }

// Delivery makes the token of a delivery: the index-th recipient of an edition.
func (k TokenKey) Delivery(p Purpose, edition string, index int) string {
	if index < 0 || index > math.MaxUint32 {
		panic("subscribers: no recipient has that index")
	}
	var b [aes.BlockSize]byte
	b[0] = byte(p)
	tag := TagOfEdition(edition)
	copy(b[1:7], tag[:])
	binary.BigEndian.PutUint32(b[7:11], uint32(index))
	return k.seal(b)
}

// Account makes the token of an address and a digest; an empty digest means all of them.
func (k TokenKey) Account(email, digest string) string {
	return k.seal(accountBlock(email, digest))
}

// Account finds the subscriber and the digest that a ForAccount token names; digests are those that it may
// name, "" among them when it may be all of them. It looks at one subscriber after the other: a million take
// about a third of a second.
func (l *List) Account(r Ref, digests []string) (s Subscriber, digest string, ok bool) {
	named := slices.IndexFunc(digests, func(id string) bool {
		block := accountBlock("", id)
		return bytes.Equal(block[1:5], r.block[1:5])
	})
	if r.Purpose != ForAccount || named < 0 {
		return Subscriber{}, "", false
	}
	for i := range l.Len() {
		email, _ := l.words(i)
		if hash := sha256.Sum256([]byte(strings.ToLower(email))); bytes.Equal(hash[:8], r.block[5:13]) {
			return l.At(i), digests[named], true
		}
	}
	return Subscriber{}, "", false
}

func (k TokenKey) seal(b [aes.BlockSize]byte) string {
	p := Purpose(b[0])
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

// EditionTag is what a token says of its edition: enough to know it among others, and nothing to tell it from.
type EditionTag [6]byte

// TagOfEdition is the tag of the edition with an id.
func TagOfEdition(id string) (t EditionTag) {
	sum := sha256.Sum256([]byte(id))
	copy(t[:], sum[:])
	return t
}

// Edition is the tag of the edition to which the delivery belongs that r names, if it names one.
func (r Ref) Edition() (EditionTag, bool) {
	return EditionTag(r.block[1:7]), r.Purpose != 0 && r.Purpose != ForAccount
}

// OfEdition reports whether the delivery that r names belongs to the edition.
func (r Ref) OfEdition(id string) bool {
	tag, ok := r.Edition()
	return ok && tag == TagOfEdition(id)
}

// OfAccount reports whether r names the address with the digest.
func (r Ref) OfAccount(email, digest string) bool {
	return r.Purpose == ForAccount && r.block == accountBlock(email, digest)
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
	r := Ref{Purpose: Purpose(b[0]), block: b}
	var padding []byte
	switch r.Purpose {
	case ForUnsubscribe, ForMessageID, ForBounce:
		r.Index = int(binary.BigEndian.Uint32(b[7:11]))
		padding = b[11:]
	case ForAccount:
		padding = b[13:]
	default:
		return Ref{}, ErrToken
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
