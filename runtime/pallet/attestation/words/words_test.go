package words_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/attestation/words"
	"github.com/tacit-network/tacit/runtime/storage"
)

// Workers read what the pallet writes.
func TestKey(t *testing.T) {
	pallet := new(attestation.State)
	storage.Bind("Attestation", pallet)
	id := hash.H256{1, 2}
	if got, want := words.NewState().Images.Key(id), pallet.Images.Key(id); !bytes.Equal(got, want) {
		t.Errorf("key %x, want %x", got, want)
	}
}

func ExampleNewState() {
	fmt.Println(len(words.NewState().Images.Key(hash.H256{})))
	// Output: 64
}
