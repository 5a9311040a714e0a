package picture

import (
	"crypto/sha256"
	"fmt"
	"image"
	"math"
	"testing"
)

// TestYCbCrEqualsLibjpeg compares pictures of 1 x 1 to 80 x 40 pixels with what
// libjpeg-turbo makes of the same samples. testdata/ycbcr.c prints the digests.
func TestYCbCrEqualsLibjpeg(t *testing.T) {
	sample := func(plane, x, y int) uint8 {
		v := 7919*uint32(plane) + 104729*uint32(x) + 1299709*uint32(y) + 12345
		return uint8(v * 2654435761 >> 24)
	}
	for ratio, want := range map[image.YCbCrSubsampleRatio]string{
		image.YCbCrSubsampleRatio444: "666fe1b78bf2977c16af1b1f5a339e157dd1d86809f2098a962bb0e9de7a7b52",
		image.YCbCrSubsampleRatio422: "aa74581135e8ee5ac72f9f03e25818e9fe781601c66fc9dee65d9ce50b3ac1e9",
		image.YCbCrSubsampleRatio420: "e11081d3274439770a645fd54977b5f7813c9a3a872369cbbe740386d705191c",
		image.YCbCrSubsampleRatio440: "4f0f1c8722b70d981c229253f2a917271d308efeeba7f82ab2e56c5615d7d4f7",
		image.YCbCrSubsampleRatio411: "73562bfa2aa35ee97d59ffdd75fc909037536aa0a0cc9e64c9cc1b41ce0c1864",
		image.YCbCrSubsampleRatio410: "ba7a5a602b8fc7203f15de84902b618c630b8cf65d6c501616c9747dbf9492b6",
	} {
		t.Run(ratio.String(), func(t *testing.T) {
			whole := image.NewYCbCr(image.Rect(0, 0, 96, 64), ratio) // more than the picture, as the decoder makes it
			for plane, pix := range [][]uint8{whole.Y, whole.Cb, whole.Cr} {
				stride := whole.CStride
				if plane == 0 {
					stride = whole.YStride
				}
				for i := range pix {
					pix[i] = sample(plane, i%stride/8, i/stride/8)
				}
			}
			all := sha256.New()
			for height := 1; height <= 40; height++ {
				for width := 1; width <= 80; width++ {
					all.Write(rgb(whole.SubImage(image.Rect(0, 0, width, height))).pix)
				}
			}
			if got := fmt.Sprintf("%x", all.Sum(nil)); got != want {
				t.Errorf("pixels are %s, not %s", got, want)
			}
		})
	}
}

// TestYCbCr compares every colour with the formula in real numbers.
func TestYCbCr(t *testing.T) {
	m := image.NewYCbCr(image.Rect(0, 0, 256, 1), image.YCbCrSubsampleRatio444)
	for cb := range 256 {
		for cr := range 256 {
			for y := range 256 {
				m.Y[y], m.Cb[y], m.Cr[y] = uint8(y), uint8(cb), uint8(cr)
			}
			got := rgb(m).pix
			blue, red := float64(cb-128), float64(cr-128)
			for y := range 256 {
				for k, real := range [3]float64{float64(y) + 1.402*red, float64(y) - 0.344136*blue - 0.714136*red, float64(y) + 1.772*blue} {
					if d := math.Abs(float64(got[3*y+k]) - min(max(real, 0), 255)); d > 0.502 {
						t.Fatalf("Y %d Cb %d Cr %d: channel %d is %d, want %.3f", y, cb, cr, k, got[3*y+k], real)
					}
				}
			}
		}
	}
}
