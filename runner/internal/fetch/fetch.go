// Package fetch owns files that are published elsewhere: where they are, what their
// SHA-256 must be, and how they come here, once. It never believes what it gets: a
// file that is not the one that was asked for is removed.
package fetch

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/progress"
)

// File is one published file.
type File struct {
	URL string
	// SHA256 are the first hexadecimal digits of its SHA-256, or all 64; empty for any.
	SHA256 string
}

// Name is the name that the file has here: that of its address, behind the first digits of
// its SHA-256 where all are known, so that two files of the same name do not meet.
func (f File) Name() string {
	name := path.Base(f.URL)
	if name == "." || name == "/" {
		name = "file"
	}
	if len(f.SHA256) == hex.EncodedLen(len(digest.Digest{})) {
		name = f.SHA256[:12] + "-" + name
	}
	return name
}

// Is reports whether a file with this digest is the one.
func (f File) Is(d digest.Digest) bool {
	return strings.HasPrefix(strings.TrimPrefix(d.String(), "sha256:"), f.SHA256)
}

// limit is more than any file of weights has that this program can train, and any data set that it takes.
const limit = 8 << 30

// Get returns the path of the file in dir, which it fetches there if it is not there yet.
// A fetch that was cut goes on where it was. The name in dir appears only with the whole,
// checked file behind it.
func (f File) Get(ctx context.Context, dir string, reporter progress.Reporter) (string, error) {
	whole := filepath.Join(dir, f.Name())
	if _, err := os.Stat(whole); err == nil {
		return whole, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	part := whole + ".part"
	if err := f.download(ctx, part, reporter); err != nil {
		return "", fmt.Errorf("fetch %s: %w", f.URL, err)
	}
	found, _, err := digest.File(part)
	if err != nil {
		return "", err
	}
	if !f.Is(found) {
		os.Remove(part)
		return "", fmt.Errorf("fetch %s: its SHA-256 is %s, not %s: it is not the file that was published, or it was damaged on the way", f.URL, strings.TrimPrefix(found.String(), "sha256:"), f.SHA256)
	}
	return whole, os.Rename(part, whole)
}

// download appends to the file at path what it lacks.
func (f File) download(ctx context.Context, path string, reporter progress.Reporter) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer out.Close()
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	response, err := f.ask(ctx, have)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusPartialContent && have > 0:
	case response.StatusCode == http.StatusRequestedRangeNotSatisfiable && have > 0:
		return nil // all of it is here; if it is another file, its digest says so
	case response.StatusCode == http.StatusOK:
		have = 0
		if err := out.Truncate(0); err != nil {
			return err
		}
		if _, err := out.Seek(0, io.SeekStart); err != nil {
			return err
		}
	default:
		return fmt.Errorf("the server says %s", response.Status)
	}
	const kib = 1 << 10
	task := reporter.Start("fetch", int(max(0, have+response.ContentLength)/kib), "KiB")
	defer task.Done()
	task.Skip(int(have / kib))
	written, err := io.Copy(out, io.TeeReader(io.LimitReader(response.Body, limit-have+1), &counter{task: task, unit: kib}))
	if err != nil {
		return fmt.Errorf("%w: run again to go on", err)
	}
	if have+written > limit {
		return fmt.Errorf("it has more than the %d GiB that are fetched", limit>>30)
	}
	return out.Close()
}

// ask requests the file from byte have on.
func (f File) ask(ctx context.Context, have int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return nil, err
	}
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	return client.Do(request)
}

var client = http.Client{CheckRedirect: follow}

// follow lets a server lead on to another address, but never from https to what anybody on
// the way can change.
func follow(next *http.Request, before []*http.Request) error {
	switch {
	case len(before) >= 10:
		return errors.New("it leads on and on")
	case before[0].URL.Scheme == "https" && next.URL.Scheme != "https":
		return fmt.Errorf("it leads on to %s, which is not https", next.URL.Redacted())
	}
	return nil
}

// counter tells a task how many units have passed.
type counter struct {
	task       progress.Task
	unit, rest int
}

// Write implements io.Writer.
func (c *counter) Write(b []byte) (int, error) {
	c.rest += len(b)
	c.task.Add(c.rest / c.unit)
	c.rest %= c.unit
	return len(b), nil
}
