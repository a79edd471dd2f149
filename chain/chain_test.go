package chain

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/internal/vectors"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func load(t testing.TB, v any, path ...string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{vectors.Dir(t)}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

type blocksFile struct {
	Blocks []struct {
		Number     uint32
		Hash       string
		Header     string
		Extrinsics []string
	}
}

// Real blocks of Westend, Kusama and Polkadot.
func TestRealBlocks(t *testing.T) {
	for _, file := range []string{"westend-1-256.json", "relay-blocks.json"} {
		var f blocksFile
		load(t, &f, "trie", "blocks", file)
		for _, b := range f.Blocks {
			raw := unhex(t, b.Header)
			h, err := DecodeHeader(raw)
			if err != nil {
				t.Errorf("%s block %d: %v", file, b.Number, err)
				continue
			}
			if h.Number != b.Number || h.Hash().String() != "0x"+b.Hash || !bytes.Equal(h.Encode(), raw) {
				t.Errorf("%s block %d: decodes to number %d, hash %v, want %s", file, b.Number, h.Number, h.Hash(), b.Hash)
			}
			var body [][]byte
			for i, text := range b.Extrinsics {
				raw := unhex(t, text)
				body = append(body, raw)
				// Signed extrinsics before MultiAddress are no format of ours.
				d := scale.NewDecoder(raw)
				if _, err := d.Compact(); err != nil || d.Peek()[0] != 4 {
					continue
				}
				x, err := DecodeExtrinsic(raw)
				if err != nil {
					t.Errorf("%s block %d extrinsic %d: %v", file, b.Number, i, err)
				} else if !bytes.Equal(x.Encode(), raw) {
					t.Errorf("%s block %d extrinsic %d: %x encodes as %x", file, b.Number, i, raw, x.Encode())
				}
			}
			block := Block{h, body}
			back, err := scale.Decode[Block](scale.Marshal(block))
			if err != nil || !bytes.Equal(scale.Marshal(back), scale.Marshal(block)) {
				t.Errorf("%s block %d does not come back: %v", file, b.Number, err)
			}
		}
	}
}

