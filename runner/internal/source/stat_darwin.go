package source

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime returns when a file's content or metadata last changed, which no
// program can set back; zero where that is not known.
func changeTime(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(int64(s.Ctimespec.Sec), int64(s.Ctimespec.Nsec))
	}
	return time.Time{}
}
