package words_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

func back[T any](t *testing.T, data []byte) {
	t.Helper()
	m, err := scale.Decode[T](data)
	if err == nil && !bytes.Equal(scale.Encode(m), data) {
		t.Errorf("%x encodes as %x", data, scale.Encode(m))
	}
}

// What decodes, encodes as it was: messages to clusters, to and of workers, and
// actions.
func FuzzWords(f *testing.F) {
	f.Add(scale.Encode[words.Action](words.Call{Input: []byte{1}}))
	f.Add(scale.Encode[words.ClusterMessage](words.Return{Seq: 1, Amount: scale.U64(2)}))
	f.Add(scale.Encode[words.ClusterMessage](words.Terms{GasPrice: scale.U64(3), Treasury: [32]byte{4}}))
	f.Add(scale.Encode[words.UpMessage](words.Receipts{Receipts: []words.Receipt{{}}, Withdrawals: []words.Withdrawal{{}}}))
	f.Add(scale.Encode[words.UpMessage](words.SnapshotMade{Snapshot: words.Snapshot{Chunks: 1}}))
	f.Add(scale.Encode[words.UpMessage](words.SnapshotChunk{Bytes: []byte{1}, Proof: []hash.H256{{2}}}))
	f.Add(scale.Encode[words.WorkerMessage](words.ClusterJoin{Members: [][32]byte{{1}}, Snapshot: &words.Snapshot{Next: 3}}))
	f.Add(scale.Encode[words.WorkerMessage](words.Share{Keys: []words.HPKEKey{{Kem: 1}}, Envelope: []byte{2}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		back[words.WorkerMessage](t, data)
		back[words.Action](t, data)
		back[words.ClusterMessage](t, data)
		back[words.UpMessage](t, data)
		back[words.KeptChunk](t, data)
	})
}

// The layout of actions as docs/wire/envelope.md gives it.
func TestAction(t *testing.T) {
	one, two := [32]byte{1}, [32]byte{2}
	amount := append([]byte{3}, make([]byte, 15)...)
	for _, tt := range []struct {
		a    words.Action
		want []byte
	}{
		{words.Transfer{To: one, Amount: scale.U64(3)}, append(append([]byte{0}, one[:]...), amount...)},
		{words.Withdraw{To: one, Amount: scale.U64(3)}, append(append([]byte{1}, one[:]...), amount...)},
		{words.Call{Contract: two, Value: scale.U64(3), Input: []byte{9}}, append(append(append([]byte{2}, two[:]...), amount...), 4, 9)},
	} {
		if got := scale.Encode(tt.a); !bytes.Equal(got, tt.want) {
			t.Errorf("%T: %x, want %x", tt.a, got, tt.want)
		}
	}
}

func ExampleEscrowAccount() {
	a, b := words.EscrowAccount(hash.H256{1}), words.EscrowAccount(hash.H256{2})
	fmt.Println(a == b, a == chain.AccountID(hash.Blake2b256([]byte("tacit/escrow/1"), append([]byte{1}, make([]byte, 31)...))))
	// Output: false true
}
