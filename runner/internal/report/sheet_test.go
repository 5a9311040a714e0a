package report

import (
	"bytes"
	"image/color"
	"image/png"
	"regexp"
	"strings"
	"testing"
)

// TestAugmentedPNG looks at the squares of a sheet: whole colours stay as they are, large photos
// are made smaller, gray becomes RGB, and what is missing is shown.
func TestAugmentedPNG(t *testing.T) {
	plain := func(n int, values ...uint8) []uint8 { return bytes.Repeat(values, n*n) }
	number := func(float64) string { return "3 g" }
	for _, c := range []struct {
		size, channels int
		side           int
		pixels         []uint8
		want           color.RGBA
	}{
		{4, 3, small, plain(4, 200, 100, 50), color.RGBA{200, 100, 50, 255}},
		{160, 3, 160, plain(160, 10, 20, 30), color.RGBA{10, 20, 30, 255}},
		{500, 3, 2 * small, plain(500, 7, 8, 9), color.RGBA{7, 8, 9, 255}},
		{28, 1, small, plain(28, 77), color.RGBA{77, 77, 77, 255}},
	} {
		seen := &Augmented{Changes: strings.Repeat("many words ", 40), Size: c.size, Channels: c.channels, Photos: []AugmentedPhoto{{Image: "a.jpg", Versions: [][]uint8{c.pixels, nil, c.pixels}}}}
		data, err := seen.PNG("A sheet", number)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		middle := picture.Bounds().Dy() - gutter - 6 - lineStep - c.side/2
		at := func(column int) color.Color { return picture.At(gutter+c.side/2+column*(c.side+gutter), middle) }
		if at(0) != c.want || at(2) != c.want {
			t.Errorf("size %d: %v and %v, want %v", c.size, at(0), at(2), c.want)
		}
		if at(1) == c.want {
			t.Errorf("size %d: a version that is not there is shown", c.size)
		}
	}
	bad := &Augmented{Size: 4, Channels: 3, Photos: []AugmentedPhoto{{Image: "b.jpg", Versions: [][]uint8{{1}}}}}
	if _, err := bad.PNG("", number); err == nil || !strings.Contains(err.Error(), "b.jpg") {
		t.Errorf("got %v", err)
	}
}

// A page has the photos of a sheet as small as they are, and what is said of them as text.
func TestSheetInPage(t *testing.T) {
	photo := raster{2, bytes.Repeat([]byte{9, 99, 199}, 4)}
	s := &sheet{columns: 3, side: tile, rows: []strip{{value: "<b>", name: "a & b", frames: []frame{
		{[]raster{photo, photo}, []words{{"true 1 < 2", ink, true}, {"as x", red, false}}}, {nil, nil},
	}}}}
	html, err := s.html("two &amp; none")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`role="img" aria-label="two &amp; none"`, "<b>&lt;b&gt;</b> a &amp; b", "<b>true 1 &lt; 2</b>", `<small class="wrong">as x</small>`, "<i>not drawn</i>"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("no %s in\n%s", want, html)
		}
	}
	if n := len(regexp.MustCompile(`<img src="data:image/png;base64,[^"]+" width="2" height="2" alt="">`).FindAll(html, -1)); n != 2 {
		t.Errorf("%d photos in\n%s", n, html)
	}
}
