// Package store owns the objects that a run keeps on disk: pixels, checkpoints,
// weights, every stage's output. Objects are named by the SHA-256 of their
// content and checked against it whenever they are read, so that a damaged one
// is never believed: it is removed and made again. Keys point from what was
// asked for to the object that answers it. Deleting the folder loses time,
// never a result.
package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"biomass/runner/internal/digest"
)

// ErrMissing says that an object is absent, or was damaged and is so now.
var ErrMissing = errors.New("not in the store")

// Store is a folder of objects and keys. Several goroutines and processes may
// use the same one.
type Store struct {
	dir   string
	limit int64 // on the objects that are read; 0 is for none
}

// Open returns the store in dir, which is made when something is first put in.
func Open(dir string) (*Store, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Store{dir: dir}, nil
	case err != nil:
		return nil, fmt.Errorf("open store: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("open store: %s is a file, not a folder: set RUNNER_STORE to another place", dir)
	}
	return &Store{dir: dir}, nil
}

// Limited returns the store with a bound on what is read of it: of one that somebody
// else has filled.
func (s *Store) Limited(bytes int64) *Store { return &Store{dir: s.dir, limit: bytes} }

// Dir returns the folder.
func (s *Store) Dir() string { return s.dir }

func (s *Store) object(d digest.Digest) string {
	name := strings.TrimPrefix(d.String(), "sha256:")
	return filepath.Join(s.dir, "objects", name[:2], name[2:])
}

func (s *Store) key(kind string, key digest.Digest) string {
	name := strings.TrimPrefix(key.String(), "sha256:")
	return filepath.Join(s.dir, "keys", kind, name[:2], name[2:])
}

// elsewhere says where a store can be that may not be written here.
func elsewhere(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: set RUNNER_STORE to a folder that you may write to", err)
	}
	return err
}

// Put keeps data and returns its digest. Objects are not synced to disk: one
// that a crash tears is found out when it is read.
func (s *Store) Put(data []byte) (digest.Digest, error) {
	d := digest.Of(data)
	path := s.object(d)
	if whole(path, data) {
		return d, nil
	}
	if err := s.replace(path, data); err != nil {
		return digest.Digest{}, fmt.Errorf("keep an object in the store: %w", elsewhere(err))
	}
	return d, nil
}

// whole reports whether the file at path holds data: an object that is there
// may have been damaged.
func whole(path string, data []byte) bool {
	info, err := os.Stat(path)
	if err != nil || info.Size() != int64(len(data)) {
		return false
	}
	old, err := os.ReadFile(path)
	return err == nil && bytes.Equal(old, data)
}

// Get returns an object, or ErrMissing.
func (s *Store) Get(d digest.Digest) ([]byte, error) {
	path := s.object(d)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("object %s: %w", d.Short(), ErrMissing)
	}
	if err == nil && (!info.Mode().IsRegular() || s.limit > 0 && info.Size() > s.limit) {
		return nil, fmt.Errorf("object %s is none of runner's: %w", d.Short(), ErrMissing)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if errors.Is(err, fs.ErrNotExist) { // it was just removed
		return nil, fmt.Errorf("object %s: %w", d.Short(), ErrMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("read an object from the store: %w", err)
	}
	if digest.Of(data) != d {
		os.Remove(path)
		return nil, fmt.Errorf("object %s was damaged: %w", d.Short(), ErrMissing)
	}
	return data, nil
}

// Has reports whether an object is there, without reading it.
func (s *Store) Has(d digest.Digest) bool {
	_, err := os.Stat(s.object(d))
	return err == nil
}

// Health is what Check found.
type Health struct {
	Objects, Damaged int
	Bytes            int64 // of all objects
	Checked          int64 // of those that were read
}

// Check counts the objects and reads as many as fit into budget bytes; what is
// damaged is removed, as Get does it.
func (s *Store) Check(ctx context.Context, budget int64) (Health, error) {
	var h Health
	err := s.each(ctx, "objects", func(object digest.Digest, _ string, d fs.DirEntry) error {
		info, err := d.Info()
		if err != nil {
			return nil // it was just removed
		}
		h.Objects++
		h.Bytes += info.Size()
		if h.Checked+info.Size() > budget {
			return nil
		}
		h.Checked += info.Size()
		if _, err := s.Get(object); errors.Is(err, ErrMissing) {
			h.Damaged++
		} else if err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return h, fmt.Errorf("check the store: %w", err)
	}
	return h, nil
}

// each visits what the store has as objects or as keys, by the digest that it has as
// its name.
func (s *Store) each(ctx context.Context, part string, visit func(name digest.Digest, path string, d fs.DirEntry) error) error {
	return filepath.WalkDir(filepath.Join(s.dir, part), func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // nothing was kept yet, or it was just removed
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir():
			return nil
		}
		name, err := digest.Parse("sha256:" + filepath.Base(filepath.Dir(path)) + d.Name())
		if err != nil {
			return nil // a temporary file
		}
		return visit(name, path, d)
	})
}

