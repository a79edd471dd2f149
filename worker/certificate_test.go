package worker

import (
	"bytes"
	"context"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/wire"
)

// asksBack is a contract that returns tacit.certificate's 69 bytes at most, seven
// of nothing, and tacit.worker's 32:
//
//	0 length of a buffer ‖ 4 certificate ‖ 80 worker
var asksBack = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x14\x04" + "\x60\x02\x7f\x7f\x00" + "\x60\x01\x7f\x01\x7f" + "\x60\x03\x7f\x7f\x7f\x00" + "\x60\x00\x00" + // types
	"\x02\x47\x04" + "\x05tacit\x0bcertificate\x00\x00" + "\x05tacit\x06worker\x00\x01" + "\x05seal0\x0bseal_return\x00\x02" + "\x03env\x06memory\x02\x01\x01\x10" +
	"\x03\x03\x02\x03\x03" + // functions
	"\x07\x11\x02" + "\x04call\x00\x03" + "\x06deploy\x00\x04" + // exports
	"\x0a\x24\x02" + "\x1f\x00" + "\x41\x00\x41\xc5\x00\x36\x02\x00" + "\x41\x04\x41\x00\x10\x00" + "\x41\xd0\x00\x10\x01\x1a" + "\x41\x00\x41\x04\x41\xec\x00\x10\x02" + "\x0b" +
	"\x02\x00\x0b")

// A contract is told by which key a query was signed, and by which worker it is
// answered; in a command, that the chain knows who asks.
func TestCertificateOfQuery(t *testing.T) {
	s := newStory(t)
	chunks := clusters.Chunks(asksBack)
	s.codes = map[hash.H256][][]byte{clusters.CodeHash(chunks): chunks}
	alice, bob := account(t, "//Alice"), account(t, "//Bob")
	made := s.instantiate(alice)
	s.bring()
	if r := s.receipts[made]; r.Status != 0 {
		t.Fatalf("no contract: %d %s", r.Status, r.Error)
	}
	me := alice.AccountID()
	ask := func(sign keys.Pair, c *wire.Certificate) []byte {
		t.Helper()
		k, err := seal.GenerateKey(seal.X25519)
		if err != nil {
			t.Fatal(err)
		}
		q := wire.Query{Contract: s.contract, Origin: me, Scheme: sign.Scheme(), Certificate: c}
		m := seal.Message{Nonce: seal.NewNonce(), Kind: seal.KindCall, Reply: seal.KeyOf(k.Public())}
		key, err := seal.ParsePublicKey(s.w.Info().HPKE[0].Kem, s.w.Info().HPKE[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		if q.Envelope, err = seal.SealMessage(key, seal.InfoQuery, seal.Context{
			Genesis: s.c.genesis, Target: s.w.Identity(), Contract: q.Contract, Origin: me,
		}, m); err != nil {
			t.Fatal(err)
		}
		sum := q.SigningHash(s.c.genesis, s.w.Identity(), scale.Marshal(m))
		q.Signature = sign.Sign(sum[:])
		r, err := s.w.Query(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		var a wire.SignedAnswer
		if err := k.OpenReply(seal.InfoReply, hash.Blake2b256(q.Envelope), r.Envelope, &a); err != nil {
			t.Fatal(err)
		}
		return a.Answer.Output
	}
	want := func(name string, got []byte, proof ...byte) {
		t.Helper()
		id := s.w.Identity()
		all := append(append([]byte{}, me[:]...), proof...)
		if len(got) != 108 || !bytes.Equal(got[:len(all)], all) || !bytes.Equal(got[76:], id[:]) {
			t.Errorf("%s: got %x, want %x and the worker %x", name, got, all, id)
		}
	}
	want("signed by the account", ask(alice, nil), 1, byte(keys.Sr25519))
	c := wire.Certificate{Key: [32]byte(bob.Public()), Until: 1000, Scheme: alice.Scheme()}
	c.Signature = alice.Sign(c.Text(s.c.genesis, me))
	want("signed by a session's key", ask(bob, &c), append(append([]byte{2}, bob.Public()...), 0xe8, 3, 0, 0)...)
	seq := s.command(alice, "get")
	s.bring()
	var out seal.Reply
	if err := s.replies[seq].key.OpenReply(seal.InfoReply, s.replies[seq].request, s.receipts[seq].Output, &out); err != nil {
		t.Fatal(err)
	}
	if all := append(me[:], make([]byte, 108-32)...); !bytes.Equal(out.Output, all) {
		t.Errorf("a command: got %x, want %x", out.Output, all)
	}
}
