//go:build unix

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile waits for an exclusive lock, which closing the file gives back.
func lockFile(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != unix.EINTR {
			return err
		}
	}
}
