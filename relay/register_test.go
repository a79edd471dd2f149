package relay_test

import (
	"slices"
	"testing"

	"github.com/tacit-network/tacit/relay"
)

// A registration that is refused costs a fee: tries become rare.
func TestPauses(t *testing.T) {
	want := []uint64{1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 512000, 600000, 600000}
	if got := relay.Pauses(len(want)); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