// Remove forgets an object that nothing needs any more.
func (s *Store) Remove(d digest.Digest) { os.Remove(s.object(d)) }

// SetKey lets a key of some kind ("pixels", "train") point to an object.
func (s *Store) SetKey(kind string, key, object digest.Digest) error {
	if err := s.replace(s.key(kind, key), []byte(object.String()+"\n")); err != nil {
		return fmt.Errorf("keep a key in the store: %w", err)
	}
	return nil
}

// maxKey is what no key's file exceeds, in bytes.
const maxKey = 1 << 10

// Key returns the object that a key points to. A torn or foreign key file
// counts as none.
func (s *Store) Key(kind string, key digest.Digest) (digest.Digest, bool) {
	path := s.key(kind, key)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxKey {
		return digest.Digest{}, false
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return digest.Digest{}, false
	}
	d, err := digest.Parse(strings.TrimSpace(string(data)))
	return d, err == nil
}

// Keep puts a value as JSON and lets a key of some kind point to it. It returns the object's
// digest.
func (s *Store) Keep(kind string, key digest.Digest, value any) (digest.Digest, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return digest.Digest{}, fmt.Errorf("keep %s: %w", kind, err)
	}
	object, err := s.Put(data)
	if err != nil {
		return digest.Digest{}, err
	}
	return object, s.SetKey(kind, key, object)
}

// Recall reads into value what Keep put there. It reports false where there is nothing whole.
func (s *Store) Recall(kind string, key digest.Digest, value any) (digest.Digest, bool) {
	object, ok := s.Key(kind, key)
	return object, ok && s.Decode(object, value) == nil
}

// Decode reads an object of JSON into value.
func (s *Store) Decode(object digest.Digest, value any) error {
	data, err := s.Get(object)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, value)
}

// replace writes a file below the store's folder, which it makes invisible to
// git the first time.
func (s *Store) replace(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	if ignore := filepath.Join(s.dir, ".gitignore"); !exists(ignore) {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o666); err != nil {
			return err
		}
	}
	return replace(path, data)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// File is a file that people keep: a lock, a page of a report.
type File struct {
	Path string
	Data []byte
}

// WriteFile replaces a file in one step: whoever looks sees the old content or
// the new, whole. A file that already has this content is left alone. What is no
// file, such as /dev/stdout, is written to and stays what it is; a link stays one, too.
func WriteFile(path string, data []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, data, 0o666)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	_, err := WriteFiles([]File{{path, data}})
	return err
}

// WriteFiles replaces several files. The first takes its place, in the order
// given, only when all are whole on disk, so that a full disk changes none.
// Returned are the paths of those that were not as they should be.
func WriteFiles(files []File) (written []string, err error) {
	var paths, temporaries []string
	defer func() {
		for _, name := range temporaries[len(written):] {
			os.Remove(name)
		}
	}()
	for _, f := range files {
		if whole(f.Path, f.Data) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(f.Path), 0o777); err != nil {
			return nil, err
		}
		name, err := stage(f.Path, f.Data, true)
		if err != nil {
			return nil, err
		}
		paths, temporaries = append(paths, f.Path), append(temporaries, name)
	}
	for i, path := range paths {
		if err := os.Rename(temporaries[i], path); err != nil {
			return written, err
		}
		written = append(written, path)
	}
	return written, nil
}

