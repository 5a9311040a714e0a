package picture

import (
	"io/fs"
	"syscall"
)

// system adds to a stamp what only this system tells.
func (s *stamp) system(info fs.FileInfo) {
	if t, ok := info.Sys().(*syscall.Stat_t); ok {
		s.Changed, s.Inode, s.Device = t.Ctim.Nano(), t.Ino, uint64(t.Dev)
	}
}
