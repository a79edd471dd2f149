//go:build !wasip1

package main

import (
	"embed"
	"fmt"
	"os"
	"runtime"

	"github.com/tacit-network/tacit/contract/abi"
)

//go:embed price.go
var source embed.FS

// main prints the metadata of the contract whose code is in the named file.
func main() {
	if err := abi.Print(os.Stdout, &contract, source, runtime.Version(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "price:", err)
		os.Exit(1)
	}
}
