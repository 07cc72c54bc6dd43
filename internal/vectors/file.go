// Package vectors says what texts mean, as vectors: from a file of word vectors, or from an address that makes them. It
// does not know what they are compared for, and keeps none.
package vectors

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"digestd/internal/regular"
)

const (
	maxFile       = 1 << 40 // bytes: a place has 40 bits
	maxLine       = 1 << 18 // bytes
	maxDimensions = 4096    // of a vector
	placeBits     = 40
)

// File is a file of word vectors as fastText and GloVe write them: a word and its numbers on each line, the commonest
// word first, maybe with a line before that counts both. It stays where it is: in memory are 8 bytes a word.
type File struct {
	Dimensions int

	file *os.File
	size int64
	seed maphash.Seed
	at   []uint64 // of each word 24 bits of its hash, and the place of its line
}

// OpenFile reads a file through once, to know where its words stand. Errors say the line.
func OpenFile(path string) (*File, error) {
	f, err := regular.Open(path, maxFile)
	if err != nil {
		return nil, err
	}
	v := &File{file: f, seed: maphash.MakeSeed()}
	info, err := f.Stat()
	if err == nil {
		v.size = info.Size()
		err = v.scan(f, func(word, _ []byte, place, length int64) error {
			if v.at == nil { // as many as there are lines of that length, about
				v.at = make([]uint64, 0, v.size/length*9/8+1)
			}
			v.at = append(v.at, v.hash(word)|uint64(place))
			return nil
		})
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s:%w", filepath.Base(path), err)
	}
	slices.Sort(v.at)
	return v, nil
}

