package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
)

const (
	// archiveName is the folder in the archives that are written; torch takes any.
	archiveName = "archive/"
	// storageAlignment is where torch has the storages begin, so that it can map them.
	storageAlignment = 64
)

// WriteTorch writes the tensors in the given order as torch.save writes a
// state_dict: an OrderedDict that torch.load reads with weights_only=True. The
// metadata stand in a record that torch does not look at, metadata.json. Equal
// arguments give equal bytes.
func WriteTorch(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	if err := writeTorch(w, tensors, metadata); err != nil {
		return fmt.Errorf("write torch: %w", err)
	}
	return nil
}

func writeTorch(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	if err := checkAll(tensors); err != nil {
		return err
	}
	if len(tensors) > maxTensors {
		return fmt.Errorf("%d tensors: no more than %d would be read", len(tensors), maxTensors)
	}
	facts, err := json.Marshal(metadata) // sorted by key
	if err != nil {
		return err
	}
	a := &archiveWriter{w: w}
	a.zip = zip.NewWriter(a)
	chunk := make([]byte, 0, chunkBytes)
	a.text("data.pkl", stateDictPickle(tensors))
	a.text("byteorder", "little")
	for i, t := range tensors {
		a.record("data/"+strconv.Itoa(i), func(w io.Writer) error { return t.write(w, chunk) })
	}
	a.text("version", "3\n")
	if len(metadata) > 0 {
		a.text(metadataRecord, string(facts))
	}
	if a.failed != nil {
		return a.failed
	}
	return a.zip.Close()
}

// archiveWriter writes an archive without compression, knows how long it is already,
// and keeps the first error.
type archiveWriter struct {
	w       io.Writer
	zip     *zip.Writer
	written int64
	failed  error
}

// Write implements io.Writer, for the archive.
func (a *archiveWriter) Write(b []byte) (int, error) {
	n, err := a.w.Write(b)
	a.written += int64(n)
	return n, err
}

func (a *archiveWriter) text(name, text string) {
	a.record(name, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
}

// record adds a file whose bytes begin at a multiple of storageAlignment. write is
// called twice: what comes first is its size and checksum.
func (a *archiveWriter) record(name string, write func(io.Writer) error) {
	if a.failed != nil {
		return
	}
	sum := crc32.NewIEEE()
	size := &archiveWriter{w: sum}
	if a.failed = errors.Join(write(size), a.zip.Flush()); a.failed != nil {
		return
	}
	const header, extra = 30, 4 // bytes of a file's header and of an extra field's
	h := &zip.FileHeader{Name: archiveName + name, CRC32: sum.Sum32(), CompressedSize64: uint64(size.written), UncompressedSize64: uint64(size.written)}
	padding := -(a.written + int64(header+len(h.Name)+extra)) & (storageAlignment - 1)
	h.Extra = append([]byte{'F', 'B', byte(padding), 0}, bytes.Repeat([]byte{'Z'}, int(padding))...)
	w, err := a.zip.CreateRaw(h)
	if err == nil {
		err = write(w)
	}
	a.failed = err
}

// stateDictPickle is the pickle, of protocol 2, of an OrderedDict of tensors whose
// storages are named by their number.
func stateDictPickle(tensors []Tensor) string {
	var s strings.Builder
	text := func(t string) {
		s.WriteByte('X')
		s.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(t))))
		s.WriteString(t)
	}
	integer := func(n int) {
		s.WriteString("\x8a\x08")
		s.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
	}
	name := func(g global) {
		dot := strings.LastIndexByte(string(g), '.')
		s.WriteString("c" + string(g[:dot]) + "\n" + string(g[dot+1:]) + "\n")
	}
	empty := func() {
		name(orderedDict)
		s.WriteString(")R")
	}
	s.WriteString("\x80\x02")
	empty()
	s.WriteByte('(')
	for i, t := range tensors {
		class := global("torch.FloatStorage")
		if t.Int != nil {
			class = "torch.LongStorage"
		}
		strides := make([]int, len(t.Shape))
		stride := 1
		for d := len(t.Shape) - 1; d >= 0; d-- {
			strides[d] = stride
			stride *= max(t.Shape[d], 1)
		}
		text(t.Name)
		name(rebuildTensorV2)
		s.WriteString("((")
		text("storage")
		name(class)
		text(strconv.Itoa(i))
		text("cpu")
		integer(len(t.Float) + len(t.Int))
		s.WriteString("tQ")
		integer(0) // offset
		for _, numbers := range [][]int{t.Shape, strides} {
			s.WriteByte('(')
			for _, n := range numbers {
				integer(n)
			}
			s.WriteByte('t')
		}
		s.WriteString("\x89") // needs no gradient
		empty()               // nor hooks
		s.WriteString("tR")
	}
	s.WriteString("u.")
	return s.String()
}
