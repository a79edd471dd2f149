//go:build !linux || !(amd64 || arm64)

package executor

func misbehave([]byte) {}
