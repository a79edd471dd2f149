package vm_test

import (
	"fmt"

	"github.com/tacit-network/tacit/contract/vm"
)

func ExampleInstrument() {
	_, err := vm.Instrument([]byte("PVM\x00"), &vm.Ink, nil)
	fmt.Println(err)
	// Output: module refused: this is a PolkaVM blob (ink! 6); build the contract with ink! 5 or Go instead
}
