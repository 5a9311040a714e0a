package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWebPEqualsPillow compares with the digests of what Pillow 9.4 (libwebp) says of
// small files, which it wrote: lossy of odd and even sizes, with alpha, and lossless.
func TestWebPEqualsPillow(t *testing.T) {
	for _, c := range []struct {
		width, height int
		file, want    string
	}{
		{13, 9, "UklGRrIAAABXRUJQVlA4IKYAAAAQAwCdASoNAAkAAUAmJbACdDrANUA8oApS3IAFvbOpMoAA/v0pFJRrz9cXMAS/43k+mM7LNNjz2XDCMv7Msca3bD6R9pEjYk2+1rhKmwD0YyQJDV934XpKv+YuRr13+iLQ9/l7/66btp/+e9P5fbTuWFiO//86ViidhcoL/4FpczrnzzNkJbr4Y/J5P9S5/Dy/n/Tz+m1xfY5ZYicf3z/w9Qf8zwAA", "278e0a81f55bf414ea1b4ff3f1d43ea9ab6bd353deca1353b8ada89e164f2b6f"},
		{16, 8, "UklGRpIAAABXRUJQVlA4IIYAAACQAgCdASoQAAgAAsBMJbACdDBNv2dJmqT1bvsbAAD+9fBw+2X1SU76f3WqEkmxx47E+wePHE5S/xYIWNfta5+IrgK1UNKtId+eQngA+gChlw/0fi+bfVl+YXv+CXafDHia0IxKGk5zCvAzGpEwkr8A+2sufXP/PqOz4irmFxJnwZff3AAAAA==", "ecbb38b276339eb3da6c36a668ed02f42b5b9c08a0b05e96711f1079946917b3"},
		{1, 1, "UklGRjwAAABXRUJQVlA4IDAAAADwAQCdASoBAAEAAMASJaACdLoB+AAETAAA/v6NNH/4pP/FJ/4pP/8Un/770BvAwAA=", "7b744c7e865313ec09ccf944f36a73f6bb830fac2daf4240b18093acadf37d61"},
		{2, 5, "UklGRkwAAABXRUJQVlA4IEAAAAAQAgCdASoCAAUAAMASJagCdGuAAs25+gAAAP7/q4xNpEE4LiRq//Xpc+jb//16XPo2//89o/88JvnR99n0QAAA", "fb63d25b1b65e87d5dd1a005ed1771a5c1c72b58ff97222b50230a82a69cf086"},
		{7, 6, "UklGRqQAAABXRUJQVlA4WAoAAAAQAAAABgAABQAAQUxQSBYAAAABmYzof4BMwGIoo39GlwQREzABrBkPVlA4IGgAAABQAgCdASoHAAYAAUAmJbACdDXAOkrBkHvw2oAA/vzR6nViMQAH64tzP6WjVi1Mxr//+F/IeFnBYURY5+D/6HTV3roIt7r/7Neff0OK5/1MPL4yzqt+j8ouxbN87xwKqMKofX/JqEAAAA==", "c3a2db218508ca4fde9ecd0cf9036884468f3b4ac3ab0aea746c973df2c60237"},
		{9, 7, "UklGRk4AAABXRUJQVlA4TEIAAAAvCIABAJkyRPQ/NlGI6H9ALSRJ0KYTLcO5HMz5M7wIZtq2Tflvuylo24Yxf2RFs0sgJkCiNyoFPX6Ch6AzUDQmAQA=", "db4fb16256a00c3fd5f9336130064ad20166195e062f602118f46311bf49d432"},
	} {
		data, err := base64.StdEncoding.DecodeString(c.file)
		if err != nil {
			t.Fatal(err)
		}
		f, area, err := probe(data)
		if err != nil || f.name != "WebP" || area != c.width*c.height {
			t.Fatalf("%s of %d pixels, %v", f.name, area, err)
		}
		r, err := decode(data, f, 3)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(r.pix); hex.EncodeToString(sum[:]) != c.want {
			t.Errorf("%d x %d: other colours than Pillow's: %v", c.width, c.height, r.pix)
		}

		// Cut off, it is a problem, not a panic.
		for cut := range data {
			if f, _, err := probe(data[:cut]); err == nil {
				_, _ = decode(data[:cut], f, 3)
			}
		}
		// With a note that it lies on its side.
		if c.width == 13 {
			note := orientationNote(binary.LittleEndian, 6)
			turned := append([]byte{}, data...)
			turned = append(turned, "EXIF"...)
			turned = binary.LittleEndian.AppendUint32(turned, uint32(len(note)))
			turned = append(turned, note...)
			binary.LittleEndian.PutUint32(turned[4:], uint32(len(turned)-8))
			r, err := decode(turned, f, 3)
			if err != nil || r.width != c.height || r.height != c.width {
				t.Errorf("turned: %d x %d, %v", r.width, r.height, err)
			}
		}
	}
}

