package kernel
import "testing"
func BenchmarkPortable(b *testing.B) { SetVariant("portable"); BenchmarkPeak(b); SetVariant("") }
func BenchmarkA2(b *testing.B) { SetVariant("avx2"); BenchmarkPeak(b); SetVariant("") }
