package picture

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"image/color"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Form is how photos are stored, and how many are.
type Form struct {
	Name     string `json:"name"`
	Photos   int    `json:"photos"`
	Smallest [2]int `json:"smallest"` // width and height, before a photo is turned upright
	Largest  [2]int `json:"largest"`
}

// String says it in words.
func (f Form) String() string {
	sizes := fmt.Sprintf("%d x %d", f.Smallest[0], f.Smallest[1])
	if f.Largest != f.Smallest {
		sizes += fmt.Sprintf(" to %d x %d", f.Largest[0], f.Largest[1])
	}
	return fmt.Sprintf("%d photos are %s (%s pixels)", f.Photos, f.Name, sizes)
}

// Forms reads the headers of all files that exist and says how photos are stored:
// "JPEG", "PNG of 16 bits, of which the upper 8 are taken", the most frequent first. A file
// whose header cannot be read is left out.
func Forms(ctx context.Context, c *Catalogue) ([]Form, error) {
	names, sizes := make([]string, len(c.Entries)), make([][2]int, len(c.Entries))
	err := parallel(ctx, len(c.Entries), func(i int) error {
		if c.Entries[i].Exists {
			names[i], sizes[i] = form(filepath.Join(c.dir, filepath.FromSlash(c.Entries[i].path)))
		}
		return nil
	})
	larger := func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(a[0]*a[1], b[0]*b[1]), slices.Compare(a[:], b[:]))
	}
	of := map[string][][2]int{}
	for i, name := range names {
		if name != "" {
			of[name] = append(of[name], sizes[i])
		}
	}
	var forms []Form
	for _, name := range slices.Sorted(maps.Keys(of)) {
		forms = append(forms, Form{name, len(of[name]), slices.MinFunc(of[name], larger), slices.MaxFunc(of[name], larger)})
	}
	slices.SortStableFunc(forms, func(a, b Form) int { return b.Photos - a.Photos })
	return forms, err
}

// form describes one file and its size, "" where that is not possible.
func form(path string) (name string, size [2]int) {
	file, err := os.Open(path)
	if err != nil {
		return "", size
	}
	defer file.Close()
	r := bufio.NewReader(file)
	start, _ := r.Peek(headLength)
	f, err := identify(start)
	if err != nil {
		return "", size
	}
	config, err := f.config(r)
	if err != nil {
		return "", size
	}
	size = [2]int{config.Width, config.Height}
	if f.name == "GIF" {
		return "GIF, of which the first picture is taken", size
	}
	name = f.name
	if palette, ok := config.ColorModel.(color.Palette); ok {
		name += " with a palette"
		if slices.ContainsFunc(palette, func(c color.Color) bool { _, _, _, a := c.RGBA(); return a != 0xffff }) {
			name += " and transparency, which is left out"
		}
		return name, size
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
	return name, size
}
