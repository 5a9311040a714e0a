package digest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkFile hashes warm files of a photo's size, on as many cores as -cpu
// says; BenchmarkSHA256 is what crypto/sha256 takes for the same bytes in memory.
// The first is to reach 80 % of the second, but for files so small that opening
// them takes longer than hashing.
func BenchmarkFile(b *testing.B) {
	everywhere(b, func(b *testing.B, size int) func() error {
		path := filepath.Join(b.TempDir(), "photo")
		if err := os.WriteFile(path, make([]byte, size), 0o666); err != nil {
			b.Fatal(err)
		}
		return func() error {
			_, _, err := File(path)
			return err
		}
	})
}

func BenchmarkSHA256(b *testing.B) {
	everywhere(b, func(_ *testing.B, size int) func() error {
		data := make([]byte, size)
		return func() error {
			sha256.Sum256(data)
			return nil
		}
	})
}

// everywhere measures what prepare returns, by size of a photo, on all cores.
func everywhere(b *testing.B, prepare func(b *testing.B, size int) func() error) {
	for _, size := range []int{4 << 10, 64 << 10, 1 << 20, 16 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			hash := prepare(b, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := hash(); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
