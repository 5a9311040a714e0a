// Package idx owns the IDX file format, in which MNIST and its successors keep
// pictures and their classes: an array of numbers behind a header that says its
// dimensions (LeCun, Cortes, Burges: The MNIST database of handwritten digits,
// 1998). It reads unsigned bytes, plain or with gzip, all or nothing: a file that
// is damaged, too short or too long is an error, and none takes more memory than
// it has bytes to fill.
package idx

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// What a file may at most hold.
const (
	maxFile = 1 << 30 // bytes on disk
	maxData = 1 << 31 // bytes of the array
)

// unsignedByte is the type of the numbers that are read, as the third byte of a
// file says it.
const unsignedByte = 0x08

// deflated is how many bytes one byte of gzip can become at most.
const deflated = 1032

// Array is an array of bytes, the last dimension innermost.
type Array struct {
	Dims []int
	Data []uint8
}

// Len is the number of items: the first dimension.
func (a *Array) Len() int { return a.Dims[0] }

// Item returns the bytes of item i. They are not a copy.
func (a *Array) Item(i int) []uint8 {
	size := len(a.Data) / a.Dims[0]
	return a.Data[i*size : (i+1)*size : (i+1)*size]
}

// ReadFile returns the bytes of a file as they are on disk, if they are not more
// than an IDX file may have.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder, and an IDX file is wanted", path)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s has %d MiB, more than the %d MiB that an IDX file may have", path, info.Size()>>20, maxFile>>20)
	}
	return os.ReadFile(path)
}

// Shape reads the header of a file and returns the dimensions, which must be so
// many.
func Shape(path string, dimensions int) ([]int, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, _, err := unzipped(bufio.NewReader(f))
	if err == nil {
		var dims []int
		if dims, err = header(r, dimensions); err == nil {
			return dims, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", path, err)
}

// Decode reads an array of so many dimensions from the bytes of a file.
func Decode(file []byte, dimensions int) (*Array, error) {
	r, zipped, err := unzipped(bufio.NewReader(bytes.NewReader(file)))
	if err != nil {
		return nil, err
	}
	dims, err := header(r, dimensions)
	if err != nil {
		return nil, err
	}
	size := 1
	for _, n := range dims {
		size *= n // at most maxData: header sees to that
	}
	room := len(file)
	if zipped {
		room *= deflated
	}
	data := make([]uint8, min(size, room))
	n, err := io.ReadFull(r, data)
	switch {
	case err == nil && n == size:
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("it is cut short: its header says %s, and it ends within item %d (counted from 0), after %d of %d bytes", shape(dims), n/(size/dims[0]), n, size)
	default:
		return nil, fmt.Errorf("it is damaged after %d of %d bytes: %w", n, size, err)
	}
	// The end of the stream also holds the checksum of gzip.
	switch n, err := r.Read(make([]byte, 1)); {
	case n > 0:
		return nil, fmt.Errorf("its header says %s, but more follows the %d bytes of data", shape(dims), size)
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	return &Array{dims, data}, nil
}

// unzipped looks through gzip, which is known by its first bytes.
func unzipped(r *bufio.Reader) (io.Reader, bool, error) {
	if start, _ := r.Peek(2); string(start) != "\x1f\x8b" {
		return r, false, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, true, fmt.Errorf("it begins as gzip does, but is damaged: %w", err)
	}
	return z, true, nil
}

// header reads the dimensions.
func header(r io.Reader, dimensions int) ([]int, error) {
	var magic [4]byte
	n, err := io.ReadFull(r, magic[:])
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("it is damaged: %w", err)
	case n == 0:
		return nil, errors.New("it is empty")
	case n < len(magic) || magic[0] != 0 || magic[1] != 0:
		return nil, fmt.Errorf("it is no IDX file: it begins with the bytes % x, and such a file with 00 00", magic[:n])
	case magic[2] != unsignedByte:
		return nil, fmt.Errorf("its numbers are of type 0x%02x; only unsigned bytes, type 0x%02x, are read", magic[2], unsignedByte)
	case int(magic[3]) != dimensions:
		return nil, fmt.Errorf("its dimensions are %d, not %d: are the files of pictures (3) and classes (1) exchanged?", magic[3], dimensions)
	}
	dims := make([]int, dimensions)
	size := uint64(1)
	for i := range dims {
		var word [4]byte
		if _, err := io.ReadFull(r, word[:]); err != nil {
			return nil, fmt.Errorf("it ends within its header of %d bytes", 4+4*dimensions)
		}
		d := binary.BigEndian.Uint32(word[:])
		if d == 0 {
			return nil, fmt.Errorf("its dimension %d is 0: there is nothing in it", i+1)
		}
		if size *= uint64(d); size > maxData { // no overflow: both were below 2^32
			return nil, fmt.Errorf("its header says more than the %d MiB of data that are read", maxData>>20)
		}
		dims[i] = int(d)
	}
	return dims, nil
}

// shape writes dimensions as people do: 60000 x 28 x 28.
func shape(dims []int) string {
	words := make([]string, len(dims))
	for i, n := range dims {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, " x ")
}

// Name returns the name of picture i of a part: train/00017.
func Name(part string, i int) string { return fmt.Sprintf("%s/%05d", part, i) }

// ParseName reads what Name writes.
func ParseName(name string) (part string, i int, ok bool) {
	part, digits, ok := strings.Cut(name, "/")
	i, err := strconv.Atoi(digits)
	return part, i, ok && err == nil && i >= 0
}