// Real headers with many and large digest items.
func TestRealHeaders(t *testing.T) {
	var f map[string]json.RawMessage
	load(t, &f, "grandpa", "headers", "headers.json")
	for name, text := range f {
		if strings.HasPrefix(name, "_") {
			var raw string
			if err := json.Unmarshal(text, &raw); err != nil {
				t.Fatal(err)
			}
			if _, err := DecodeHeader(unhex(t, raw)); err == nil {
				t.Errorf("%s decodes", name)
			}
			continue
		}
		var want struct {
			ParentHash, StateRoot, ExtrinsicsRoot, Raw, Hash string
			Number                                           uint32
			Logs                                             []json.RawMessage
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		raw := unhex(t, want.Raw)
		h, err := DecodeHeader(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if h.ParentHash.String() != "0x"+want.ParentHash || h.StateRoot.String() != "0x"+want.StateRoot ||
			h.ExtrinsicsRoot.String() != "0x"+want.ExtrinsicsRoot || h.Number != want.Number ||
			len(h.Digest) != len(want.Logs) || h.Hash().String() != "0x"+want.Hash || !bytes.Equal(h.Encode(), raw) {
			t.Errorf("%s: got %v %d with %d items, want %s %d with %d", name, h.Hash(), h.Number, len(h.Digest), want.Hash, want.Number, len(want.Logs))
		}
		if _, rest, err := DecodeHeaderPrefix(append(raw, 2, 3)); err != nil || !bytes.Equal(rest, []byte{2, 3}) {
			t.Errorf("%s: prefix: %x, %v", name, rest, err)
		}
		if _, err := DecodeHeader(append(raw, 0)); err == nil {
			t.Errorf("%s: a trailing byte is taken", name)
		}
	}
}

// The expected bytes and numbers are those of sp-runtime's era tests.
func TestEra(t *testing.T) {
	for _, row := range []struct {
		era Era
		hex string
	}{
		{Era{}, "00"},
		{Era{64, 42}, "a502"},
		{Era{32768, 20000}, "4e9c"},
	} {
		if got := hex.EncodeToString(scale.Marshal(row.era)); got != row.hex {
			t.Errorf("%v encodes as %s, want %s", row.era, got, row.hex)
		}
		if got, err := scale.Decode[Era](unhex(t, row.hex)); err != nil || got != row.era {
			t.Errorf("%s decodes to %v, %v, want %v", row.hex, got, err, row.era)
		}
	}
	// A period of 2, a phase beyond the period, and half an era.
	for _, bad := range []string{"1000", "f203", "01"} {
		if e, err := scale.Decode[Era](unhex(t, bad)); err == nil {
			t.Errorf("%s decodes to %v", bad, e)
		}
	}
	e := Era{4, 2}
	for current, want := range map[uint64]uint64{0: 2, 2: 2, 5: 2, 6: 6, 9: 6} {
		if got := e.Birth(current); got != want {
			t.Errorf("birth at %d = %d, want %d", current, got, want)
		}
		if got := e.Death(current); got != want+4 {
			t.Errorf("death at %d = %d, want %d", current, got, want+4)
		}
	}
	if got := MortalEra(64, 42); got != (Era{64, 42}) {
		t.Errorf("MortalEra(64, 42) = %v", got)
	}
	if got := MortalEra(1000000, 20001); got != (Era{65536, 20000}) {
		t.Errorf("MortalEra(1000000, 20001) = %v", got)
	}
}

func TestExtrinsic(t *testing.T) {
	implicit := Implicit{1, 1, hash.H256{1}, hash.H256{2}}
	for s := keys.Ed25519; s <= keys.Ecdsa; s++ {
		for _, size := range []int{4, 150, 151, 400} {
			pair, err := keys.FromURI(s, "//Alice")
			if err != nil {
				t.Fatal(err)
			}
			call := bytes.Repeat([]byte{7}, size)
			x := SignExtrinsic(pair, call, Extra{MortalEra(64, 3), 5, scale.U64(9)}, implicit)
			raw := x.Encode()
			back, err := DecodeExtrinsic(raw)
			if err != nil {
				t.Fatal(err)
			}
			payload := SignedPayload(back.Call, back.Signed.Extra, implicit)
			if !keys.VerifyAccount(back.Signed.Signature.Scheme(), back.Signed.Address.(AddressID).ID, payload, back.Signed.Signature.Bytes()) {
				t.Errorf("%v, call of %d bytes: the signature does not hold", s, size)
			}
			if long := len(call)+len(scale.Marshal(back.Signed.Extra))+72 > 256; long != (len(payload) == 32) {
				t.Errorf("call of %d bytes: payload of %d", size, len(payload))
			}
			for _, bad := range [][]byte{raw[1:], raw[:len(raw)-1], append(bytes.Clone(raw), 0), nil} {
				if _, err := DecodeExtrinsic(bad); err == nil {
					t.Errorf("%x decodes", bad)
				}
			}
		}
	}
}

func TestAura(t *testing.T) {
	for _, row := range []struct {
		previous, ms uint64
		index, n     int
		want         uint64
	}{{0, 0, 0, 1, 1}, {0, 100, 1, 4, 101}, {0, 100, 0, 4, 100}, {100, 100, 0, 4, 104}, {100, 90, 1, 4, 101}, {101, 90, 1, 4, 105}, {9, 7, 3, 4, 11}} {
		if got := AuraSlot(row.previous, row.ms, row.index, row.n); got != row.want {
			t.Errorf("AuraSlot(%d, %d, %d, %d) = %d, want %d", row.previous, row.ms, row.index, row.n, got, row.want)
		}
	}
	pair, err := keys.FromURI(keys.Sr25519, "//Alice")
	if err != nil {
		t.Fatal(err)
	}
	h := Header{Number: 1, Digest: []DigestItem{AuraPreRuntime(77)}}
	sealed := AuraSealed(h, pair)
	if slot, ok := AuraSlotOf(sealed); !ok || slot != 77 {
		t.Errorf("slot %d, %v", slot, ok)
	}
	if !VerifyAuraSeal(sealed, [32]byte(pair.Public())) || VerifyAuraSeal(h, [32]byte(pair.Public())) {
		t.Error("the seal is not what it should be")
	}
	// Golden: every node must derive this hash, whatever its nonces.
	const golden = "0x4a21f34386edde8a0752aceb42607732f6c02960fd86bd5698d2d3978016df19"
	if got := sealed.Hash().String(); got != golden {
		t.Errorf("sealed header has hash %s, want the golden %s", got, golden)
	}
}

func FuzzDecodeHeader(f *testing.F) {
	f.Add(Header{Number: 3, Digest: []DigestItem{AuraPreRuntime(1), DigestRuntimeUpdated{}, DigestOther{}}}.Encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := DecodeHeader(raw)
		if err == nil && !bytes.Equal(h.Encode(), raw) {
			t.Errorf("%x encodes as %x", raw, h.Encode())
		}
	})
}

func FuzzDecodeExtrinsic(f *testing.F) {
	f.Add(Bare([]byte{1, 2, 3}))
	f.Add(Extrinsic{&Signed{AddressID{}, SignatureSr25519{}, Extra{Era: Era{64, 42}}}, []byte{0, 1}}.Encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, err := DecodeExtrinsic(raw)
		if err == nil && !bytes.Equal(x.Encode(), raw) {
			t.Errorf("%x encodes as %x", raw, x.Encode())
		}
	})
}

func FuzzDecodeBody(f *testing.F) {
	f.Add(EncodeBody([][]byte{Bare([]byte{1}), Bare(nil)}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := DecodeBody(raw)
		if err == nil && !bytes.Equal(EncodeBody(body), raw) {
			t.Errorf("%x encodes as %x", raw, EncodeBody(body))
		}
	})
}

func ExampleExtrinsic() {
	x := Extrinsic{Call: []byte{2, 0, 0x0b, 0x10, 0x95, 0x92, 0x55, 0x71, 0x01}}
	fmt.Printf("%x\n", x.Encode())
	// Output: 280402000b109592557101
}
