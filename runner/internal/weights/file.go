package weights

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// The formats of files, as File.Format names them.
const (
	Safetensors = "safetensors"
	Torch       = "torch"
	TorchLegacy = "torch before 1.6"
)

// Limits that no file of a network comes near, and that bound the memory that a
// hostile one can make us use.
const (
	maxTensors    = 1 << 16
	maxDimensions = 64
	// A file's tensors may share what is stored, as tied weights do, and small types
	// become larger, but all of them together take no more memory than this many times
	// the file, and some.
	maxGrowth  = 8
	freeGrowth = 1 << 20
)

// File is an open file of tensors. Only what it says of them has been read; their
// numbers are read one tensor at a time. It is not safe for concurrent use.
type File struct {
	Format  string
	Tensors []*Stored // in the file's order
	// Metadata are the texts beside the tensors; nil where there are none.
	Metadata map[string]string
	// Within is where in a checkpoint the tensors lie, as state_dict; empty for a file
	// that holds nothing else.
	Within string
	// Prefix is what all names began with in the file, as module., and do not here.
	Prefix string
	// LeftOut are the checkpoint's other keys, as epoch and optimizer.
	LeftOut []string

	close func() error
}

// Stored is one tensor of an open file.
type Stored struct {
	Name  string
	Shape []int
	// Type is that of the file, by safetensors' name: F64, F32, F16, BF16, I64, I32,
	// I16, I8, U8 or BOOL.
	Type string

	file    io.ReaderAt
	at      int64    // of the first element, in bytes from the file's beginning
	strides []int    // in elements, a dimension; nil: row-major
	whole   *storage // what the tensor is a view of, where that has a checksum
}

// storage is a stretch of a file with a checksum.
type storage struct {
	name      string
	at, bytes int64
	sum       uint32 // CRC-32
	checked   bool
}

// Open opens a file of tensors. What format it has is told from its content: a
// file of safetensors, of torch.save (a zip archive) or of torch.save before torch
// 1.6 (a stream of pickles). Nothing in a file is ever executed: a pickle is read
// as data, and whatever in it is neither a tensor nor a plain value is an error that
// names it.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	info, err := f.Stat()
	var opened *File
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = errors.New("it is not a file")
	default:
		opened, err = Parse(f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open weights %s: %w", path, err)
	}
	opened.close = f.Close
	return opened, nil
}

// Parse is Open for size bytes that lie anywhere.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	start := make([]byte, min(size, lengthBytes+1))
	if err := readAt(r, start, 0); err != nil {
		return nil, err
	}
	parse := parseSafetensors
	switch {
	case bytes.HasPrefix(start, []byte(zipMark)):
		parse = parseTorch
	case looksLegacy(start) && !bytes.HasSuffix(start, []byte("{")): // a header's length may look so, too
		parse = parseLegacy
	}
	f, err := parse(r, size)
	if err == nil {
		f.cutPrefix()
		err = f.check(size)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Format, err)
	}
	return f, nil
}

// Close closes the file.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

// Read reads all tensors.
func (f *File) Read() ([]Tensor, error) {
	tensors := make([]Tensor, len(f.Tensors))
	for i, s := range f.Tensors {
		var err error
		if tensors[i], err = s.Read(); err != nil {
			return nil, err
		}
	}
	return tensors, nil
}

// check holds the tensors against the limits.
func (f *File) check(size int64) error {
	left := maxGrowth*size + freeGrowth
	names := make(map[string]bool, len(f.Tensors))
	for _, s := range f.Tensors {
		if names[s.Name] {
			return fmt.Errorf("two tensors are named %q", s.Name)
		}
		names[s.Name] = true
		n, ok := product(s.Shape)
		if !ok || len(s.Shape) > maxDimensions {
			return fmt.Errorf("tensor %q has the impossible shape %v", s.Name, s.Shape)
		}
		kind, memory := elements[s.Type], int64(4)
		if kind.integer != nil {
			memory = 8
		}
		if left -= max(int64(n)*memory, s.span()*kind.bytes); left < 0 {
			return fmt.Errorf("its tensors share what is stored so often that they take more than %d times the file's %d bytes, the first such is %q", maxGrowth, size, s.Name)
		}
	}
	return nil
}

// span is how many elements of the file lie from the tensor's first to its last.
func (s *Stored) span() int64 {
	if s.strides == nil {
		n, _ := product(s.Shape)
		return int64(n)
	}
	span := int64(1)
	for d, n := range s.Shape {
		if n == 0 {
			return 0
		}
		span += int64(n-1) * int64(s.strides[d])
	}
	return span
}

// Read reads the tensor's numbers, floats as float32 and integers as int64, in
// row-major order whatever their order in the file.
func (s *Stored) Read() (Tensor, error) {
	t := Tensor{Name: s.Name, Shape: s.Shape}
	err := s.whole.check(s.file)
	if err == nil {
		err = s.read(&t)
	}
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", s.Name, err)
	}
	return t, nil
}

func (s *Stored) read(t *Tensor) error {
	n, _ := product(s.Shape)
	kind := elements[s.Type]
	if kind.integer != nil {
		t.Int = make([]int64, 0, n)
	} else {
		t.Float = make([]float32, 0, n)
	}
	take := func(b []byte) {
		if kind.integer != nil {
			t.Int = append(t.Int, kind.integer(b))
		} else {
			t.Float = append(t.Float, kind.float(b))
		}
	}
	if n == 0 {
		return nil
	}
	if s.strides != nil {
		return s.gather(kind.bytes, take)
	}
	chunk := make([]byte, min(chunkBytes, int64(n)*kind.bytes)) // a multiple of every element's size
	for at, end := s.at, s.at+int64(n)*kind.bytes; at < end; at += int64(len(chunk)) {
		chunk = chunk[:min(int64(len(chunk)), end-at)]
		if err := readAt(s.file, chunk, at); err != nil {
			return err
		}
		for b := chunk; len(b) > 0; b = b[kind.bytes:] {
			take(b)
		}
	}
	return nil
}

// gather takes the elements of a tensor that has strides of its own, row by row.
func (s *Stored) gather(width int64, take func(b []byte)) error {
	data := make([]byte, s.span()*width)
	if err := readAt(s.file, data, s.at); err != nil {
		return err
	}
	index, at := make([]int, len(s.Shape)), int64(0)
	for {
		take(data[at*width:])
		d := len(index) - 1
		for ; d >= 0; d-- {
			index[d]++
			at += int64(s.strides[d])
			if index[d] < s.Shape[d] {
				break
			}
			at -= int64(s.Shape[d]) * int64(s.strides[d])
			index[d] = 0
		}
		if d < 0 {
			return nil
		}
	}
}

// check compares a storage with its checksum, once.
func (s *storage) check(r io.ReaderAt) error {
	if s == nil || s.checked {
		return nil
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(r, s.at, s.bytes)); err != nil {
		return err
	}
	if sum.Sum32() != s.sum {
		return fmt.Errorf("%s does not have its checksum: the file is damaged", s.name)
	}
	s.checked = true
	return nil
}

// readAt fills b from offset at.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("%d bytes at %d: %w", len(b), at, err)
	}
	return nil
}
