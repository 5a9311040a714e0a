package fetch

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"biomass/runner/internal/progress"
)

// member is a file in an archive; a name that ends in a slash is a folder's.
type member struct {
	name, content string
	mode          fs.FileMode // besides 0o644
	kind          byte        // of a tar
}

func zipped(t *testing.T, members ...member) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, m := range members {
		header := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		header.SetMode(m.mode | 0o644)
		out, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(m.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func tarred(t *testing.T, members ...member) []byte {
	t.Helper()
	var file bytes.Buffer
	zip := gzip.NewWriter(&file)
	w := tar.NewWriter(zip)
	for _, m := range members {
		header := &tar.Header{Name: m.name, Mode: 0o644, Size: int64(len(m.content)), Typeflag: m.kind, Linkname: "elsewhere"}
		switch m.kind {
		case 0:
			header.Linkname = ""
		case tar.TypeXGlobalHeader:
			header = &tar.Header{Typeflag: m.kind, PAXRecords: map[string]string{"comment": "a commit"}}
		}
		if strings.HasSuffix(m.name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// unpacked unpacks an archive of these bytes, and returns the files that are then there.
func unpacked(t *testing.T, ctx context.Context, archive []byte) (map[string]string, error) {
	t.Helper()
	above := t.TempDir()
	file, dir := filepath.Join(above, "archive"), filepath.Join(above, "dir")
	if err := errors.Join(os.WriteFile(file, archive, 0o666), os.Mkdir(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	failed := Unpack(ctx, file, dir, progress.Silent)
	found := map[string]string{}
	err := filepath.WalkDir(above, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path == file {
			return err
		}
		content, err := os.ReadFile(path)
		found[strings.TrimPrefix(filepath.ToSlash(path), filepath.ToSlash(above)+"/")] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, failed
}

func TestUnpack(t *testing.T) {
	members := []member{{name: "./"}, {name: "images/"}, {name: "images/a.png", content: "photo a"}, {name: "./images/ü/b.png", content: "photo b", mode: 0o111}, {name: "labels.csv", content: ""}}
	for name, archive := range map[string][]byte{
		"zip": zipped(t, members[1:]...), "tar.gz": tarred(t, members...),
		"tar of git": tarred(t, append([]member{{name: "pax_global_header", kind: tar.TypeXGlobalHeader}}, members...)...),
	} {
		found, err := unpacked(t, context.Background(), archive)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(found) != 3 || found["dir/images/a.png"] != "photo a" || found["dir/images/ü/b.png"] != "photo b" {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// TestUnpackRefuses holds that nothing of an archive leaves its folder, and that one that is
// damaged, or made to do harm, is an error.
func TestUnpackRefuses(t *testing.T) {
	const outside, noFile = "is no path below a folder", "is no file and no folder"
	zeros := strings.Repeat("\x00", 2*spare)
	whole := zipped(t, member{name: "a", content: strings.Repeat("words that are there ", 99)})
	damaged := bytes.Replace(whole, whole[40:44], []byte{1, 2, 3, 4}, 1)
	encrypted := bytes.Replace(zipped(t, member{name: "a"}), []byte("PK\x01\x02\x14\x03\x14\x00\x08\x00"), []byte("PK\x01\x02\x14\x03\x14\x00\x09\x00"), 1)
	whole = tarred(t, member{name: "a", content: "words"})
	for name, c := range map[string]struct {
		archive []byte
		want    string
	}{
		"above":              {zipped(t, member{name: "../a", content: "x"}), outside},
		"above by a detour":  {zipped(t, member{name: "a/../../b", content: "x"}), outside},
		"from the top":       {zipped(t, member{name: "/etc/a", content: "x"}), outside},
		"backslash":          {zipped(t, member{name: `..\a`, content: "x"}), outside},
		"control":            {zipped(t, member{name: "a\nb", content: "x"}), outside},
		"no text":            {zipped(t, member{name: "a\xff", content: "x"}), outside},
		"no name":            {zipped(t, member{name: "", content: "x"}), ""},
		"above, tar":         {tarred(t, member{name: "../a", content: "x"}), outside},
		"folder above":       {tarred(t, member{name: "../a/"}), outside},
		"link":               {zipped(t, member{name: "a", content: "/etc/passwd", mode: fs.ModeSymlink}), noFile},
		"link, tar":          {tarred(t, member{name: "a", kind: tar.TypeSymlink}), noFile},
		"hard link":          {tarred(t, member{name: "a", kind: tar.TypeLink}), noFile},
		"device":             {tarred(t, member{name: "a", kind: tar.TypeChar}), noFile},
		"pipe":               {tarred(t, member{name: "a", kind: tar.TypeFifo}), noFile},
		"twice":              {zipped(t, member{name: "a", content: "1"}, member{name: "./a", content: "2"}), `"./a" is there twice`},
		"a folder's name":    {zipped(t, member{name: "a/"}, member{name: "a", content: "x"}), "is there twice"},
		"below a file":       {zipped(t, member{name: "a", content: "1"}, member{name: "a/b", content: "2"}), "a"},
		"bomb":               {zipped(t, member{name: "a", content: zeros}), "made to fill a disk"},
		"bomb, tar":          {tarred(t, member{name: "a", content: zeros}), "made to fill a disk"},
		"damaged":            {damaged, `"a": `},
		"cut":                {whole[:len(whole)-6], "unexpected EOF"},
		"encrypted":          {encrypted, "is encrypted"},
		"nothing":            {zipped(t, member{name: "a/"}), "no file in it"},
		"empty":              {nil, "neither a .zip nor a .tar.gz"},
		"another":            {[]byte("7z\xbc\xaf\x27\x1c"), "neither a .zip nor a .tar.gz"},
		"a zip's first bits": {[]byte("PK\x03\x04"), "not a valid zip file"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := unpacked(t, context.Background(), c.archive)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			for path := range found {
				if !strings.HasPrefix(path, "dir/") {
					t.Errorf("it left %s", path)
				}
			}
		})
	}
}

func TestUnpackInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := unpacked(t, ctx, zipped(t, member{name: "a", content: "x"})); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
