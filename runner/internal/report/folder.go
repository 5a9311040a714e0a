package report

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
)

// Read returns the files of a report, by name, as they were rendered: with the ends of
// lines that git may have changed. Where there is no report, there are none. Each is read
// by read, which knows where they are and how far somebody else's files are to be trusted.
func Read(read func(file string) ([]byte, error)) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, name := range Files() {
		data, err := read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !strings.HasSuffix(name, ".png") {
			data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
		}
		files[name] = data
	}
	return files, nil
}
