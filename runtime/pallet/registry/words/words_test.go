package words_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
	"github.com/tacit-network/tacit/scale"
)

// Enclaves and clients find a worker under the layout of Substrate's
// Blake2_128Concat maps.
func TestKey(t *testing.T) {
	pallet, item := hash.Twox128([]byte("Registry")), hash.Twox128([]byte("Workers"))
	identity := [32]byte{1, 2, 3}
	hashed := hash.Blake2b128(identity[:])
	want := append(append(append(pallet[:], item[:]...), hashed[:]...), identity[:]...)
	if got := words.NewState().Workers.Key(identity); !bytes.Equal(got, want) {
		t.Errorf("key %x, want %x", got, want)
	}
}

func FuzzWorker(f *testing.F) {
	f.Add(scale.Marshal(words.Worker{Advisories: []string{"INTEL-SA-00001"}, BootEpoch: 3}))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := scale.Decode[words.Worker](data)
		if err == nil && !bytes.Equal(scale.Marshal(w), data) {
			t.Errorf("%x encodes as %x", data, scale.Marshal(w))
		}
	})
}

func ExampleWorker_LiveAt() {
	w := words.Worker{ExpiresAt: 1000}
	fmt.Println(w.LiveAt(999), w.LiveAt(1000))
	// Output: true false
}
