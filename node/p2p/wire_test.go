package p2p

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What smoldot 3.4.1 sent to a node, and what it means.
const (
	smoldotStatus     = "0200000000c40861ab759174d30cc23e30aacf38fac69fec0f8e9c9eba99ccc662d7667296c40861ab759174d30cc23e30aacf38fac69fec0f8e9c9eba99ccc662d7667296"
	smoldotBody       = "08808080101220a3fb8653ca7fed569a90ca84d010eed4bddc2051a5d4f130fd9a91455bc3dc61280030013801"
	smoldotBlocks     = "088080808801" + "122003b6554934cd8b798ba8d6bfb7aa9a1893b49e30ee0b3315a06286a4aefa94b0" + "280130403801"
	smoldotRead       = "12351220a3fb8653ca7fed569a90ca84d010eed4bddc2051a5d4f130fd9a91455bc3dc611a053a636f64651a0a3a686561707061676573"
	smoldotCall       = "0a461220b88dafb46694fb9938288d8a6771c9a33d3c68a70246302b79a5a3ac840153dc1a1c4d657461646174615f6d657461646174615f61745f76657273696f6e22040f000000"
	smoldotTxs        = "04410284003639103416b054f3362b835dded8ca33c11f11d4360a6f434034e9b46662693d0168c1d65e02af8410e19e7ccdbe03a951db81a2ade6e71c0fa979d8f25e0cbe0c821f57bdb0096bd13104aa1a9dad0b601bc160deddc6ec699c79fcedba221784150104000303000ae1adab2f9cccccb43988491aa4a8b0be71497a06472bbc93ab001b85a1be08070010a5d4e8"
	smoldotNeighbours = "02010100000000000000000000000000000000000000"
)

func TestFromSmoldot(t *testing.T) {
	h := func(s string) hash.H256 { return hash.H256(unhex(t, s)) }
	genesis := h("c40861ab759174d30cc23e30aacf38fac69fec0f8e9c9eba99ccc662d7667296")
	at := h("a3fb8653ca7fed569a90ca84d010eed4bddc2051a5d4f130fd9a91455bc3dc61")
	from := h("03b6554934cd8b798ba8d6bfb7aa9a1893b49e30ee0b3315a06286a4aefa94b0")
	if s, err := decodeStatus(unhex(t, smoldotStatus)); err != nil || s != (status{roleLight, 0, genesis, genesis}) {
		t.Errorf("handshake: %+v, %v", s, err)
	}
	r, err := decodeBlockRequest(unhex(t, smoldotBody))
	if want := (blockRequest{body: true, hash: &at, most: 1, several: true}); err != nil || !reflect.DeepEqual(r, want) {
		t.Errorf("a body: %+v, %v", r, err)
	}
	r, err = decodeBlockRequest(unhex(t, smoldotBlocks))
	want := blockRequest{header: true, justification: true, hash: &from, descending: true, most: 64, several: true}
	if err != nil || !reflect.DeepEqual(r, want) {
		t.Errorf("blocks: %+v, %v", r, err)
	}
	q, err := decodeLightRequest(unhex(t, smoldotRead))
	if want := (readRequest{at, [][]byte{[]byte(":code"), []byte(":heappages")}}); err != nil || !reflect.DeepEqual(q, lightRequest(want)) {
		t.Errorf("read: %+v, %v", q, err)
	}
	q, err = decodeLightRequest(unhex(t, smoldotCall))
	call := callRequest{h("b88dafb46694fb9938288d8a6771c9a33d3c68a70246302b79a5a3ac840153dc"), "Metadata_metadata_at_version", []byte{15, 0, 0, 0}}
	if err != nil || !reflect.DeepEqual(q, lightRequest(call)) {
		t.Errorf("call: %+v, %v", q, err)
	}
	list, err := decodeTransactions(unhex(t, smoldotTxs))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if x, err := chain.DecodeExtrinsic(list[0]); err != nil || x.Signed == nil {
		t.Errorf("transaction: %v", err)
	}
	// A light client that knows nothing is in round 1 of set 0.
	if got := unhex(t, smoldotNeighbours); !bytes.Equal(neighbour(0, 0), got) {
		t.Errorf("neighbour packet %x, want %x", neighbour(0, 0), got)
	}
}

