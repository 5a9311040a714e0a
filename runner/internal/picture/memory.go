package picture

import (
	"encoding/binary"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/store"
)

// Memory remembers the digests of photos' files, so that looking at 100,000 of
// them again takes about a second. A digest is believed as long as the file
// system says the same of the file: its size, the times of its modification and of
// its last change, its inode and its device.
//
// The time of change tells every edit, also one that keeps the size and sets the
// time of modification back, unless another change happened in the same tick of
// the clock. Therefore only a file that has been at rest is remembered. What stays
// possible is an edit of the same size on Windows, which tells no time of change,
// if it sets the time of modification back; and one that a file server's clock,
// behind by more than rest, hides. Whoever judges what others did uses no Memory.
//
// A nil Memory remembers nothing.
type Memory struct {
	store *store.Store
	doubt bool // believe nothing, but remember what is found now
	now   func() time.Time
}

// rest is how long a file has to be unchanged before it is hashed: the coarsest
// clock of a file system in use, that of FAT, ticks every two seconds.
const rest = 2 * time.Second

// NewMemory returns what a store remembers.
func NewMemory(st *store.Store) *Memory { return &Memory{store: st, now: time.Now} }

// Doubt returns the same memory for one who hashes all files again.
func (m *Memory) Doubt() *Memory {
	if m == nil {
		return nil
	}
	return &Memory{store: m.store, doubt: true, now: m.now}
}

// stamp is what the file system says of a file; what it does not tell is 0.
type stamp struct {
	Size, Modified, Changed int64 // bytes, and nanoseconds since 1970
	Inode, Device           uint64
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{Size: info.Size(), Modified: info.ModTime().UnixNano()}
	s.system(info)
	return s
}

// memo is what is remembered of a file; the zero memo is nothing.
type memo struct {
	stamp
	File digest.Digest
}

// kind of this type's keys in the store.
const kindMemory = "memory"

// recall returns what is remembered of the files in a folder, by their paths below
// it.
func (m *Memory) recall(dir string) map[string]memo {
	if m == nil {
		return nil
	}
	object, ok := m.store.Key(kindMemory, memoryKey(dir))
	if !ok {
		return nil
	}
	data, err := m.store.Get(object)
	if err != nil {
		return nil
	}
	return decodeMemos(data)
}

// keep remembers what was found of the entries, a memo each, beside what is known
// of other files in the folder. Where nothing can be written, hashing again only
// costs time.
func (m *Memory) keep(dir string, known map[string]memo, entries []Entry, found []memo) {
	if m == nil {
		return
	}
	all, news := make(map[string]memo, len(entries)), false
	maps.Copy(all, known)
	for i, entry := range entries {
		news = news || found[i] != known[entry.path]
		if all[entry.path] = found[i]; found[i] == (memo{}) {
			delete(all, entry.path)
		}
	}
	if !news {
		return
	}
	before, was := m.store.Key(kindMemory, memoryKey(dir))
	object, err := m.store.Put(encodeMemos(all))
	if err != nil || m.store.SetKey(kindMemory, memoryKey(dir), object) != nil {
		return
	}
	if was && before != object {
		m.store.Remove(before)
	}
}

func memoryKey(dir string) digest.Digest {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	return digest.New(kindMemory).Int(1).String(dir).Sum()
}

// look returns a file's digest and size: what is remembered, if info is still what
// the file system said then, else what the file holds now. The memo is zero where
// the file has not been at rest.
func (m *Memory) look(path string, info fs.FileInfo, was memo) (is memo, file digest.Digest, size int64, err error) {
	if m != nil && !m.doubt && was != (memo{}) && was.stamp == stampOf(info) {
		return was, was.File, was.Size, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return memo{}, digest.Digest{}, 0, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil { // of what is hashed: the path may lead elsewhere by now
		return memo{}, digest.Digest{}, 0, err
	}
	if is.stamp = stampOf(info); m == nil || m.now().UnixNano()-max(is.Modified, is.Changed) <= int64(rest) {
		is = memo{}
	}
	if file, size, err = digest.Reader(f); err != nil {
		return memo{}, digest.Digest{}, 0, err
	}
	if is != (memo{}) {
		is.File = file
	}
	return is, file, size, nil
}

// encodeMemos writes, in the order of their paths, each path's length, the path,
// the stamp and the digest; integers are little-endian, of 8 bytes.
func encodeMemos(all map[string]memo) []byte {
	var out []byte
	for _, path := range slices.Sorted(maps.Keys(all)) {
		m := all[path]
		out = binary.LittleEndian.AppendUint64(out, uint64(len(path)))
		out = append(out, path...)
		for _, v := range []uint64{uint64(m.Size), uint64(m.Modified), uint64(m.Changed), m.Inode, m.Device} {
			out = binary.LittleEndian.AppendUint64(out, v)
		}
		out = append(out, m.File[:]...)
	}
	return out
}

// decodeMemos reads what encodeMemos writes; the store has checked the bytes.
func decodeMemos(data []byte) map[string]memo {
	const fixed = 5*8 + len(digest.Digest{})
	all := make(map[string]memo, len(data)/(fixed+24))
	next := func() uint64 {
		v := binary.LittleEndian.Uint64(data)
		data = data[8:]
		return v
	}
	for len(data) >= 8+fixed {
		n := next()
		if n > uint64(len(data)-fixed) {
			return nil
		}
		path := string(data[:n])
		data = data[n:]
		m := memo{stamp: stamp{int64(next()), int64(next()), int64(next()), next(), next()}}
		data = data[copy(m.File[:], data):]
		all[path] = m
	}
	return all
}
