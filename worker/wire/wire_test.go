package wire

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// A link hashes to what its message does.
func TestLink(t *testing.T) {
	m := queue.Message{Seq: 3, Block: 4, Time: 5, Origin: queue.OriginPallet{Name: []byte("x")}, Payload: []byte("payload")}
	l := Link{3, 4, 5, m.Origin, hash.Blake2b256(m.Payload)}
	h := hash.H256{1}
	if got, want := hash.Blake2b256(h[:], scale.Marshal(l)), m.Next(h); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestErrors(t *testing.T) {
	answers := map[string][]byte{"known": scale.Marshal(Error{KindTooOld, "too old"}), "noise": {1, 2}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write(answers[r.URL.Path[1:len(r.URL.Path)-len(PathInfo)]])
	}))
	defer server.Close()
	_, err := NewClient(server.URL+"/known", nil).Info(context.Background())
	if KindOf(err) != KindTooOld {
		t.Errorf("got %v", err)
	}
	_, err = NewClient(server.URL+"/noise", nil).Info(context.Background())
	if err == nil || KindOf(err) != KindInternal {
		t.Errorf("got %v", err)
	}
}

func FuzzSync(f *testing.F) {
	f.Add(scale.Marshal(Sync{Queues: []Batch{{To: queue.ToWorker{}, Messages: []queue.Message{{Origin: queue.OriginPallet{}}}}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := scale.Decode[Sync](b)
		if err == nil && !bytes.Equal(scale.Marshal(s), b) {
			t.Fatalf("%x does not come back", b)
		}
	})
}

func ExampleKindOf() {
	err := fmt.Errorf("worker: %w", Errorf(KindBusy, "too many queries run"))
	fmt.Println(KindOf(err) == KindBusy, KindOf(errors.New("other")) == KindInternal)
	// Output: true true
}

// The bytes that sdk/ts writes, and the words that it lets wallets sign.
func TestCertificate(t *testing.T) {
	c := Certificate{Key: [32]byte(bytes.Repeat([]byte{3}, 32)), Until: 9, Scheme: keys.Sr25519, Signature: []byte{7}}
	q := Query{
		Contract: hash.H256(bytes.Repeat([]byte{1}, 32)), Origin: keys.AccountID(bytes.Repeat([]byte{2}, 32)), Least: 3, Envelope: []byte{4, 5},
		Scheme: keys.Sr25519, Signature: []byte{6}, Certificate: &c,
	}
	want := strings.Repeat("01", 32) + strings.Repeat("02", 32) + "0300000008040501040601" + strings.Repeat("03", 32) + "09000000010407"
	if got := hex.EncodeToString(scale.Marshal(q)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	text := "Tacit: the key 0x" + strings.Repeat("03", 32) + " may ask contracts in the name of 0x" + strings.Repeat("02", 32) +
		" on the chain 0x" + strings.Repeat("07", 32) + " until block 9."
	if got := string(c.Text(hash.H256(bytes.Repeat([]byte{7}, 32)), q.Origin)); got != text {
		t.Errorf("got  %s\nwant %s", got, text)
	}
}
