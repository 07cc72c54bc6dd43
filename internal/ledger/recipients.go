package ledger

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"

	"digestd/digest"
	"digestd/internal/ledger/store"
)

// chunkSize is how many recipients stand in one row.
const chunkSize = 1000

// Recipients reads one chunk of an edition's recipients, by number from 0. After the last chunk it returns none.
func (d *Deliveries) Recipients(id string, chunk int) ([]digest.Recipient, error) {
	raw, err := d.chunk(id, chunk)
	if err != nil || raw == nil {
		return nil, err
	}
	recipients, err := unpackRecipients(raw, chunk*chunkSize)
	return recipients, during(err, "recipients %d of edition %s", chunk, id)
}

// Recipients are those of an edition, one after the other; after an error there are no more.
func Recipients(of interface {
	Recipients(id string, chunk int) ([]digest.Recipient, error)
}, id string) iter.Seq2[digest.Recipient, error] {
	return func(yield func(digest.Recipient, error) bool) {
		for chunk := 0; ; chunk++ {
			recipients, err := of.Recipients(id, chunk)
			if err != nil {
				yield(digest.Recipient{}, err)
			}
			if err != nil || len(recipients) == 0 {
				return
			}
			for _, r := range recipients {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// chunk reads recipients as they are stored, nil after the last.
func (b *base) chunk(id string, number int) ([]byte, error) {
	return viewed(b, func(tx store.Tx) ([]byte, error) {
		raw, err := tx.Bucket(bucketRecipients).Get(partKey(id, number))
		return bytes.Clone(raw), err
	})
}

// hasRecipients holds that the last recipient of an edition is there, before anybody makes room for so many: of a damaged row,
// it could be all memory.
func hasRecipients(tx store.Tx, st EditionState) error {
	last, err := 0, error(nil)
	if st.Recipients > 0 {
		var there []byte
		last = (st.Recipients - 1) / chunkSize
		if there, err = tx.Bucket(bucketRecipients).Get(partKey(st.ID, last)); there != nil && uint64(last) <= math.MaxUint32 {
			return nil
		}
	} else if st.Recipients == 0 {
		return nil
	}
	if errors.Is(err, store.ErrDamaged) {
		return nil // it is there, and whoever reads it is told
	}
	return errors.Join(err, fmt.Errorf("edition %s: %w: it has %d recipients, and not the last of them", st.ID, store.ErrDamaged, st.Recipients))
}

// packRecipients writes recipients as lines "address TAB name TAB variant", and for those who have some, "TAB part,part", compressed by the chunk: a
// million of them are a thousand rows. Addresses and names hold no control characters.
func packRecipients(recipients []digest.Recipient) ([][]byte, error) {
	var chunks [][]byte
	var text bytes.Buffer
	for start := 0; start < len(recipients); start += chunkSize {
		text.Reset()
		for _, r := range recipients[start:min(start+chunkSize, len(recipients))] {
			if strings.ContainsAny(r.Email, "\t\n") || strings.ContainsAny(r.Name, "\t\n") {
				return nil, fmt.Errorf("recipient %q has a control character in its address or name", r.Email)
			}
			text.WriteString(r.Email + "\t" + r.Name + "\t" + strconv.Itoa(r.Variant))
			if r.Own != "" {
				text.WriteString("\t" + r.Own)
			}
			text.WriteByte('\n')
		}
		chunk, err := deflateBytes(text.Bytes())
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, chunk)
	}
	return chunks, nil
}

func unpackRecipients(raw []byte, index int) ([]digest.Recipient, error) {
	recipients := make([]digest.Recipient, 0, chunkSize)
	lines := bufio.NewScanner(flate.NewReader(bytes.NewReader(raw)))
	for lines.Scan() {
		r, err := parseRecipient(lines.Text(), index)
		if err != nil {
			return nil, err
		}
		recipients = append(recipients, r)
		index++
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return recipients, nil
}

func parseRecipient(line string, index int) (digest.Recipient, error) {
	fields := strings.Split(line, "\t")
	if len(fields) != 3 && len(fields) != 4 {
		return digest.Recipient{}, store.ErrDamaged
	}
	variant, err := strconv.Atoi(fields[2])
	if err != nil {
		return digest.Recipient{}, store.ErrDamaged
	}
	r := digest.Recipient{Index: index, Email: fields[0], Name: fields[1], Variant: variant}
	if len(fields) == 4 {
		r.Own = fields[3]
	}
	return r, nil
}

func deflate(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return deflateBytes(raw)
}

func deflateBytes(raw []byte) ([]byte, error) { return new(deflater).deflate(raw) }

// deflater deflates texts one after another, with the same tables: those of one take 700 KB.
type deflater struct{ *flate.Writer }

func (d *deflater) deflate(raw []byte) (packed []byte, err error) {
	var b bytes.Buffer
	if d.Writer == nil {
		d.Writer, err = flate.NewWriter(&b, flate.BestSpeed)
	} else {
		d.Reset(&b)
	}
	if err == nil {
		_, err = d.Write(raw)
	}
	if err == nil {
		err = d.Close()
	}
	return b.Bytes(), err
}

func inflate(raw []byte, v any) error {
	err := json.NewDecoder(flate.NewReader(bytes.NewReader(raw))).Decode(v)
	if err != nil {
		err = fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return err
}

// inflateBytes is what deflateBytes was given.
func inflateBytes(raw []byte) ([]byte, error) {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return text, nil
}