func TestMessages(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 16383, 16384, 1 << 20} {
		var b bytes.Buffer
		raw := bytes.Repeat([]byte{7}, n)
		if err := writeMessage(&b, raw); err != nil {
			t.Fatal(err)
		}
		asked := 0
		got, err := readMessage(&b, n, func(n int) error { asked = n; return nil })
		if err != nil || !bytes.Equal(got, raw) || asked != n {
			t.Errorf("%d bytes: %d, %v", n, len(got), err)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte{3, 1, 2, 3})
	f.Add([]byte{0x80, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := readMessage(bytes.NewReader(raw), 1000, free)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := writeMessage(&b, got); err != nil || !bytes.HasPrefix(raw, b.Bytes()) {
			t.Errorf("%x gives %x, %v", raw, b.Bytes(), err)
		}
	})
}

func FuzzStatus(f *testing.F) {
	f.Add(unhex(f, smoldotStatus))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if s, err := decodeStatus(raw); err == nil && !bytes.Equal(scale.Marshal(s), raw) {
			t.Errorf("%x gives %x", raw, scale.Marshal(s))
		}
	})
}

func FuzzTransactions(f *testing.F) {
	f.Add(unhex(f, smoldotTxs))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := decodeTransactions(raw)
		if err != nil {
			return
		}
		if again := append(scale.AppendCompact(nil, uint64(len(list))), bytes.Join(list, nil)...); !bytes.Equal(again, raw) {
			t.Errorf("%x gives %x", raw, again)
		}
	})
}

func FuzzBlockRequest(f *testing.F) {
	f.Add(unhex(f, smoldotBody))
	f.Add(unhex(f, smoldotBlocks))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := decodeBlockRequest(raw)
		if err != nil {
			return
		}
		// Fields may stand in any order and be unknown: the meaning stays.
		var parts, direction uint64
		for bit, wanted := range map[uint64]bool{wantHeader: r.header, wantBody: r.body, wantJustification: r.justification} {
			if wanted {
				parts |= bit
			}
		}
		if r.descending {
			direction = 1
		}
		number := scale.AppendUint32(nil, r.number)
		var h []byte
		if r.hash != nil {
			h, number = r.hash[:], nil
		}
		again, err := decodeBlockRequest(ask(parts, h, number, direction, uint64(r.most)))
		again.several = r.several
		if r.hash != nil {
			r.number = 0
		}
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%+v gives %+v, %v", r, again, err)
		}
	})
}

func FuzzLightRequest(f *testing.F) {
	f.Add(unhex(f, smoldotRead))
	f.Add(unhex(f, smoldotCall))
	f.Add([]byte{0x22, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		q, err := decodeLightRequest(raw)
		if err != nil {
			return
		}
		var again []byte
		switch q := q.(type) {
		case readRequest:
			again = lightRead(2, 3, q.block[:], q.keys...)
		case callRequest:
			again = lightCall(q.block[:], q.method, q.args)
		case childRequest:
			again = protowire.AppendBytes(protowire.AppendTag(nil, 4, protowire.BytesType), nil)
		}
		got, err := decodeLightRequest(again)
		if c, ok := got.(callRequest); ok && len(c.args) == 0 {
			c.args = q.(callRequest).args
			got = c
		}
		if err != nil || !reflect.DeepEqual(got, q) {
			t.Errorf("%+v gives %+v, %v", q, got, err)
		}
	})
}

// FuzzLateEnd reads any bytes of a peer as frames: what comes out does not
// depend on how they came in.
func FuzzLateEnd(f *testing.F) {
	f.Add(frame(0, 4, 1, 3, "end"), uint8(3))
	f.Fuzz(func(t *testing.T, raw []byte, step uint8) {
		whole := readFrames(t, raw, len(raw)+1)
		if pieces := readFrames(t, raw, int(step)+1); !bytes.Equal(whole, pieces) {
			t.Errorf("%x, and in pieces %x", whole, pieces)
		}
	})
}

func readFrames(t *testing.T, raw []byte, step int) (out []byte) {
	l := &lateEnd{Conn: readerConn{r: bytes.NewReader(raw)}}
	p := make([]byte, step)
	for {
		n, err := l.Read(p)
		out = append(out, p[:n]...)
		if err != nil {
			return out
		}
	}
}
