package fetch

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"biomass/runner/internal/progress"
)

// What is beyond this is no data set, or an archive made to fill a disk: photos shrink
// little, and a table to a tenth.
const (
	maxFiles = 2_000_000
	maxRatio = 100     // bytes unpacked to those of the archive,
	spare    = 1 << 20 // and as many more
)

// Unpack writes what is in an archive, a .zip or a .tar.gz by its content, below dir, which
// must be there and empty. It takes files and folders, whose names stay below dir, and
// nothing else: no links, nothing twice, no more than the archive's size explains. After
// an error dir holds a part of the archive, and is to be removed.
func Unpack(ctx context.Context, archive, dir string, reporter progress.Reporter) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	u := &unpacking{ctx: ctx, root: root, left: spare + maxRatio*info.Size()}
	in := bufio.NewReader(file)
	start, _ := in.Peek(4)
	switch {
	case bytes.Equal(start, []byte("PK\x03\x04")):
		err = u.zip(file, info.Size(), reporter)
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		err = u.tar(in, reporter)
	default:
		err = errors.New("neither a .zip nor a .tar.gz")
	}
	if err == nil && u.files == 0 {
		err = errors.New("there is no file in it")
	}
	if err != nil {
		return fmt.Errorf("unpack %s: %w", archive, err)
	}
	return nil
}

// unpacking is an archive being unpacked.
type unpacking struct {
	ctx   context.Context
	root  *os.Root
	files int
	left  int64 // bytes that may still come
}

func (u *unpacking) zip(file io.ReaderAt, size int64, reporter progress.Reporter) error {
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return err
	}
	task := reporter.Start("unpack", len(archive.File), "files")
	defer task.Done()
	for _, f := range archive.File {
		if f.Flags&1 != 0 {
			return fmt.Errorf("%q is encrypted", f.Name)
		}
		content, err := f.Open()
		if err != nil {
			return fmt.Errorf("%q: %w", f.Name, err)
		}
		err = u.add(f.Name, f.Mode(), content)
		content.Close()
		if err != nil {
			return err
		}
		task.Add(1)
	}
	return nil
}

func (u *unpacking) tar(in io.Reader, reporter progress.Reporter) error {
	plain, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	task := reporter.Start("unpack", 0, "files")
	defer task.Done()
	for archive := tar.NewReader(plain); ; task.Add(1) {
		header, err := archive.Next()
		switch {
		case err == io.EOF:
			// The checksum stands behind the end.
			_, err = io.Copy(io.Discard, io.LimitReader(plain, u.left))
			return err
		case err != nil:
			return err
		case header.Typeflag == tar.TypeXGlobalHeader:
			continue
		}
		mode := header.FileInfo().Mode()
		if header.Typeflag == tar.TypeLink {
			mode |= fs.ModeSymlink // to itself it says that it is a file
		}
		if err := u.add(header.Name, mode, archive); err != nil {
			return err
		}
	}
}

// add writes one file, or makes a folder.
func (u *unpacking) add(name string, mode fs.FileMode, content io.Reader) error {
	local := filepath.FromSlash(path.Clean(name))
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) || strings.Contains(name, `\`) || !filepath.IsLocal(local) {
		return fmt.Errorf("%q is no path below a folder on every system", name)
	}
	if mode.IsDir() {
		return u.root.MkdirAll(local, 0o777)
	}
	if !mode.IsRegular() {
		return fmt.Errorf("%q is no file and no folder: links and the like are not unpacked", name)
	}
	if u.files++; u.files > maxFiles {
		return fmt.Errorf("there are more than %d files in it", maxFiles)
	}
	if err := u.root.MkdirAll(filepath.Dir(local), 0o777); err != nil {
		return err
	}
	file, err := u.root.OpenFile(local, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%q is there twice, on a system that may not tell small letters from capitals", name)
	}
	if err != nil {
		return err
	}
	n, err := io.Copy(file, io.LimitReader(interruptible{u.ctx, content}, u.left+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	if u.left -= n; u.left < 0 {
		return fmt.Errorf("there is more than %d times as much in it as its size: made to fill a disk", maxRatio)
	}
	return nil
}

// interruptible reads until ctx ends.
type interruptible struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (r interruptible) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}
