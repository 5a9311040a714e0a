package report

import (
	"bytes"
	"image/color"
	"image/png"
	"strings"
	"testing"
)

// TestContact looks at the squares of a sheet: whole colours stay as they are,
// large photos are made smaller, gray becomes RGB, and what is missing is shown.
func TestContact(t *testing.T) {
	plain := func(n int, values ...uint8) []uint8 { return bytes.Repeat(values, n*n) }
	for _, c := range []struct {
		size, channels int
		side           int
		pixels         []uint8
		want           color.RGBA
	}{
		{4, 3, leastSide, plain(4, 200, 100, 50), color.RGBA{200, 100, 50, 255}},
		{160, 3, 160, plain(160, 10, 20, 30), color.RGBA{10, 20, 30, 255}},
		{500, 3, mostSide, plain(500, 7, 8, 9), color.RGBA{7, 8, 9, 255}},
		{28, 1, leastSide, plain(28, 77), color.RGBA{77, 77, 77, 255}},
	} {
		sheet := Contact{
			Title: "A sheet", Notes: []string{strings.Repeat("many words ", 40)}, Columns: []string{"resized", "epoch 1", "epoch 2"},
			Size: c.size, Channels: c.channels, Rows: []Strip{{Name: "a.jpg", Value: "3 g", Versions: [][]uint8{c.pixels, nil, c.pixels}}},
		}
		data, err := sheet.PNG()
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		middle := picture.Bounds().Dy() - gutter - 8 - gutter - lineStep - c.side/2
		at := func(column int) color.Color {
			x := 2*gutter + c.side/2 + column*(c.side+gutter)
			if column > 0 {
				x += apart - gutter
			}
			return picture.At(x, middle)
		}
		if at(0) != c.want || at(2) != c.want {
			t.Errorf("size %d: %v and %v, want %v", c.size, at(0), at(2), c.want)
		}
		if at(1) == c.want {
			t.Errorf("size %d: a version that is not there is shown", c.size)
		}
	}
	if _, err := (Contact{Size: 4, Channels: 3, Columns: []string{"a"}, Rows: []Strip{{Name: "b.jpg", Versions: [][]uint8{{1}}}}}).PNG(); err == nil || !strings.Contains(err.Error(), "b.jpg") {
		t.Errorf("got %v", err)
	}
}
