//go:build !amd64 && !arm64

package kernel

func detect() []*variant { return nil }