// TestGIF holds that the first picture of a GIF is taken, if it covers all of it.
func TestGIF(t *testing.T) {
	frame := func(r image.Rectangle, c uint8) *image.Paletted {
		m := image.NewPaletted(r, palette.Plan9)
		for i := range m.Pix {
			m.Pix[i] = c
		}
		return m
	}
	whole := image.Rect(0, 0, 9, 5)
	file := func(frames ...*image.Paletted) []byte {
		var b bytes.Buffer
		g := &gif.GIF{Image: frames, Delay: make([]int, len(frames)), Config: image.Config{Width: 9, Height: 5}}
		if err := gif.EncodeAll(&b, g); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	data := file(frame(whole, 200), frame(whole, 3))
	f, _, err := probe(data)
	if err != nil || f.name != "GIF" {
		t.Fatalf("%s, %v", f.name, err)
	}
	r, err := decode(data, f, 3)
	c := color.RGBAModel.Convert(palette.Plan9[200]).(color.RGBA)
	if err != nil || r.width != 9 || r.height != 5 || !bytes.Equal(r.pix, bytes.Repeat([]byte{c.R, c.G, c.B}, 45)) {
		t.Errorf("%+v, %v", r, err)
	}
	data = file(frame(image.Rect(2, 1, 9, 5), 200))
	if _, err = decode(data, f, 3); err == nil || !strings.Contains(err.Error(), "covers only a part of it; save it as a PNG") {
		t.Errorf("got %v", err)
	}
}

// TestForms holds what is said of how photos are stored.
func TestForms(t *testing.T) {
	rect := image.Rect(0, 0, 4, 4)
	clear := color.Palette{color.NRGBA{}, color.White}
	var moving bytes.Buffer
	if err := gif.Encode(&moving, image.NewPaletted(rect, palette.Plan9), nil); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"a.png": encode(t, formula(4, 4), png.Encode),
		"b.png": encode(t, image.NewNRGBA(rect), png.Encode),
		"c.png": encode(t, image.NewGray16(rect), png.Encode),
		"d.png": encode(t, image.NewPaletted(rect, clear), png.Encode),
		"e.png": encode(t, image.NewNRGBA64(rect), png.Encode),
		"f.jpg": encode(t, formula(2, 7), writeJPEG),
		"g.jpg": encode(t, image.NewGray(rect), writeJPEG),
		"h.jpg": encode(t, formula(4, 4), writeJPEG),
		"i.gif": moving.Bytes(),
		"j.txt": []byte("no photo"),
	}
	dir, names := t.TempDir(), []string{"gone.png"}
	for name, data := range files {
		names = append(names, name)
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Hash(t.Context(), dir, names, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	forms, err := Forms(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, form := range forms {
		got = append(got, form.String())
	}
	want := []string{
		"2 photos are JPEG (2 x 7 to 4 x 4 pixels)", "1 photos are GIF, of which the first picture is taken (4 x 4 pixels)", "1 photos are JPEG in gray (4 x 4 pixels)", "1 photos are PNG (4 x 4 pixels)",
		"1 photos are PNG in gray of 16 bits, of which the upper 8 are taken (4 x 4 pixels)",
		"1 photos are PNG of 16 bits that may be transparent, of which the upper 8 and the colours are taken (4 x 4 pixels)",
		"1 photos are PNG that may be transparent, which is left out (4 x 4 pixels)",
		"1 photos are PNG with a palette and transparency, which is left out (4 x 4 pixels)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
