package store

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile takes an exclusive lock, which closing the file gives back, or reports
// false when another process has it. What is locked is a byte beyond the content,
// which stays readable.
func lockFile(f *os.File) (bool, error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1})
	if err == windows.ERROR_LOCK_VIOLATION {
		return false, nil
	}
	return err == nil, err
}
