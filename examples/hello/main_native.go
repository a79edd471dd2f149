//go:build !wasip1

package main

import (
	"fmt"
	"os"

	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/hash"
)

// main prints the metadata of the contract whose code is in the named file.
func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: hello CODE.wasm")
	}
	code, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	out, err := abi.Generate(&contract, hash.Blake2b256(code), compiler)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(out)
	return err
}

// compiler is what the committed code was built with.
const compiler = "go1.26.8"
