//go:build !linux && !darwin

package source

import (
	"io/fs"
	"time"
)

// changeTime returns the zero time: when metadata changed is not known here.
func changeTime(fs.FileInfo) time.Time { return time.Time{} }
