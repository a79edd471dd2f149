package metadata_test

import (
	"bytes"
	"testing"

	"github.com/tacit-network/tacit/metadata"
	"github.com/tacit-network/tacit/runtime"
)

// Whatever a node hands out as metadata is read or refused, and what was read is
// written again as it was.
func FuzzDecode(f *testing.F) {
	whole := runtime.New().Metadata()
	for _, m := range []*metadata.Metadata{ // the whole is too long to be varied
		{Types: whole.Types[:3]}, {Types: whole.Types[:20], Pallets: whole.Pallets[2:3]},
	} {
		f.Add(m.EncodeV14())
		f.Add(m.EncodeV15())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := metadata.Decode(data)
		if err != nil {
			return
		}
		again := m.EncodeV15()
		if data[4] == 14 {
			again = m.EncodeV14()
		}
		if !bytes.Equal(again, data) {
			t.Errorf("%x is written as %x", data, again)
		}
	})
}
