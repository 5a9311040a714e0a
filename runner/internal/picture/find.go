package picture

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// extensions tell a picture in a folder from another file.
var extensions = []string{".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif"}

// Find returns the files that people mean: a file is itself, a folder stands for
// the pictures in it and in its folders, by name, hidden ones left out; a pattern
// such as photos/*.jpg, which a shell did not replace, for what it matches; and -
// for the lines of more. What stands for nothing has an error that names it.
func Find(places []string, more io.Reader) (files []string, problems []error) {
	for _, place := range places {
		if place == "-" {
			lines := bufio.NewScanner(more)
			for lines.Scan() {
				if line := strings.TrimSpace(lines.Text()); line != "" {
					files = append(files, line)
				}
			}
			if err := lines.Err(); err != nil {
				problems = append(problems, fmt.Errorf("-: %w", err))
			}
			continue
		}
		info, err := os.Stat(place)
		switch {
		case err == nil && !info.IsDir():
			files = append(files, place)
		case err == nil:
			found, err := below(place)
			files = append(files, found...)
			if err == nil && len(found) == 0 {
				err = fmt.Errorf("there is no picture in it: none of its files ends in %s", strings.Join(extensions, ", "))
			}
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", place, err))
			}
		case strings.ContainsAny(place, "*?["):
			matches, err := filepath.Glob(place)
			if err == nil && len(matches) == 0 {
				err = fmt.Errorf("no file matches")
			}
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", place, err))
			}
			files = append(files, matches...)
		default:
			files = append(files, place) // reading it says what is wrong
		}
	}
	return files, problems
}

// below returns the pictures below a folder in the order of their names.
func below(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir() && slices.Contains(extensions, strings.ToLower(filepath.Ext(path))):
			files = append(files, path)
		}
		return nil
	})
	return files, err
}