// RemoveFiles removes files that people keep. One that is not there is none to remove.
func RemoveFiles(paths []string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Temporary returns the pattern of the temporary files that stand for a file or
// folder of this name until it is whole.
func Temporary(name string) string { return temporary + name + "-*" }

const temporary = ".tmp-"

// Sweep removes from dir the temporary files and folders of this name, or of any
// where it is "", that killed processes left behind. The caller holds the lock
// that guards the name.
func Sweep(dir, name string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	prefix := temporary
	if name != "" {
		prefix += name + "-"
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// abandoned is the age from which a temporary file of the store counts as left
// behind. Writing one takes seconds; a process that slept longer, as that of a
// closed laptop, writes it once more.
const abandoned = 24 * time.Hour

// Sweep removes the temporary files that killed processes left among objects and
// keys, once they are old enough to have no writer. What cannot be removed, e.g.
// another user's, stays.
func (s *Store) Sweep() {
	now := time.Now()
	for _, dir := range []string{"objects", "keys"} {
		filepath.WalkDir(filepath.Join(s.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), temporary) {
				return nil
			}
			if info, err := d.Info(); err == nil && now.Sub(info.ModTime()) > abandoned {
				os.Remove(path)
			}
			return nil
		})
	}
}

// replace writes to a temporary file beside path and renames it.
func replace(path string, data []byte) error {
	for {
		name, err := stage(path, data, false)
		if err != nil {
			return err
		}
		err = os.Rename(name, path)
		if errors.Is(err, fs.ErrNotExist) && !exists(name) { // swept while this process slept: once more
			continue
		}
		if err != nil {
			os.Remove(name)
		}
		return err
	}
}

// stage writes a temporary file beside path and returns its name.
func stage(path string, data []byte, sync bool) (name string, err error) {
	var f *os.File
	name, err = create(path, func(name string) (err error) {
		f, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		return err
	})
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return "", err
	}
	if sync {
		if err = f.Sync(); err != nil {
			return "", err
		}
	}
	return name, f.Close()
}

// TemporaryDir makes a folder that stands for the one at path until it is whole.
func TemporaryDir(path string) (string, error) {
	return create(path, func(name string) error { return os.Mkdir(name, 0o777) })
}

// create makes something new under a temporary name beside path. The umask says
// who may read it, as for any file; os.CreateTemp would keep it from other users
// of a shared store.
func create(path string, attempt func(name string) error) (string, error) {
	prefix := filepath.Join(filepath.Dir(path), temporary+filepath.Base(path)+"-")
	for {
		name := prefix + rand.Text()
		if err := attempt(name); !errors.Is(err, fs.ErrExist) {
			return name, err
		}
	}
}

// Lock waits for the named lock of this store and holds it until unlock is
// called or the process ends. It keeps two runs of one recipe apart. Where it has
// to wait, it calls waiting once with who has the lock, and gives up when ctx
// ends.
func (s *Store) Lock(ctx context.Context, name string, waiting func(holder string)) (unlock func(), err error) {
	const pause = 100 * time.Millisecond
	path := filepath.Join(s.dir, "locks", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("lock the store: %w", elsewhere(err))
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("lock the store: %w", elsewhere(err))
	}
	for tries := 0; ; tries++ {
		locked, err := lockFile(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("lock the store: %w", elsewhere(err))
		}
		if locked {
			break
		}
		if tries == 0 {
			waiting(holder(f))
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
	sign(f)
	return func() { f.Truncate(0); f.Close() }, nil
}

// busySince returns since when the first of the processes that are at work in this store is;
// the zero time where none is. What they have made lies there until they write their locks.
func (s *Store) busySince() (first time.Time) {
	dir := filepath.Join(s.dir, "locks")
	entries, _ := os.ReadDir(dir) // where there are none, nobody is at work
	for _, entry := range entries {
		f, err := os.OpenFile(filepath.Join(dir, entry.Name()), os.O_RDWR, 0)
		if err != nil {
			continue
		}
		free, err := lockFile(f)
		info, unknown := f.Stat()
		f.Close()
		if free || err != nil || unknown != nil {
			continue
		}
		if since := info.ModTime(); first.IsZero() || since.Before(first) { // it was signed then
			first = since
		}
	}
	return first
}

// sign writes into a lock who has it. That is for people only: where it cannot
// be written, the lock holds all the same.
func sign(f *os.File) {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	f.Truncate(0)
	f.WriteAt(fmt.Appendf(nil, "process %d on %s", os.Getpid(), host), 0)
}

// holder reads what sign wrote.
func holder(f *os.File) string {
	text := make([]byte, 300)
	n, _ := f.ReadAt(text, 0)
	if n == 0 {
		return "another process"
	}
	return string(text[:n])
}
