package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"biomass/runner/internal/digest"
)

// formula is a picture with all colours and no symmetry.
func formula(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetNRGBA(x, y, color.NRGBA{uint8(5*x + y), uint8(x * y / 7), uint8(200 - 3*y + x), 255})
		}
	}
	return m
}

func encode(t *testing.T, m image.Image, write func(io.Writer, image.Image) error) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := write(&file, m); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func writeJPEG(w io.Writer, m image.Image) error {
	return jpeg.Encode(w, m, &jpeg.Options{Quality: 90})
}

func writeTIFF(w io.Writer, m image.Image) error { return tiff.Encode(w, m, nil) }

// orientationNote is a TIFF directory with a tag before the orientation.
func orientationNote(order binary.AppendByteOrder, o orientation) []byte {
	note := map[bool]string{true: "II*\x00", false: "MM\x00*"}[order == binary.LittleEndian]
	b := order.AppendUint32([]byte(note), 8)
	b = order.AppendUint16(b, 2)
	for _, tag := range [][2]uint16{{0x0100, 7}, {0x0112, uint16(o)}} {
		b = order.AppendUint16(b, tag[0])
		b = order.AppendUint16(b, 3)
		b = order.AppendUint32(b, 1)
		b = order.AppendUint16(b, tag[1])
		b = order.AppendUint16(b, 0)
	}
	return order.AppendUint32(b, 0)
}

// withNote puts an EXIF segment behind the first two bytes of a JPEG.
func withNote(file, note []byte) []byte {
	segment := append([]byte("\xff\xe1\x00\x00Exif\x00\x00"), note...)
	binary.BigEndian.PutUint16(segment[2:], uint16(len(segment)-2))
	return slices.Concat(file[:2], segment, file[2:])
}

func mustDecode(t *testing.T, data []byte) raster {
	t.Helper()
	f, _, err := probe(data)
	if err != nil {
		t.Fatal(err)
	}
	r, err := decode(data, f, 3)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestGolden holds the bits of the decoders, which come with Go and its modules,
// and of the resizing. A new constant means other pixels for everybody.
func TestGolden(t *testing.T) {
	photo := formula(61, 43)
	grey, deep := image.NewGray(photo.Rect), image.NewNRGBA64(photo.Rect)
	glass := formula(61, 43)
	palette := image.NewPaletted(photo.Rect, color.Palette{color.NRGBA{1, 2, 3, 255}, color.NRGBA{200, 100, 50, 0}, color.NRGBA{9, 80, 255, 255}})
	for y := range 43 {
		for x := range 61 {
			c := photo.NRGBAAt(x, y)
			grey.SetGray(x, y, color.Gray{c.G})
			deep.SetNRGBA64(x, y, color.NRGBA64{uint16(c.R)<<8 | 0xff, uint16(c.G)<<8 | 0x7f, uint16(c.B) << 8, uint16(x * 999)})
			glass.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, uint8(x * y)})
			palette.SetColorIndex(x, y, uint8((x+2*y)%3))
		}
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"jpeg":        {encode(t, photo, writeJPEG), "b95fd12052a0"},
		"jpeg grey":   {encode(t, grey, writeJPEG), "9524780f6716"},
		"png":         {encode(t, photo, png.Encode), "b1ac79b7e520"},
		"png grey":    {encode(t, grey, png.Encode), "a1b868d56dd4"},
		"png alpha":   {encode(t, glass, png.Encode), "b1ac79b7e520"},
		"png 16 bit":  {encode(t, deep, png.Encode), "b1ac79b7e520"},
		"png palette": {encode(t, palette, png.Encode), "7fbf8456ffd6"},
		"bmp":         {encode(t, photo, bmp.Encode), "b1ac79b7e520"},
		"tiff":        {encode(t, photo, writeTIFF), "b1ac79b7e520"},
		"tiff 16 bit": {encode(t, deep, writeTIFF), "b1ac79b7e520"},
	} {
		t.Run(name, func(t *testing.T) {
			pixels := resize(mustDecode(t, c.file), 32, 32).pix
			if got := digest.Of(pixels).Short(); got != c.want {
				t.Errorf("pixels are %s, not %s", got, c.want)
			}
		})
	}
}

