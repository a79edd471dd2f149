// Package bundle holds the built hello contract: its code and its metadata, for
// programs that deploy it without a compiler at hand.
//
// Both files are made from examples/hello by this package's test:
//
//	go test ./examples/hello/bundle -rewrite
package bundle

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
)

//go:embed hello.wasm.gz
var packed []byte

//go:embed hello.json
var metadata []byte

// Metadata returns the contract's metadata, JSON of ink! version 5.
func Metadata() []byte { return bytes.Clone(metadata) }

// Packed returns the code compressed with gzip.
func Packed() []byte { return bytes.Clone(packed) }

// Code returns the contract's WebAssembly.
func Code() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack hello contract: %w", err)
	}
	code, err := io.ReadAll(io.LimitReader(r, 8<<20))
	if err != nil {
		return nil, fmt.Errorf("unpack hello contract: %w", err)
	}
	return code, nil
}
