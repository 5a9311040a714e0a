package picture

import (
	"context"
	"math"
	"math/bits"
	"slices"
	"sync"

	"biomass/runner/internal/elementary"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/store"
)

// Look is what a photo looks like: the perceptual hash of Zauner, Implementation
// and Benchmarking of Perceptual Image Hash Functions, 2010, section 3.1, with 256
// bits. Of the photo in gray, resized to 64 x 64, the cosine transform is taken; a bit
// each says which of its 16 x 16 lowest frequencies, without those that are constant
// along an axis, are above their median. Other compression, size or brightness
// changes few of them; in another photo about half are others.
type Look [4]uint64

const (
	lookSide = 64 // of the photo
	lookBits = 16 // along an axis
	// LookBits is the number of bits of a Look.
	LookBits = lookBits * lookBits
)

// Distance counts the bits that differ.
func (l Look) Distance(other Look) int {
	n := 0
	for i := range l {
		n += bits.OnesCount64(l[i] ^ other[i])
	}
	return n
}

// Likeness is the share of bits that agree.
func (l Look) Likeness(other Look) float64 {
	return 1 - float64(float64(l.Distance(other))/LookBits)
}

// cosines holds cos(pi u (2x+1) / 128) for u from 1 to 16, x from 0 to 63.
var cosines = sync.OnceValue(func() *[lookBits][lookSide]float64 {
	var table [lookBits][lookSide]float64
	for u := range table {
		for x := range table[u] {
			table[u][x] = elementary.Cos(math.Pi * float64((u+1)*(2*x+1)) / (2 * lookSide))
		}
	}
	return &table
})

// LookOf returns the look of pixels (size, size, channels).
func LookOf(pixels []uint8, size, channels int) Look {
	photo := raster{size, size, channels, pixels}
	if channels == 3 {
		photo = gray(photo)
	}
	photo = resize(photo, lookSide, lookSide)
	table := cosines()
	var rows [lookSide][lookBits]float64 // transformed along x: (y, u)
	for y := range rows {
		line := photo.pix[y*lookSide:][:lookSide]
		for u := range rows[y] {
			for x, v := range line {
				rows[y][u] += float64(float64(v) * table[u][x])
			}
		}
	}
	var frequencies [LookBits]float64 // (v, u)
	for i := range frequencies {
		v, u := i/lookBits, i%lookBits
		for y := range rows {
			frequencies[i] += float64(rows[y][u] * table[v][y])
		}
	}
	sorted := slices.Sorted(slices.Values(frequencies[:]))
	median := (sorted[LookBits/2-1] + sorted[LookBits/2]) / 2
	var look Look
	for i, f := range frequencies {
		if f > median {
			look[i/64] |= 1 << (i % 64)
		}
	}
	return look
}

// Looks returns the looks of photos by their names, of a decoded catalogue; that of
// one that cannot be read is zero. p is advanced by len(names).
func Looks(ctx context.Context, c *Catalogue, names []string, st *store.Store, p progress.Task) ([]Look, error) {
	if err := c.Open(); err != nil {
		return nil, err
	}
	looks, first := make([]Look, len(names)), map[string]int{}
	var distinct []int
	for i, name := range names {
		if _, seen := first[name]; !seen {
			first[name] = i
			distinct = append(distinct, i)
		}
	}
	p.Skip(len(names) - len(distinct))
	err := parallel(ctx, len(distinct), func(k int) error {
		defer p.Add(1)
		i := distinct[k]
		if entry := c.Lookup(names[i]); entry == nil || !entry.Readable() {
			return nil
		}
		pixels, err := Load(c, names[i], st)
		if err == nil {
			looks[i] = LookOf(pixels, c.spec.Size, c.spec.Channels())
		}
		return err
	})
	for i, name := range names {
		looks[i] = looks[first[name]]
	}
	return looks, err
}

// Album finds looks that are near another one.
//
// Two looks that differ in at most n bits agree in at least one of n+1 bands that
// the bits are cut into. So only looks with an equal band are compared.
type Album struct {
	reach int
	looks []Look
	bands []map[uint64][]int // from the bits of a band to the looks that have them
}

// NewAlbum returns an empty album for looks of at least this likeness.
func NewAlbum(near float64) *Album {
	reach := int(math.Floor(float64(LookBits*(1-near)) + 1e-9))
	a := &Album{reach: reach, bands: make([]map[uint64][]int, reach+1)}
	for i := range a.bands {
		a.bands[i] = map[uint64][]int{}
	}
	return a
}

// Add puts a look into the album.
func (a *Album) Add(l Look) {
	for i, band := range a.bands {
		bits := a.cut(l, i)
		band[bits] = append(band[bits], len(a.looks))
	}
	a.looks = append(a.looks, l)
}

// cut returns the bits of a band.
func (a *Album) cut(l Look, band int) uint64 {
	from, to := band*LookBits/len(a.bands), (band+1)*LookBits/len(a.bands)
	if to-from > 64 { // few bands: the first bits tell enough
		to = from + 64
	}
	word := l[from/64] >> (from % 64)
	if rest := 64 - from%64; rest < to-from {
		word |= l[from/64+1] << rest
	}
	if to-from < 64 {
		word &= 1<<(to-from) - 1
	}
	return word
}

// Near returns the looks near l, by the order in which they were added: ascending,
// each once.
func (a *Album) Near(l Look) []int {
	var found []int
	for i, band := range a.bands {
		for _, other := range band[a.cut(l, i)] {
			if l.Distance(a.looks[other]) <= a.reach {
				found = append(found, other)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Nearest returns the look that is most like l, of several the first added, and false where
// none is near.
func (a *Album) Nearest(l Look) (int, bool) {
	near := a.Near(l)
	if len(near) == 0 {
		return 0, false
	}
	return slices.MinFunc(near, func(i, j int) int { return l.Distance(a.looks[i]) - l.Distance(a.looks[j]) }), true
}

// Alike numbers photos so that those which look alike, directly or by way of
// others, have the same number.
func Alike(looks []Look, near float64) []int {
	album := NewAlbum(near)
	first := map[Look]int{} // in the album, where each look stands once
	var parents []int
	root := func(i int) int {
		for parents[i] != i {
			i = parents[i]
		}
		return i
	}
	places := make([]int, len(looks))
	for i, look := range looks {
		place, seen := first[look]
		if !seen {
			place = len(parents)
			parents = append(parents, place)
			for _, other := range album.Near(look) {
				a, b := root(place), root(other)
				parents[max(a, b)] = min(a, b)
			}
			album.Add(look)
			first[look] = place
		}
		places[i] = place
	}
	for i := range places {
		places[i] = root(places[i])
	}
	return places
}