// TestColour compares every way of storing pixels with what they were made from.
func TestColour(t *testing.T) {
	photo := formula(9, 7)
	want := rgb(photo).pix
	same := func(name string, m image.Image, want []uint8) {
		t.Helper()
		if got := rgb(m).pix; !bytes.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got[:12], want[:12])
		}
	}
	for i, v := range photo.Pix {
		if i%4 < 3 && want[i/4*3+i%4] != v {
			t.Fatalf("byte %d: %d, want %d", i, want[i/4*3+i%4], v)
		}
	}
	opaque, deep, glass := image.NewRGBA(photo.Rect), image.NewNRGBA64(photo.Rect), formula(9, 7)
	grey, deepGrey := image.NewGray(photo.Rect), image.NewGray16(photo.Rect)
	var greys []uint8
	for y := range 7 {
		for x := range 9 {
			c := photo.NRGBAAt(x, y)
			opaque.Set(x, y, c)
			deep.SetNRGBA64(x, y, color.NRGBA64{uint16(c.R)<<8 | 0xff, uint16(c.G) << 8, uint16(c.B)<<8 | 0x80, 0})
			glass.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, uint8(29 * x)}) // alpha 0 too
			grey.SetGray(x, y, color.Gray{c.R})
			deepGrey.SetGray16(x, y, color.Gray16{uint16(c.R)<<8 | 0xff})
			greys = append(greys, c.R, c.R, c.R)
		}
	}
	same("opaque", opaque, want)
	same("16 bit", deep, want)
	same("alpha", glass, want)
	same("grey", grey, greys)
	same("16 bit grey", deepGrey, greys)
	inner := formula(12, 10).SubImage(image.Rect(0, 0, 9, 7))
	same("part of a larger picture", inner, want)
	same("palette", &image.Paletted{Pix: []uint8{1, 0}, Stride: 2, Rect: image.Rect(0, 0, 2, 1),
		Palette: color.Palette{color.NRGBA{1, 2, 3, 255}, color.NRGBA{4, 5, 6, 0}}}, []uint8{4, 5, 6, 1, 2, 3})
	same("cmyk", &image.CMYK{Pix: []uint8{0, 255, 0, 51}, Stride: 4, Rect: image.Rect(0, 0, 1, 1)}, []uint8{204, 0, 204})
}

// TestGray holds values of Pillow's convert("L"), and that what was gray stays as it is.
func TestGray(t *testing.T) {
	in := raster{4, 1, 3, []uint8{255, 0, 0, 0, 255, 0, 0, 0, 255, 13, 200, 77}}
	if got, want := gray(in).pix, []uint8{76, 150, 29, 130}; !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for v := range 256 {
		level := uint8(v)
		if got := gray(raster{1, 1, 3, []uint8{level, level, level}}).pix[0]; got != level {
			t.Errorf("%d becomes %d", level, got)
		}
	}
	photo := encode(t, formula(23, 31), png.Encode)
	format, _, err := probe(photo)
	if err != nil {
		t.Fatal(err)
	}
	one, err := decode(photo, format, 1)
	if err != nil || !bytes.Equal(one.pix, gray(mustDecode(t, photo)).pix) {
		t.Errorf("decoding to gray is not decoding and graying: %v", err)
	}
	// A gray picture is resized and turned as one of three equal channels is.
	three := newRaster(one.width, one.height, 3)
	for i, v := range one.pix {
		three.pix[3*i], three.pix[3*i+1], three.pix[3*i+2] = v, v, v
	}
	for o := orientation(1); o <= 8; o++ {
		a, b := resize(orient(one, o), 16, 9), resize(orient(three, o), 16, 9)
		if !bytes.Equal(a.pix, gray(b).pix) {
			t.Errorf("orientation %d: other pixels than in colour", o)
		}
	}
}

func TestOrientation(t *testing.T) {
	const w, h = 5, 3
	m := formula(w, h)
	stored := rgb(m)
	file := encode(t, m, writeJPEG)
	plain := mustDecode(t, file)
	// Where the scene's pixel (x, y) is stored: EXIF 2.3, tag 274, by the corners it names.
	at := map[orientation]func(x, y int) (int, int){
		1: func(x, y int) (int, int) { return x, y },
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return y, h - 1 - x },
		7: func(x, y int) (int, int) { return w - 1 - y, h - 1 - x },
		8: func(x, y int) (int, int) { return w - 1 - y, x },
	}
	for o := orientation(1); o <= 8; o++ {
		got := orient(stored, o)
		wantW, wantH := w, h
		if o >= 5 {
			wantW, wantH = h, w
		}
		if got.width != wantW || got.height != wantH {
			t.Fatalf("orientation %d: %d x %d, want %d x %d", o, got.width, got.height, wantW, wantH)
		}
		for y := range wantH {
			for x := range wantW {
				sx, sy := at[o](x, y)
				if [3]uint8(got.pix[3*(y*wantW+x):]) != [3]uint8(stored.pix[3*(sy*w+sx):]) {
					t.Errorf("orientation %d: pixel %d, %d is not that of %d, %d", o, x, y, sx, sy)
				}
			}
		}
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			turned := mustDecode(t, withNote(file, orientationNote(order, o)))
			if want := orient(plain, o); turned.width != want.width || !bytes.Equal(turned.pix, want.pix) {
				t.Errorf("orientation %d in a JPEG, %v: the photo is not turned", o, order)
			}
		}
	}
}

