package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
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
}

// identify tells the format by how the file starts; its name is not asked.
func identify(data []byte) (format, error) {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
		for _, start := range f.starts {
			if bytes.HasPrefix(data, []byte(start)) {
				return f, nil
			}
		}
	}
	if len(data) == 0 {
		return format{}, errors.New("the file is empty")
	}
	return format{}, fmt.Errorf("not a picture in a format that can be read (%s)", strings.Join(names, ", "))
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
