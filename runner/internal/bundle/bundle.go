// Package bundle owns the pack: one file with all that somebody hands in, named
// by the digest of what it holds. A pack is a plain tar archive whose first file,
// the manifest, lists every other with its size and SHA-256. Whoever reads one
// trusts nothing of it: what is not in the manifest, not of the size and digest
// that it says there, too large, or named in a way that leaves the folder is an
// error, and then nothing of it is left on the disk.
package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/store"
)

// format is the version of the pack's own form.
const format = 1

// DefaultLimit is how many bytes a pack may hold unless told otherwise.
const DefaultLimit = 500 << 20

const (
	manifestName = "manifest.json"
	maxManifest  = 4 << 20
	maxFiles     = 10_000
	maxPath      = 512 // bytes
)

// manifest is the first file of a pack.
type manifest struct {
	Pack  int     `json:"pack"`
	Files []Entry `json:"files"` // by path, ascending
}

// Entry is one file of a pack.
type Entry struct {
	Path   string        `json:"path"` // with slashes
	Bytes  int64         `json:"bytes"`
	Digest digest.Digest `json:"digest"`
}

// File is a file that is to be packed: from the disk, or as it is.
type File struct {
	Path string
	From string // path on this machine; empty for Data
	Data []byte
}

func (f File) open() (io.ReadCloser, error) {
	if f.From == "" {
		return io.NopCloser(bytes.NewReader(f.Data)), nil
	}
	return os.Open(f.From)
}

func (f File) entry() (Entry, error) {
	if f.From == "" {
		return Entry{f.Path, int64(len(f.Data)), digest.Of(f.Data)}, nil
	}
	d, n, err := digest.File(f.From)
	return Entry{f.Path, n, d}, err
}

// Write writes a pack and returns its digest. The same files give the same bytes.
func Write(w io.Writer, files []File, limit int64) (digest.Digest, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	m := manifest{Pack: format}
	for _, f := range files {
		e, err := f.entry()
		if err != nil {
			return digest.Digest{}, err
		}
		m.Files = append(m.Files, e)
	}
	if err := m.check(limit); err != nil {
		return digest.Digest{}, err
	}
	head, err := json.Marshal(m)
	if err != nil {
		return digest.Digest{}, err
	}
	t := tar.NewWriter(w)
	if err := t.WriteHeader(header(manifestName, int64(len(head)))); err != nil {
		return digest.Digest{}, err
	}
	if _, err := t.Write(head); err != nil {
		return digest.Digest{}, err
	}
	for i, f := range files {
		if err := add(t, f, m.Files[i]); err != nil {
			return digest.Digest{}, fmt.Errorf("pack %s: %w", f.Path, err)
		}
	}
	return digest.Of(head), t.Close()
}

// add writes one file, which must still be the one that the manifest names.
func add(t *tar.Writer, f File, e Entry) error {
	r, err := f.open()
	if err != nil {
		return err
	}
	defer r.Close()
	if err := t.WriteHeader(header(e.Path, e.Bytes)); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(t, sum), r); err != nil {
		return err
	}
	if digest.Digest(sum.Sum(nil)) != e.Digest {
		return errors.New("it changed while it was packed: pack again")
	}
	return nil
}

// header says nothing of the machine or the time.
func header(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, Format: tar.FormatPAX}
}

// check says what no pack has.
func (m *manifest) check(limit int64) error {
	if m.Pack != format {
		return fmt.Errorf("pack format %d: this runner reads format %d", m.Pack, format)
	}
	if len(m.Files) > maxFiles {
		return fmt.Errorf("%d files: a pack has at most %d", len(m.Files), maxFiles)
	}
	var total int64
	folded, folders := map[string]string{}, map[string]string{}
	for i, e := range m.Files {
		switch {
		case !safe(e.Path):
			return fmt.Errorf("the path %q is not one that a pack may have", e.Path)
		case i > 0 && e.Path <= m.Files[i-1].Path:
			return fmt.Errorf("%s: its files are not in order", e.Path)
		case e.Bytes < 0 || e.Bytes > limit-total:
			return fmt.Errorf("it holds more than the limit of %d MB: say --limit MB", limit>>20)
		}
		total += e.Bytes
		key := fold(e.Path)
		if other, twice := folded[key]; twice {
			return fmt.Errorf("%s and %s are one file on some systems", other, e.Path)
		}
		folded[key] = e.Path
		for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
			folders[dir] = e.Path
		}
	}
	for key, name := range folded {
		if below, ok := folders[key]; ok {
			return fmt.Errorf("%s is a file and the folder of %s", name, below)
		}
	}
	return nil
}

