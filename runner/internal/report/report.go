// Package report owns what people read, report.md and its pictures, and the same
// figures for programs, metrics.json and tables. It renders an Evaluation and what
// the other stages returned, and never computes a result, so that it cannot
// contradict them. The same Document gives the same bytes on every platform;
// nothing in it tells when or where it was made.
package report

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"regexp"
	"slices"
	"strings"

	"biomass/runner/internal/digest"
)

// Render returns the report's files by name. It writes nothing.
func Render(d Document) (map[string][]byte, error) {
	if d.Evaluation == nil || d.Evaluation.Result() == nil {
		return nil, errors.New("render report: the evaluation has no result")
	}
	if len(d.History) == 0 {
		return nil, errors.New("render report: there is no training history")
	}
	files := map[string][]byte{}
	for _, name := range d.Plots { // one of the other task shows nothing
		if !slices.ContainsFunc(figures, func(f figure) bool { return f.plot == name }) {
			return nil, fmt.Errorf("render report: report.plots names %q, which is no plot", name)
		}
	}
	shown := map[string]shown{}
	for _, f := range figures {
		if !f.of(d) {
			continue
		}
		picture, err := f.draw(d)
		if err != nil {
			return nil, fmt.Errorf("render report: draw %s: %w", f.file, err)
		}
		if picture.file != nil {
			files[f.file], shown[f.file] = picture.file, picture
		}
	}
	if d.Folds != nil {
		var err error
		if files[foldsFile], err = d.Folds.table(d.Evaluation.Classes); err != nil {
			return nil, fmt.Errorf("render report: %s: %w", foldsFile, err)
		}
	}
	for _, t := range twins {
		var err error
		if files[t.file], err = t.write(d); err != nil {
			return nil, fmt.Errorf("render report: %s: %w", t.file, err)
		}
	}
	files[pageFile] = page(d)
	html, err := htmlPage(d.Language, files[pageFile], shown)
	if err != nil {
		return nil, fmt.Errorf("render report: %s: %w", htmlFile, err)
	}
	files[htmlFile] = html
	return files, nil
}

// Digest returns the digest of a report's files: their bytes, but of PNG, whose
// compression may change, the decoded pixels, in files of their own and in others.
func Digest(files map[string][]byte) (digest.Digest, error) {
	sum := digest.New("report")
	left := allPixels
	for _, name := range Files() {
		data, made := files[name]
		if !made {
			continue
		}
		sum.String(name)
		if strings.HasSuffix(name, ".png") {
			pixels, err := pixelDigest(data, &left)
			if err != nil {
				return digest.Digest{}, fmt.Errorf("digest of report: %s: %w", name, err)
			}
			sum.Bytes(pixels[:])
			continue
		}
		if bytes.Contains(data, []byte(`src="sha256:`)) { // the sum below would be that of the picture itself
			return digest.Digest{}, fmt.Errorf("digest of report: %s has a picture's digest where the picture belongs", name)
		}
		var bad error
		sum.Bytes(embedded.ReplaceAllFunc(data, func(uri []byte) []byte {
			encoded := uri[len(embeddedPNG):]
			decoded := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
			n, err := base64.StdEncoding.Decode(decoded, encoded)
			if err != nil {
				bad = err
				return nil
			}
			pixels, err := pixelDigest(decoded[:n], &left)
			if err != nil {
				bad = err
			}
			return []byte(pixels.String())
		}))
		if bad != nil {
			return digest.Digest{}, fmt.Errorf("digest of report: a picture in %s: %w", name, bad)
		}
	}
	return sum.Sum(), nil
}

// embedded are the PNGs in pages and plots.
const embeddedPNG = "data:image/png;base64,"

var embedded = regexp.MustCompile(embeddedPNG + "[A-Za-z0-9+/=]*")

// maxPixels is what no PNG of a report exceeds, allPixels what all of them do not.
const (
	maxPixels = 64 << 20
	allPixels = 8 * maxPixels
)

// pixelDigest returns the digest of a PNG's size and colours, and takes its pixels
// from those that are left.
func pixelDigest(data []byte, left *int) (digest.Digest, error) {
	if err := bare(data); err != nil {
		return digest.Digest{}, err
	}
	size, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return digest.Digest{}, err
	}
	if size.Height > min(maxPixels, *left)/max(size.Width, 1) {
		return digest.Digest{}, fmt.Errorf("%d x %d pixels: no report has so many", size.Width, size.Height)
	}
	*left -= size.Width * size.Height
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return digest.Digest{}, err
	}
	pixels := image.NewNRGBA(image.Rectangle{Max: decoded.Bounds().Size()})
	draw.Draw(pixels, pixels.Rect, decoded, decoded.Bounds().Min, draw.Src)
	sum := digest.New("pixels")
	sum.Int(int64(pixels.Rect.Dx())).Int(int64(pixels.Rect.Dy())).Bytes(pixels.Pix)
	return sum.Sum(), nil
}

// bare refuses a PNG that holds more than its pixels: a browser would show the frames
// of an animation, or other colours, where the decoder sees the pixels alone.
func bare(data []byte) error {
	const signature, around = 8, 12 // around a chunk: its length, type and checksum
	for rest := data[min(signature, len(data)):]; len(rest) >= around; {
		kind := string(rest[4:8])
		if !slices.Contains([]string{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}, kind) {
			return fmt.Errorf("a PNG with a chunk %q: no report has one", kind)
		}
		length := int64(binary.BigEndian.Uint32(rest))
		if length > int64(len(rest)-around) {
			break // the decoder says what is wrong
		}
		rest = rest[around+length:]
		if kind == "IEND" && len(rest) > 0 {
			return errors.New("a PNG that goes on behind its end")
		}
	}
	return nil
}
