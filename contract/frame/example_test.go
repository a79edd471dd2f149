package frame_test

import (
	"fmt"

	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
)

func ExampleFirst() {
	chain, one, other := hash.H256{1}, hash.H256{2}, hash.H256{3}
	a, b := frame.First(chain, one), frame.First(chain, other)
	fmt.Println("signatures for one cluster are good for another:", a.Hash() == b.Hash())
	// Output: signatures for one cluster are good for another: false
}
