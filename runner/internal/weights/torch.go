package weights

import (
	"archive/zip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
)

// What torch.save writes, since torch 1.6: a zip archive without compression, in
// which NAME/data.pkl is a pickle that names storages, and NAME/data/KEY are their
// bytes. Before: pickles one behind the other, a magic number, a version, facts of
// the machine, the object, the storages' keys; then for each of them the number of
// its elements, in 8 bytes, and the elements
// (https://github.com/pytorch/pytorch/blob/main/torch/serialization.py).

const (
	zipMark      = "PK\x03\x04"
	legacyMagic  = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19" // 0x1950a86a20f9469cfc6c
	legacyFormat = 1001

	// maxDirectory is how many bytes of an archive may be read to find its files.
	maxDirectory = 16 << 20
	maxRecords   = maxTensors + 16
	// maxMetadata is the size of the record of metadata that WriteTorch writes.
	maxMetadata    = 16 << 20
	metadataRecord = "metadata.json"
)

// looksLegacy reports whether a file begins as a pickle of an integer.
func looksLegacy(start []byte) bool {
	return len(start) > 2 && start[0] == 0x80 && start[1] >= 2 && start[1] <= 5 && (start[2] == 0x8a || start[2] == 0x95)
}

// budget is a reader of which only so many bytes may be read.
type budget struct {
	io.ReaderAt
	left int64
}

func (b *budget) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, fmt.Errorf("its directory has more than %d bytes", maxDirectory)
	}
	return b.ReaderAt.ReadAt(p, at)
}

// parseTorch reads the pickle in an archive.
func parseTorch(r io.ReaderAt, size int64) (*File, error) {
	f := &File{Format: Torch}
	limited := &budget{r, maxDirectory}
	archive, err := zip.NewReader(limited, size)
	if err != nil {
		return f, err
	}
	limited.left = math.MaxInt64
	records, err := recordsOf(archive, size)
	if err != nil {
		return f, err
	}
	var tops []string
	for name := range records {
		if dir, file := path.Split(name); file == "data.pkl" && strings.Count(dir, "/") <= 1 {
			tops = append(tops, dir)
		}
	}
	if len(tops) != 1 {
		return f, fmt.Errorf("the archive has %d files data.pkl, and torch.save writes one", len(tops))
	}
	top := tops[0]
	pickled := records[top+"data.pkl"]
	if records[top+"constants.pkl"] != nil {
		return f, errors.New("it is TorchScript, a program: save the state_dict alone, torch.save(model.state_dict(), FILE)")
	}
	if order := records[top+"byteorder"]; order != nil {
		if text, err := order.read(r, 16); err != nil || string(text) != "little" {
			return f, fmt.Errorf("its byte order is %q: only little is read here (%v)", text, err)
		}
	}
	if facts := records[top+metadataRecord]; facts != nil {
		text, err := facts.read(r, maxMetadata)
		if err == nil {
			err = json.Unmarshal(text, &f.Metadata)
		}
		if err != nil {
			return f, fmt.Errorf("%s: %w", facts.name, err)
		}
	}
	if err := pickled.check(r); err != nil {
		return f, err
	}
	object, err := newUnpickler(io.NewSectionReader(r, pickled.at, pickled.bytes)).load()
	if err != nil {
		return f, fmt.Errorf("%s: %w", pickled.name, err)
	}
	return f, f.take(object, r, func(v *view) (*storage, error) {
		s := records[top+"data/"+v.storage]
		if s == nil {
			return nil, fmt.Errorf("the archive has no %sdata/%s", top, v.storage)
		}
		return s, nil
	})
}

// recordsOf returns the archive's files by name. They must lie in it as they are,
// each once: nothing is unpacked, so nothing can become larger than the archive.
func recordsOf(archive *zip.Reader, size int64) (map[string]*storage, error) {
	if len(archive.File) > maxRecords {
		return nil, fmt.Errorf("the archive has %d files, more than %d", len(archive.File), maxRecords)
	}
	records := make(map[string]*storage, len(archive.File))
	for _, f := range archive.File {
		name := f.Name
		switch {
		case !safeName(name):
			return nil, fmt.Errorf("the archive's name %.200q leaves its folder", name)
		case strings.HasSuffix(name, "/"):
			continue
		case f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 || f.Flags&1 != 0:
			return nil, fmt.Errorf("%.200s is compressed or encrypted in the archive, and torch.save does neither: load it with torch.load and save it again", name)
		case records[name] != nil:
			return nil, fmt.Errorf("the archive has two files %.200s", name)
		case f.UncompressedSize64 > uint64(size):
			return nil, fmt.Errorf("%.200s has %d bytes in an archive of %d: it is damaged", name, f.UncompressedSize64, size)
		}
		at, err := f.DataOffset()
		if err != nil {
			return nil, fmt.Errorf("%.200s: %w", name, err)
		}
		s := &storage{name: name, at: at, bytes: int64(f.UncompressedSize64), sum: f.CRC32}
		if s.bytes > size-s.at {
			return nil, fmt.Errorf("%.200s goes beyond the archive's end: it is damaged", name)
		}
		records[name] = s
	}
	return records, apart(records)
}

