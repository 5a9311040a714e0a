//go:build unix

package store

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMode holds that the umask alone says who may read what the store and the
// writer of reports make.
func TestMode(t *testing.T) {
	for umask, want := range map[int]os.FileMode{0o022: 0o644, 0o002: 0o664, 0o077: 0o600} {
		old := unix.Umask(umask)
		s := open(t)
		d, err := s.Put([]byte("content"))
		keyErr := s.SetKey("kind", d, d)
		page := filepath.Join(t.TempDir(), "page")
		writeErr := WriteFile(page, []byte("text"))
		dir, dirErr := TemporaryDir(page)
		unix.Umask(old)
		for _, err := range []error{err, keyErr, writeErr, dirErr} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for path, want := range map[string]os.FileMode{s.object(d): want, s.key("kind", d): want, page: want, dir: 0o777 &^ os.FileMode(umask)} {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("umask %03o: %s has mode %03o, want %03o", umask, filepath.Base(path), got, want)
			}
		}
	}
}
