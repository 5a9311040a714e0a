package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	xwebp "golang.org/x/image/webp"
)

// What a photo may at most be: beyond it, it is refused before any memory is
// taken for its pixels.
const (
	maxBytes  = 256 << 20
	maxPixels = 100_000_000
	maxSide   = 65_535
)

// format is one kind of file.
type format struct {
	name        string
	starts      []string
	config      func(io.Reader) (image.Config, error)
	decode      func(io.Reader) (image.Image, error)
	orientation func(data []byte) orientation // nil: always upright
}

var formats = []format{
	{"JPEG", []string{"\xff\xd8"}, jpeg.DecodeConfig, jpeg.Decode, jpegOrientation},
	{"PNG", []string{"\x89PNG\r\n\x1a\n"}, png.DecodeConfig, png.Decode, nil},
	{"BMP", []string{"BM"}, bmp.DecodeConfig, bmp.Decode, nil},
	{"TIFF", []string{"II*\x00", "MM\x00*"}, tiff.DecodeConfig, tiff.Decode, tiffOrientation},
	{"WebP", []string{"RIFF????WEBP"}, xwebp.DecodeConfig, decodeWebP, webpOrientation},
	{"GIF", []string{"GIF87a", "GIF89a"}, gif.DecodeConfig, decodeGIF, nil},
}

// headLength is how much of a file tells its format.
const headLength = 12

// unknownFormat is the problem of a file whose format is not known; another version
// of this package may know it. Its words are part of what locks digest, so they stay as
// they were when these were all formats.
const unknownFormat = "not a picture in a format that can be read (JPEG, PNG, BMP, TIFF)"

// begins reports whether data begin as a format does; ? stands for any byte.
func begins(data []byte, start string) bool {
	if len(data) < len(start) {
		return false
	}
	for i := range len(start) {
		if start[i] != '?' && data[i] != start[i] {
			return false
		}
	}
	return true
}

// decodeGIF returns the first picture of a GIF, which has to cover all of it.
func decodeGIF(r io.Reader) (image.Image, error) {
	var head bytes.Buffer
	config, err := gif.DecodeConfig(io.TeeReader(r, &head))
	if err != nil {
		return nil, err
	}
	m, err := gif.Decode(io.MultiReader(&head, r))
	if err == nil && m.Bounds() != image.Rect(0, 0, config.Width, config.Height) {
		err = errors.New("its first picture covers only a part of it; save it as a PNG")
	}
	return m, err
}

// identify tells the format by how the file starts; its name is not asked.
func identify(data []byte) (format, error) {
	for _, f := range formats {
		for _, start := range f.starts {
			if begins(data, start) {
				return f, nil
			}
		}
	}
	if len(data) == 0 {
		return format{}, errors.New("the file is empty")
	}
	return format{}, errors.New(unknownFormat)
}

// probe reads the header and refuses what would take too much memory.
func probe(data []byte) (format, int, error) {
	f, err := identify(data)
	if err != nil {
		return format{}, 0, err
	}
	config, err := f.config(bytes.NewReader(data))
	if err != nil {
		return format{}, 0, explain(f, err)
	}
	w, h := config.Width, config.Height
	switch {
	case w <= 0 || h <= 0:
		return format{}, 0, fmt.Errorf("%d x %d pixels: there is nothing to see", w, h)
	case w > maxSide || h > maxSide:
		return format{}, 0, fmt.Errorf("%d x %d pixels: longer than the limit of %d a side", w, h, maxSide)
	case w*h > maxPixels: // no overflow: both are below 2^16
		return format{}, 0, fmt.Errorf("%d x %d pixels: larger than the limit of %d million", w, h, maxPixels/1_000_000)
	}
	return f, w * h, nil
}

// decode returns the upright picture in a file's bytes, whose format probe has
// told, in colour (3 channels) or gray (1). A decoder that panics on a damaged file makes an error like any other.
func decode(data []byte, f format, channels int) (r raster, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("this %s cannot be decoded: the decoder failed: %v", f.name, p)
		}
	}()
	m, err := f.decode(bytes.NewReader(data))
	if err != nil {
		return raster{}, explain(f, err)
	}
	turn := upright
	if f.orientation != nil {
		turn = f.orientation(data)
	}
	picture := rgb(m)
	if channels == 1 {
		picture = gray(picture)
	}
	return orient(picture, turn), nil
}

// explain turns a decoder's error into words for people.
func explain(f format, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("truncated %s: the file ends before the picture does", f.name)
	}
	return fmt.Errorf("this %s cannot be decoded: %w", f.name, err)
}