// apart refuses records of which one lies in another.
func apart(records map[string]*storage) error {
	sorted := make([]*storage, 0, len(records))
	for _, s := range records {
		if s.bytes > 0 {
			sorted = append(sorted, s)
		}
	}
	slices.SortFunc(sorted, func(a, b *storage) int { return int(a.at - b.at) })
	for i := 1; i < len(sorted); i++ {
		if sorted[i].at < sorted[i-1].at+sorted[i-1].bytes {
			return fmt.Errorf("%.200s and %.200s overlap in the archive", sorted[i-1].name, sorted[i].name)
		}
	}
	return nil
}

// safeName reports whether a name of an archive stays below it.
func safeName(name string) bool {
	return name != "" && name[0] != '/' && !strings.ContainsAny(name, "\\\x00") && !slices.Contains(strings.Split(name, "/"), "..")
}

// read reads a small record.
func (s *storage) read(r io.ReaderAt, limit int64) ([]byte, error) {
	if s.bytes > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", s.name, s.bytes, limit)
	}
	if err := s.check(r); err != nil {
		return nil, err
	}
	b := make([]byte, s.bytes)
	return b, readAt(r, b, s.at)
}

// parseLegacy reads the stream of pickles, and finds the storages behind them.
func parseLegacy(r io.ReaderAt, size int64) (*File, error) {
	f := &File{Format: TorchLegacy}
	u := newUnpickler(io.NewSectionReader(r, 0, size))
	magic, err := u.load()
	if err != nil {
		return f, err
	}
	if magic != any(opaque(legacyMagic)) {
		return f, errors.New("it is a pickle, but none that torch.save wrote")
	}
	format, err := u.load()
	if err != nil {
		return f, err
	}
	if format != any(int64(legacyFormat)) {
		return f, fmt.Errorf("its format is not %d", legacyFormat)
	}
	machine, err := u.load()
	if err != nil {
		return f, err
	}
	if facts, ok := machine.(*dict); !ok || !facts.has("little_endian", true) {
		return f, errors.New("it was written by a big-endian machine, which is not read here")
	}
	object, err := u.load()
	if err != nil {
		return f, err
	}
	keys, err := u.load()
	if err != nil {
		return f, err
	}
	found := map[string]*storage{}
	for _, k := range items(keys) {
		key, _ := k.(string)
		kind, known := elements[u.kinds[key]]
		if !known || found[key] != nil {
			return f, fmt.Errorf("the storage %.200q belongs to no tensor, or is there twice", key)
		}
		var count [8]byte
		if err := readAt(r, count[:], u.at); err != nil {
			return f, err
		}
		n, left := binary.LittleEndian.Uint64(count[:]), size-u.at-int64(len(count))
		if n > uint64(left/kind.bytes) {
			return f, fmt.Errorf("the storage %.200q has %d elements, beyond the file's end: the file is cut off or damaged", key, n)
		}
		found[key] = &storage{name: key, at: u.at + int64(len(count)), bytes: int64(n) * kind.bytes, checked: true}
		u.at = found[key].at + found[key].bytes
	}
	return f, f.take(object, r, func(v *view) (*storage, error) {
		s := found[v.storage]
		if s == nil || u.kinds[v.storage] != v.kind {
			return nil, fmt.Errorf("the file has no storage %.200q of type %s", v.storage, v.kind)
		}
		return s, nil
	})
}

// take takes the tensors of an unpickled object. find returns a view's storage.
func (f *File) take(object any, r io.ReaderAt, find func(*view) (*storage, error)) error {
	found, err := f.stateDict(object)
	if err != nil {
		return err
	}
	for i, t := range found.tensors {
		whole, err := find(t.view)
		var s *Stored
		if err == nil {
			s, err = t.place(whole)
		}
		if err != nil {
			return fmt.Errorf("tensor %q: %w", found.names[i], err)
		}
		s.Name, s.file = found.names[i], r
		f.Tensors = append(f.Tensors, s)
	}
	return nil
}

// place is where a tensor lies in its storage.
func (t *strided) place(whole *storage) (*Stored, error) {
	width := elements[t.view.kind].bytes
	v := t.view
	if v.count < 0 || v.offset+v.count > whole.bytes/width {
		return nil, fmt.Errorf("its storage has %d elements, and %d bytes in the file: the file is damaged", v.count, whole.bytes)
	}
	outside := func() (*Stored, error) {
		return nil, fmt.Errorf("offset %d, shape %v and strides %v lead out of its storage of %d elements", t.offset, t.shape, t.strides, v.count)
	}
	if t.offset < 0 || t.offset > v.count || len(t.shape) != len(t.strides) {
		return outside()
	}
	s := &Stored{Type: v.kind, Shape: make([]int, len(t.shape)), strides: make([]int, len(t.shape)), whole: whole}
	s.at = whole.at + (v.offset+t.offset)*width
	empty := slices.Contains(t.shape, 0)
	last, rowMajor := t.offset, true
	next := int64(1) // the stride of row-major order
	for d := len(t.shape) - 1; d >= 0; d-- {
		n, stride := t.shape[d], t.strides[d]
		if n < 0 || n > math.MaxInt64/16 || stride < 0 {
			return outside()
		}
		s.Shape[d], s.strides[d] = int(n), int(stride)
		if n < 2 || empty {
			continue
		}
		if stride > 0 && n-1 > v.count/stride {
			return outside()
		}
		last += (n - 1) * stride
		rowMajor = rowMajor && stride == next
		if n > v.count/next {
			next = math.MaxInt64 // no stride that stays inside
		} else {
			next *= n
		}
	}
	if last >= v.count && !empty {
		return outside()
	}
	if rowMajor || empty {
		s.strides = nil
	}
	return s, nil
}
