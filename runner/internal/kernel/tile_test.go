package kernel

import (
	"fmt"
	"math"
	"testing"
)

// awkward are floats among which products, sums and their rounding go wrong first:
// signed zeros, subnormals, huge and tiny numbers beside ordinary ones.
func awkward(n int, seed uint32) []float32 {
	special := []float32{
		0, float32(math.Copysign(0, -1)), 0x1p-149, -0x1p-149, 0x1.8p-127, -0x1p-126, 0x1p-75, -0x1.8p-75,
		0x1p-24, -0x1p-24, 1 + 0x1p-23, -1 - 0x1p-23, 0x1p40, -0x1p60, 1, -1,
	}
	x := numbers(n, seed)
	s := seed
	for i := range x {
		s = s*1664525 + 1013904223
		if s>>30 != 0 {
			x[i] = special[s>>20%16]
		}
	}
	return x
}

// TestTiles holds every height of every tile and its edge against the loop that defines it, over
// odd offsets in memory, strides, lengths and the way of adding.
func TestTiles(t *testing.T) {
	for _, v := range variants {
		cols := v.tile.cols
		for m := 1; m <= v.tile.rows; m++ {
			for _, k := range []int{0, 1, 2, 3, 7, 64, 65, 200} {
				for trial, add := range []bool{false, true} {
					for offset := range 3 {
						lda, ldb, ldc := k+1+offset, cols+3*offset, cols+offset
						rs, ks := lda, 1
						if trial == offset%2 {
							rs, ks = 1, m+offset
						}
						seed := uint32(m*1000 + k*10 + offset + 1)
						fill := numbers
						if offset > 0 {
							fill = awkward
						}
						a := fill(offset+(m+k)*(m+k+3), seed)[offset:]
						b := fill(offset+(k+1)*ldb, seed+1)[offset:]
						got := fill(offset+m*ldc, seed+2)[offset:]
						want := append([]float32(nil), got...)
						for i := range m {
							for j := range cols {
								for l0 := 0; l0 == 0 || l0 < k; l0 += Block {
									s := float32(0)
									for l := l0; l < min(k, l0+Block); l++ {
										s = FMA32(a[i*rs+l*ks], b[l*ldb+j], s)
									}
									if add || l0 > 0 {
										s = want[i*ldc+j] + s
									}
									want[i*ldc+j] = s
								}
							}
						}
						before := append([]float32(nil), got...)
						v.tile.whole[m](got, ldc, a, rs, ks, b, ldb, k, add)
						same(t, fmt.Sprintf("%s m=%d k=%d add=%t offset=%d", v.name, m, k, add, offset), got, want)
						n := 1 + (m*7+k*3+offset)%(cols-1)
						got = append([]float32(nil), before...)
						v.tile.edge(m, n, got[:(m-1)*ldc+n], ldc, a, rs, ks, b, ldb, k, add)
						for i := range m {
							copy(want[i*ldc+n:(i+1)*ldc], before[i*ldc+n:])
						}
						same(t, fmt.Sprintf("%s m=%d n=%d k=%d add=%t offset=%d", v.name, m, n, k, add, offset), got, want)
					}
				}
			}
		}
	}
}

func TestTranspose(t *testing.T) {
	for _, v := range variants {
		for _, size := range [][2]int{{1, 1}, {3, 8}, {8, 8}, {8, 5}, {17, 30}, {24, 16}} {
			rows, cols := size[0], size[1]
			src := numbers((rows-1)*(cols+2)+cols, 9)
			got := make([]float32, (cols-1)*(rows+3)+rows)
			want := make([]float32, len(got))
			for i := range rows {
				for j := range cols {
					want[j*(rows+3)+i] = src[i*(cols+2)+j]
				}
			}
			v.transpose(got, rows+3, src, cols+2, rows, cols)
			same(t, fmt.Sprintf("%s %dx%d", v.name, rows, cols), got, want)
		}
	}
}

func TestSetVariant(t *testing.T) {
	before := Variant()
	defer func() {
		if err := SetVariant(before); err != nil {
			t.Fatal(err)
		}
	}()
	if err := SetVariant("abacus"); err == nil || Variant() != before {
		t.Errorf("an unknown variant is taken: error %v, now %s", err, Variant())
	}
	for _, name := range Variants() {
		if err := SetVariant(name); err != nil || Variant() != name {
			t.Errorf("%s: error %v, now %s", name, err, Variant())
		}
	}
	for _, name := range []string{"", "auto"} {
		if err := SetVariant(name); err != nil || Variant() != Variants()[len(Variants())-1] {
			t.Errorf("%q: error %v, now %s", name, err, Variant())
		}
	}
}
