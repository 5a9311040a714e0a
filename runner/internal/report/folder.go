package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFile is what no file of a report exceeds, in bytes.
const maxFile = 64 << 20

// Read returns the files of the report in a folder, by name, as they were rendered: with
// the ends of lines that git may have changed. Where there is no report, there are none.
func Read(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, name := range Files() {
		data, err := readFile(filepath.Join(dir, name))
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

// readFile reads a file of a report that somebody else may have written.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s has more than %d MiB: no report has", path, maxFile>>20)
	}
	return data, nil
}
