package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// settings are what decides how a working tree is compared (git-config(1),
// section core).
type settings struct {
	autocrlf       bool // line ends of texts are stored as LF
	fileMode       bool // the file system knows which files are executable
	symlinks       bool // the file system knows symbolic links
	ignoreCase     bool // the file system does not tell a from A
	precompose     bool // the file system takes composed letters apart
	excludesFile   string
	attributesFile string
}

// readSettings merges the configuration of the system, the user and the
// repository, later ones winning.
func readSettings(repository billy.Filesystem) (settings, error) {
	c := configuration{}
	for _, path := range userConfigurations() {
		if err := c.include(path, 0); err != nil {
			return settings{}, err
		}
	}
	f, err := repository.Open("config")
	if err != nil {
		return settings{}, fmt.Errorf("a git configuration that cannot be read: %w", err)
	}
	defer f.Close()
	if err := c.read(f, filepath.Join(repository.Root(), "config"), 0); err != nil {
		return settings{}, err
	}
	if c["worktree"] != "" {
		return settings{}, errors.New("a working tree that is moved by core.worktree")
	}
	s := settings{
		autocrlf:       c.is("autocrlf", false) || strings.EqualFold(c["autocrlf"], "input"),
		fileMode:       c.is("filemode", runtime.GOOS != "windows"),
		symlinks:       c.is("symlinks", runtime.GOOS != "windows"),
		ignoreCase:     c.is("ignorecase", false),
		precompose:     c.is("precomposeunicode", false),
		excludesFile:   userFile("ignore"),
		attributesFile: userFile("attributes"),
	}
	if path, ok := c["excludesfile"]; ok {
		s.excludesFile = expand(path)
	}
	if path, ok := c["attributesfile"]; ok {
		s.attributesFile = expand(path)
	}
	return s, nil
}

// configuration holds the decisive keys of the section core, in lower case.
type configuration map[string]string

var decisive = []string{"autocrlf", "filemode", "symlinks", "ignorecase", "precomposeunicode", "excludesfile", "attributesfile", "worktree"}

// is returns a truth value. A key without a value is true.
func (c configuration) is(key string, otherwise bool) bool {
	value, ok := c[key]
	if !ok {
		return otherwise
	}
	switch strings.ToLower(value) {
	case "", "true", "yes", "on", "1":
		return true
	}
	return false
}

// userConfigurations lists the files that git reads before the repository's.
func userConfigurations() []string {
	var paths []string
	if os.Getenv("GIT_CONFIG_NOSYSTEM") == "" {
		if system, ok := os.LookupEnv("GIT_CONFIG_SYSTEM"); ok {
			paths = append(paths, system)
		} else {
			paths = append(paths, systemFiles("gitconfig")...)
		}
	}
	if global, ok := os.LookupEnv("GIT_CONFIG_GLOBAL"); ok {
		return append(paths, global)
	}
	return append(paths, userFile("config"), expand("~/.gitconfig"))
}

// systemFiles returns where a file of git's system-wide folder may be: /etc, or
// etc beside the git program where that brings its own.
func systemFiles(name string) []string {
	paths := []string{filepath.Join("/etc", name)}
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		return paths
	}
	if program, err := exec.LookPath("git"); err == nil {
		paths = append(paths, filepath.Join(filepath.Dir(filepath.Dir(program)), "etc", name))
	}
	return paths
}

// userFile returns the path of a file in the user's git folder.
func userFile(name string) string {
	if base := os.Getenv("XDG_CONFIG_HOME"); base != "" {
		return filepath.Join(base, "git", name)
	}
	return expand("~/.config/git/" + name)
}

// expand resolves a leading ~/.
func expand(path string) string {
	if below, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		return filepath.Join(home, below)
	}
	return path
}

// include reads a configuration file if there is one.
func (c configuration) include(path string, depth int) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) || path == "" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("a git configuration that cannot be read: %w", err)
	}
	defer f.Close()
	return c.read(f, path, depth)
}

// read adds what one configuration file says, and what it includes.
func (c configuration) read(r io.Reader, path string, depth int) error {
	if depth > 10 { // git's own limit
		return fmt.Errorf("a git configuration, %s, that includes itself", path)
	}
	parsed := config.New()
	if err := config.NewDecoder(r).Decode(parsed); err != nil {
		return fmt.Errorf("a git configuration that cannot be read: %s: %w", path, err)
	}
	for _, section := range parsed.Sections {
		switch {
		case section.IsName("core"):
			for _, key := range decisive {
				if section.HasOption(key) {
					c[key] = section.Option(key)
				}
			}
		case section.IsName("include"):
			for _, included := range section.OptionAll("path") {
				if err := c.include(beside(path, included), depth+1); err != nil {
					return err
				}
			}
		case section.IsName("includeIf"):
			if err := c.checkConditional(section, path, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkConditional refuses files that are included under a condition and would
// change a setting: the conditions are not evaluated.
func (c configuration) checkConditional(section *config.Section, path string, depth int) error {
	for _, condition := range section.Subsections {
		for _, included := range condition.OptionAll("path") {
			perhaps := configuration{}
			if err := perhaps.include(beside(path, included), depth+1); err != nil {
				return err
			}
			for _, key := range decisive {
				if value, ok := perhaps[key]; ok && value != c[key] {
					return fmt.Errorf("core.%s is set in %s, which is included on the condition %s", key, included, condition.Name)
				}
			}
		}
	}
	return nil
}

// beside resolves a path in a configuration file.
func beside(configuration, path string) string {
	path = expand(path)
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(configuration), path)
	}
	return path
}