// Look reads the beginning and the end of a file, and returns how many numbers a word has in it. Errors say what is wrong,
// and where.
func Look(path string) (dimensions int, err error) {
	f, err := regular.Open(path, maxFile)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	begin, err := io.ReadAll(io.LimitReader(f, looked))
	if err != nil {
		return 0, err
	}
	if len(begin) == looked {
		begin = begin[:bytes.LastIndexByte(begin, '\n')+1]
	}
	v := &File{}
	err = v.scan(bytes.NewReader(begin), func(_, fields []byte, _, _ int64) error {
		if !read(fields, make([]float32, v.Dimensions)) {
			return errors.New("what follows the word must be numbers")
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("%s:%w", filepath.Base(path), err)
	}
	info, err := f.Stat()
	if err != nil || info.Size() <= int64(len(begin)) {
		return v.Dimensions, err
	}
	end := make([]byte, min(maxLine, info.Size()))
	if _, err := f.ReadAt(end, info.Size()-int64(len(end))); err != nil && err != io.EOF {
		return 0, err
	}
	end = bytes.TrimRight(end, "\r\n")
	if _, _, err := v.parts(end[bytes.LastIndexByte(end, '\n')+1:], 0); err != nil {
		return 0, fmt.Errorf("%s, last line: %w", filepath.Base(path), err)
	}
	return v.Dimensions, nil
}

// looked is how much of the beginning of a file Look reads.
const looked = 1 << 20

// Close lets go of the file.
func (v *File) Close() error { return v.file.Close() }

// scan finds the words, with their numbers as written, and holds that all lines have one form.
func (v *File) scan(from io.Reader, word func(word, numbers []byte, place, length int64) error) error {
	in := bufio.NewReaderSize(from, maxLine)
	place, words := int64(0), 0
	for line := 1; ; line++ {
		raw, err := in.ReadSlice('\n')
		if err == io.EOF && len(raw) == 0 {
			break
		}
		if err != nil && err != io.EOF {
			return fmt.Errorf("%d: %w", line, unread(err))
		}
		name, numbers, err := v.parts(raw, line)
		if err == nil && numbers != nil {
			words++
			err = word(name, numbers, place, int64(len(raw)))
		}
		if err != nil {
			return fmt.Errorf("%d: %w", line, err)
		}
		place += int64(len(raw))
	}
	if words == 0 {
		return errors.New("1: no line has a word and its numbers")
	}
	return nil
}

// unread says in words what keeps a line from being read.
func unread(err error) error {
	if errors.Is(err, bufio.ErrBufferFull) {
		return fmt.Errorf("the line has more than %d KB: this is no file of word vectors as text", maxLine>>10)
	}
	return err
}

// parts takes a line apart. The first line that has more than two fields says how many numbers each has; one that
// counts words and dimensions has none.
func (v *File) parts(raw []byte, line int) (word, numbers []byte, err error) {
	raw = bytes.TrimRight(raw, " \r\n")
	if v.Dimensions == 0 {
		n := bytes.Count(raw, []byte{' '})
		if line == 1 && n == 1 {
			return nil, nil, nil
		}
		if n < 2 || n > maxDimensions {
			return nil, nil, fmt.Errorf("must have a word and its numbers, parted by spaces (2 to %d of them)", maxDimensions)
		}
		v.Dimensions = n
	}
	cut := len(raw)
	if bytes.Count(raw, []byte{' '}) == v.Dimensions { // as nearly everywhere; else the word has spaces in it
		cut = bytes.IndexByte(raw, ' ')
		return raw[:cut], raw[cut+1:], wordless(cut)
	}
	for range v.Dimensions {
		if cut = bytes.LastIndexByte(raw[:cut], ' '); cut < 0 {
			return nil, nil, fmt.Errorf("has fewer than %d numbers, which the first line has: the file is cut, or is none of word vectors", v.Dimensions)
		}
	}
	return raw[:cut], raw[cut+1:], wordless(cut)
}

// wordless is the error of a line whose numbers begin at its start.
func wordless(cut int) error {
	if cut == 0 {
		return errors.New("has no word")
	}
	return nil
}

// hash is what a word is looked up by.
func (v *File) hash(word []byte) uint64 {
	return maphash.Bytes(v.seed, word) >> placeBits << placeBits
}

// Of are the vectors of texts: of each the mean of its words', in which a word weighs the less the commoner it is. nil: the
// file has none of its words. A line of which the numbers can't be read is no word.
func (v *File) Of(texts []string) ([][]float32, error) {
	uses := make(map[string][]int) // of each word, which texts have it
	for i, text := range texts {
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			uses[word] = append(uses[word], i)
		}
	}
	all, buffer, numbers := make([][]float32, len(texts)), make([]byte, maxLine), make([]float32, v.Dimensions)
	for _, word := range slices.Sorted(maps.Keys(uses)) { // in one order, so that sums are the same each time
		place, err := v.find(word, buffer, numbers)
		if err != nil {
			return nil, err
		}
		if place < 0 {
			continue
		}
		weight := v.weight(place)
		for _, i := range uses[word] {
			if all[i] == nil {
				all[i] = make([]float32, v.Dimensions)
			}
			for k, x := range numbers {
				all[i][k] += weight * x
			}
		}
	}
	for i := range all {
		all[i] = unit(all[i])
	}
	return all, nil
}

// find reads the numbers of a word, as it is written or else in small letters, and returns the place of its line; -1 where
// there is none.
func (v *File) find(word string, buffer []byte, numbers []float32) (place int64, err error) {
	for _, spelt := range slices.Compact([]string{word, strings.ToLower(word)}) {
		h := v.hash([]byte(spelt))
		for i, _ := slices.BinarySearch(v.at, h); i < len(v.at) && v.at[i]>>placeBits == h>>placeBits; i++ {
			place := int64(v.at[i] & (1<<placeBits - 1))
			n, err := v.file.ReadAt(buffer[:min(len(buffer), len(spelt)+2+32*v.Dimensions)], place)
			if err != nil && err != io.EOF {
				return 0, err
			}
			line, _, _ := bytes.Cut(buffer[:n], []byte{'\n'})
			if !bytes.HasPrefix(line, []byte(spelt+" ")) {
				continue
			}
			found, fields, err := v.parts(line, 0)
			if err == nil && string(found) == spelt && read(fields, numbers) {
				return place, nil
			}
		}
	}
	return -1, nil
}

// read reads numbers, and reports whether all of them are some.
func read(fields []byte, numbers []float32) bool {
	for i := range numbers {
		field, rest, _ := bytes.Cut(fields, []byte{' '})
		x, err := strconv.ParseFloat(string(field), 32)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
		numbers[i], fields = float32(x), rest
	}
	return len(fields) == 0
}

// weight is that of a word by how common it is (Arora and others, "A Simple but Tough-to-Beat Baseline for Sentence
// Embeddings", 2017), which its place among the words tells by Zipf's law.
func (v *File) weight(place int64) float32 {
	words := float64(len(v.at))
	rank := 1 + words*float64(place)/float64(v.size)
	often := 1 / (rank * (math.Log(words) + 0.58))
	return float32(halfWeight / (halfWeight + often))
}

// halfWeight is the share of all words from which on a word has less than half of its weight.
const halfWeight = 0.001

// unit makes a vector one long; nil where it has no direction.
func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return nil
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum))
	}
	return v
}