// fold brings together names that some file systems do not tell apart.
func fold(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// safe reports whether a path stays below its folder and names the same file on
// every system: with slashes, no part that is hidden, empty or ends in a dot or a
// space, and none of the characters that have a meaning elsewhere.
func safe(name string) bool {
	if name == "" || name == manifestName || len(name) > maxPath || !utf8.ValidString(name) || !fs.ValidPath(name) ||
		!filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsAny(name, `\:*?"<>|`) {
		return false
	}
	for _, part := range strings.Split(name, "/") {
		base, _, _ := strings.Cut(strings.ToUpper(part), ".")
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") || reserved(base) {
			return false
		}
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// reserved reports whether Windows takes a name for a device.
func reserved(base string) bool {
	switch base {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(base) == 4 && (strings.HasPrefix(base, "COM") || strings.HasPrefix(base, "LPT")) && base[3] >= '0' && base[3] <= '9'
}

// Is reports whether the file at path begins as a pack does.
func Is(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	h, err := tar.NewReader(io.LimitReader(f, 1<<16)).Next()
	return err == nil && h.Name == manifestName
}

// Read reads a pack and gives every file, checked, to take: first all entries to
// plan, which may refuse them, then one after the other to open, which returns
// where its bytes go. A file's bytes are known to be those of the manifest only
// when Read returns nil. Returned is the pack's digest.
func Read(r io.Reader, limit int64, plan func([]Entry) error, open func(Entry) (io.WriteCloser, error)) (digest.Digest, error) {
	// The tar around the files takes little more than they do.
	archive := tar.NewReader(io.LimitReader(r, limit+maxManifest+4096*(maxFiles+2)))
	head, err := archive.Next()
	if err != nil || head.Name != manifestName || head.Typeflag != tar.TypeReg || head.Size > maxManifest {
		return digest.Digest{}, errors.New("not a pack: it does not begin with a manifest")
	}
	text, err := io.ReadAll(io.LimitReader(archive, maxManifest+1))
	if err != nil {
		return digest.Digest{}, fmt.Errorf("the manifest: %w", cut(err))
	}
	var m manifest
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return digest.Digest{}, fmt.Errorf("the manifest: %w", err)
	}
	if err := m.check(limit); err != nil {
		return digest.Digest{}, err
	}
	if err := plan(m.Files); err != nil {
		return digest.Digest{}, err
	}
	for _, e := range m.Files {
		if err := take(archive, e, open); err != nil {
			return digest.Digest{}, fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	if _, err := archive.Next(); err != io.EOF {
		return digest.Digest{}, errors.New("it holds more than its manifest names, or its end is missing")
	}
	return digest.Of(text), nil
}

// take reads one file, which must be the one that the manifest names.
func take(archive *tar.Reader, e Entry, open func(Entry) (io.WriteCloser, error)) error {
	h, err := archive.Next()
	switch {
	case err != nil:
		return cut(err)
	case h.Name != e.Path || h.Typeflag != tar.TypeReg || h.Size != e.Bytes:
		return fmt.Errorf("the archive has %q of %d bytes in its place", h.Name, h.Size)
	}
	w, err := open(e)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.CopyN(io.MultiWriter(w, sum), archive, e.Bytes)
	if e := w.Close(); err == nil {
		err = e
	}
	if err != nil {
		return cut(err)
	}
	if found := digest.Digest(sum.Sum(nil)); found != e.Digest {
		return fmt.Errorf("its bytes have digest %s, the manifest says %s", found, e.Digest)
	}
	return nil
}

// cut says in words that the file ends too early.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the pack is cut short")
	}
	return err
}

// Unpack reads the pack at path into the folder dir, which must not exist or be
// empty; it appears whole or not at all. accept refuses files that do not belong
// into such a pack.
func Unpack(path, dir string, limit int64, accept func([]Entry) error) (d digest.Digest, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("unpack %s: %w", path, err)
		}
	}()
	if have, err := os.ReadDir(dir); len(have) > 0 {
		return d, fmt.Errorf("%s is not empty: name another folder", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return d, err
	}
	f, err := os.Open(path)
	if err != nil {
		return d, err
	}
	defer f.Close()
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return d, err
	}
	partial, err := os.MkdirTemp(parent, store.Temporary(filepath.Base(dir)))
	if err != nil {
		return d, err
	}
	defer os.RemoveAll(partial)
	root, err := os.OpenRoot(partial)
	if err != nil {
		return d, err
	}
	defer root.Close()
	d, err = Read(f, limit, accept, func(e Entry) (io.WriteCloser, error) {
		name := filepath.FromSlash(e.Path)
		if err := root.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return nil, err
		}
		return root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	})
	if err != nil {
		return d, err
	}
	if err := os.Chmod(partial, 0o755); err != nil {
		return d, err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return d, err
	}
	return d, os.Rename(partial, dir)
}
