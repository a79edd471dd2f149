//go:build !wasip1

package main

import (
	"embed"
	"fmt"
	"os"

	"github.com/tacit-network/tacit/contract/abi"
)

//go:embed hello.go
var source embed.FS

// compiler is what the committed code was built with.
const compiler = "go1.26.8"

// main prints the metadata of the contract whose code is in the named file.
func main() {
	if err := abi.Print(os.Stdout, &contract, source, compiler, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}
