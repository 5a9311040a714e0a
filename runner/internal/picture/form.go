package picture

import (
	"bufio"
	"context"
	"image/color"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Form is how photos are stored, and how many are.
type Form struct {
	Name   string `json:"name"`
	Photos int    `json:"photos"`
}

// Forms reads the headers of all files that exist and says how photos are stored:
// "JPEG", "PNG of 16 bits, of which the upper 8 are taken", the most frequent first. A file
// whose header cannot be read is left out.
func Forms(ctx context.Context, c *Catalogue) ([]Form, error) {
	names := make([]string, len(c.Entries))
	err := parallel(ctx, len(c.Entries), func(i int) error {
		if c.Entries[i].Exists {
			names[i] = form(filepath.Join(c.dir, filepath.FromSlash(c.Entries[i].path)))
		}
		return nil
	})
	count := map[string]int{}
	for _, name := range names {
		if name != "" {
			count[name]++
		}
	}
	var forms []Form
	for _, name := range slices.Sorted(maps.Keys(count)) {
		forms = append(forms, Form{name, count[name]})
	}
	slices.SortStableFunc(forms, func(a, b Form) int { return b.Photos - a.Photos })
	return forms, err
}

// form describes one file, "" where that is not possible.
func form(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	r := bufio.NewReader(file)
	start, _ := r.Peek(headLength)
	f, err := identify(start)
	if err != nil {
		return ""
	}
	config, err := f.config(r)
	if err != nil {
		return ""
	}
	if f.name == "GIF" {
		return "GIF, of which the first picture is taken"
	}
	name := f.name
	if palette, ok := config.ColorModel.(color.Palette); ok {
		name += " with a palette"
		if slices.ContainsFunc(palette, func(c color.Color) bool { _, _, _, a := c.RGBA(); return a != 0xffff }) {
			name += " and transparency, which is left out"
		}
		return name
	}
	switch config.ColorModel {
	case color.GrayModel:
		name += " in gray"
	case color.Gray16Model:
		name += " in gray of 16 bits, of which the upper 8 are taken"
	case color.RGBA64Model:
		name += " of 16 bits, of which the upper 8 are taken"
	case color.NRGBAModel, color.NYCbCrAModel:
		name += " that may be transparent, which is left out"
	case color.NRGBA64Model:
		name += " of 16 bits that may be transparent, of which the upper 8 and the colours are taken"
	case color.CMYKModel:
		name += " in CMYK"
	}
	return name
}
