package fetch

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/progress"
)

// server gives content, with ranges, but only so many bytes of the first answer; it counts
// the bytes that it was asked for.
type server struct {
	content []byte
	cut     int // 0 for not
	asked   []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.Header.Get("Range"))
	if s.cut > 0 {
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write(s.content[:s.cut])
		s.cut = 0
		panic(http.ErrAbortHandler)
	}
	http.ServeContent(w, r, "weights.pth", time.Time{}, bytes.NewReader(s.content))
}

func start(t *testing.T, s *server) string {
	t.Helper()
	at := httptest.NewServer(s)
	t.Cleanup(at.Close)
	return at.URL + "/models/weights-0123.pth"
}

func content() []byte { return bytes.Repeat([]byte("weights "), 12500) }

func TestGet(t *testing.T) {
	sum := strings.TrimPrefix(digest.Of(content()).String(), "sha256:")
	for _, known := range []string{"", sum[:8], sum} {
		s := &server{content: content()}
		f, dir := File{URL: start(t, s), SHA256: known}, filepath.Join(t.TempDir(), "new")
		for range 2 { // the second time it is there
			path, err := f.Get(context.Background(), dir, progress.Silent)
			if err != nil {
				t.Fatal(err)
			}
			want := "weights-0123.pth"
			if known == sum {
				want = sum[:12] + "-" + want
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, s.content) || filepath.Base(path) != want {
				t.Errorf("%s has %d bytes: %v", path, len(got), err)
			}
		}
		if len(s.asked) != 1 {
			t.Errorf("asked %d times", len(s.asked))
		}
	}
}

// TestResume cuts the first answer: the second goes on where it was.
func TestResume(t *testing.T) {
	s := &server{content: content(), cut: 4321}
	f, dir := File{URL: start(t, s), SHA256: strings.TrimPrefix(digest.Of(content()).String(), "sha256:")}, t.TempDir()
	if _, err := f.Get(context.Background(), dir, progress.Silent); err == nil || !strings.Contains(err.Error(), "run again to go on") {
		t.Fatalf("a cut answer gave %v", err)
	}
	path, err := f.Get(context.Background(), dir, progress.Silent)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, s.content) {
		t.Errorf("%d bytes: %v", len(got), err)
	}
	if s.asked[1] != "bytes=4321-" {
		t.Errorf("asked for %q", s.asked[1])
	}
}

func TestGetRefuses(t *testing.T) {
	other := strings.Repeat("ab", 32)
	s := &server{content: content()}
	f, dir := File{URL: start(t, s), SHA256: other}, t.TempDir()
	_, err := f.Get(context.Background(), dir, progress.Silent)
	if err == nil || !strings.Contains(err.Error(), "not "+other) {
		t.Errorf("another file: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("another file left %v", left)
	}
	// What is left of another file is not gone on with for ever.
	if err := os.WriteFile(filepath.Join(dir, f.Name()+".part"), make([]byte, len(s.content)+7), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Get(context.Background(), dir, progress.Silent); err == nil {
		t.Error("what was left of another file is accepted")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("what was left stays: %v", left)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	if _, err := (File{URL: gone.URL}).Get(context.Background(), dir, progress.Silent); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("no such file: %v", err)
	}
}

func TestTorchvision(t *testing.T) {
	f, ok := Torchvision("resnet18")
	if want := (File{"https://download.pytorch.org/models/resnet18-f37072fd.pth", "f37072fd"}); !ok || f != want || f.Name() != "resnet18-f37072fd.pth" {
		t.Errorf("%+v", f)
	}
	if _, ok := Torchvision("resnet20"); ok {
		t.Error("resnet20 is torchvision's")
	}
}

// TestFollow holds that https stays https, and that it ends.
func TestFollow(t *testing.T) {
	ask := func(address string) *http.Request {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		next   string
		before []string
		want   string
	}{
		{"https://b.org/w", []string{"https://a.org/w"}, ""},
		{"http://b.org/w", []string{"http://a.org/w"}, ""},
		{"http://me:secret@b.org/w", []string{"https://a.org/w"}, "it leads on to http://me:xxxxx@b.org/w, which is not https"},
		{"file:///etc/passwd", []string{"https://a.org/w", "https://b.org/w"}, "file:///etc/passwd, which is not https"},
		{"https://b.org/w", strings.Fields(strings.Repeat("https://a.org/w ", 10)), "on and on"},
	} {
		var before []*http.Request
		for _, address := range c.before {
			before = append(before, ask(address))
		}
		if err := follow(ask(c.next), before); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("from %s to %s: %v, want %q", c.before[0], c.next, err, c.want)
		}
	}
	// The server of a test: the error of a redirect is the one of the fetch.
	s := httptest.NewServer(http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	defer s.Close()
	if _, err := (File{URL: s.URL + "/w.pth"}).Get(context.Background(), t.TempDir(), progress.Silent); err == nil {
		t.Error("a file of this machine was taken")
	}
}