// TestOrientationDamaged cuts and changes the note in every place: whatever it
// says, the photo is decoded.
func TestOrientationDamaged(t *testing.T) {
	file := encode(t, formula(5, 3), writeJPEG)
	for _, o := range []orientation{0, 9, 65535} {
		if got := mustDecode(t, withNote(file, orientationNote(binary.LittleEndian, o))); got.width != 5 {
			t.Errorf("orientation %d: the photo is turned", o)
		}
	}
	note := orientationNote(binary.BigEndian, 6)
	for i := range note {
		tiffOrientation(note[:i])
		mustDecode(t, withNote(file, note[:i]))
		for _, v := range []byte{0, 1, 127, 128, 255} {
			changed := slices.Clone(note)
			changed[i] = v
			mustDecode(t, withNote(file, changed))
		}
	}
	noted := withNote(file, note)
	for i := range 60 {
		jpegOrientation(noted[:i])
	}
}

// hugePNG is a valid header of a picture that nobody can hold.
func hugePNG(width, height uint32) []byte {
	chunk := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	chunk = binary.BigEndian.AppendUint32(chunk, height)
	chunk = append(chunk, 8, 2, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), chunk...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(chunk))
}

func TestProblems(t *testing.T) {
	jpegFile, pngFile := encode(t, formula(40, 30), writeJPEG), encode(t, formula(40, 30), png.Encode)
	broken := slices.Clone(pngFile)
	broken[len(broken)/2] ^= 1
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "the file is empty"},
		{"text", []byte("404 not found"), "not a picture in a format that can be read (JPEG, PNG, BMP, TIFF)"},
		{"half a JPEG", jpegFile[:len(jpegFile)/2], "truncated JPEG: the file ends before the picture does"},
		{"start of a JPEG", jpegFile[:2], "truncated JPEG"},
		{"half a PNG", pngFile[:len(pngFile)/2], "this PNG cannot be decoded: png: invalid format: not enough pixel data"},
		{"changed PNG", broken, "this PNG cannot be decoded: "},
		{"50,000 x 50,000", hugePNG(50_000, 50_000), "50000 x 50000 pixels: larger than the limit of 100 million"},
		{"very long", hugePNG(1<<31-1, 1), "2147483647 x 1 pixels: longer than the limit of 65535 a side"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, _, err := probe(c.file)
			if err == nil {
				_, err = decode(c.file, f, 3)
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v; want %s", err, c.want)
			}
		})
	}
}

func TestPanicIsAProblem(t *testing.T) {
	f := format{name: "ODD", decode: func(io.Reader) (image.Image, error) { panic("index out of range") }}
	if _, err := decode(nil, f, 3); err == nil || err.Error() != "this ODD cannot be decoded: the decoder failed: index out of range" {
		t.Errorf("%v", err)
	}
}

// FuzzDecode: no bytes make the decoders fail in another way than by an error.
func FuzzDecode(f *testing.F) {
	for _, write := range []func(io.Writer, image.Image) error{writeJPEG, png.Encode, bmp.Encode, writeTIFF} {
		var file bytes.Buffer
		if err := write(&file, formula(9, 5)); err != nil {
			f.Fatal(err)
		}
		f.Add(file.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		format, area, err := probe(data)
		if err != nil || area > 1<<16 {
			return
		}
		if r, err := decode(data, format, 3); err == nil && len(r.pix) != 3*r.width*r.height {
			t.Fatalf("%d x %d: %d bytes", r.width, r.height, len(r.pix))
		}
	})
}

// TestResizeSizes compares with a version that sums without tables, for shapes
// that stretch and shrink.
func TestResizeSizes(t *testing.T) {
	for _, c := range [][4]int{{1, 1, 7, 5}, {7, 5, 1, 1}, {3, 90, 12, 9}, {16, 16, 16, 16}, {16, 50, 16, 20}, {31, 17, 30, 18}} {
		in := rgb(formula(c[0], c[1]))
		got := resize(in, c[2], c[3])
		if got.width != c[2] || got.height != c[3] {
			t.Fatalf("%v: %d x %d", c, got.width, got.height)
		}
		for y := range c[3] {
			for x := range c[2] {
				for k := range 3 {
					want := exact(in, c[2], c[3], x, y, k)
					if d := float64(got.pix[3*(y*c[2]+x)+k]) - want; d < -1.01 || d > 1.01 {
						t.Fatalf("%v: pixel %d, %d, %d is %v from the real number %v", c, x, y, k, d, want)
					}
				}
			}
		}
	}
}

// exact is the same filter in real numbers, both axes at once.
func exact(in raster, width, height, x, y, k int) float64 {
	weight := func(from, to, at, i int) float64 {
		scale := float64(from) / float64(to)
		d := (float64(i) + 0.5 - (float64(at)+0.5)*scale) / max(scale, 1)
		return max(0, 1-max(d, -d))
	}
	sum, total := 0.0, 0.0
	for j := range in.height {
		for i := range in.width {
			w := weight(in.width, width, x, i) * weight(in.height, height, y, j)
			sum += w * float64(in.pix[3*(j*in.width+i)+k])
			total += w
		}
	}
	return sum / total
}
