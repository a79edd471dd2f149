package seal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/hash"
)

func testContext() Context {
	return Context{Genesis: hash.H256{1}, Target: hash.H256{2}, Contract: hash.H256{3}, Origin: [32]byte{4}, Epoch: 5}
}

func TestRoundTrip(t *testing.T) {
	for _, s := range Suites {
		cluster, err := SecretFrom([32]byte{7}).Epoch(5).HPKE(s)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := GenerateKey(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{0, 10, 200, 3000} {
			m := Message{Nonce: NewNonce(), Reply: KeyOf(reply.Public()), Input: bytes.Repeat([]byte{9}, size)}
			data, err := SealMessage(cluster.Public(), "tacit/command/1", testContext(), m)
			if err != nil {
				t.Fatal(err)
			}
			e, err := ParseEnvelope(data)
			if err != nil || e.Epoch != 5 || (len(e.Box)-tagSize)&(len(e.Box)-tagSize-1) != 0 {
				t.Fatalf("suite %d: epoch %d, %d bytes, %v", s, e.Epoch, len(e.Box), err)
			}
			got, err := cluster.OpenMessage("tacit/command/1", testContext(), e)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(m) {
				t.Fatalf("suite %d: %v %v", s, got, err)
			}

			// Whatever is different, it does not open.
			other := testContext()
			other.Origin[0]++
			if _, err := cluster.OpenMessage("tacit/command/1", other, e); !errors.Is(err, ErrOpen) {
				t.Errorf("other origin: %v", err)
			}
			if _, err := cluster.OpenMessage("tacit/query/1", testContext(), e); !errors.Is(err, ErrOpen) {
				t.Errorf("other purpose: %v", err)
			}
			for _, i := range []int{headSize, len(data) - 1} {
				bad := bytes.Clone(data)
				bad[i] ^= 1
				if e, err := ParseEnvelope(bad); err == nil {
					if _, err := cluster.OpenMessage("tacit/command/1", testContext(), e); err == nil {
						t.Errorf("changed byte %d opens", i)
					}
				}
			}

			request := hash.Blake2b256(data)
			want := Reply{Status: 1, Gas: 12, Output: []byte("secret")}
			sealed, err := SealReply(m.Reply, "tacit/reply/1", request, want)
			if err != nil {
				t.Fatal(err)
			}
			var r Reply
			if err := reply.OpenReply("tacit/reply/1", request, sealed, &r); err != nil || fmt.Sprint(r) != fmt.Sprint(want) {
				t.Errorf("reply %v %v", r, err)
			}
			if err := reply.OpenReply("tacit/reply/1", hash.H256{}, sealed, &r); !errors.Is(err, ErrOpen) {
				t.Errorf("reply to another request: %v", err)
			}
		}
	}
}

func TestPadding(t *testing.T) {
	for _, tt := range [][2]int{{0, 256}, {1, 256}, {256, 256}, {257, 512}, {5000, 8192}} {
		if got := len(pad(make([]byte, tt[0]))); got != tt[1] {
			t.Errorf("%d bytes: padded to %d, want %d", tt[0], got, tt[1])
		}
	}
	var b []byte
	if err := unpad(append(pad([]byte{4, 1}), make([]byte, 256)...), &b); err == nil {
		t.Error("padding longer than needed is accepted")
	}
	bad := pad([]byte{4, 1})
	bad[255] = 1
	if err := unpad(bad, &b); err == nil {
		t.Error("padding of ones is accepted")
	}
}

func TestFormat(t *testing.T) {
	s := SecretFrom([32]byte{0xab})
	k, err := s.HPKE(X25519)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{fmt.Sprint(s), fmt.Sprintf("%#v", s), fmt.Sprintf("%x", k), fmt.Sprintf("%+v", struct{ S Secret }{s})} {
		if !strings.Contains(v, "[secret]") || strings.Contains(v, "ab") {
			t.Errorf("a secret prints as %s", v)
		}
	}
}

// vector is one entry of testdata/vectors.json.
type vector struct {
	From       string `json:"from"`
	Suite      Suite  `json:"suite"`
	PrivateKey string `json:"private_key"`
	PublicKey  string `json:"public_key"`
	Info       string `json:"info"`
	AAD        string `json:"aad"`
	Plaintext  string `json:"plaintext"`
	Envelope   string `json:"envelope"`
}

// Envelopes that other implementations made open here.
func TestVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	raw := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, v := range vectors {
		k, err := ParsePrivateKey(v.Suite, raw(v.PrivateKey))
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(k.Public().Bytes()); got != v.PublicKey {
			t.Errorf("%s, suite %d: public key %s, want %s", v.From, v.Suite, got, v.PublicKey)
		}
		e, err := ParseEnvelope(raw(v.Envelope))
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Open(v.Info, raw(v.AAD), e)
		if err != nil || hex.EncodeToString(got) != v.Plaintext {
			t.Errorf("%s, suite %d: got %x %v, want %s", v.From, v.Suite, got, err, v.Plaintext)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k, err := SecretFrom([32]byte{1}).HPKE(X25519)
	if err != nil {
		f.Fatal(err)
	}
	data, err := SealMessage(k.Public(), "i", Context{}, Message{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParseEnvelope(data)
		if err != nil {
			return
		}
		if _, err := k.OpenMessage("i", Context{}, e); err == nil && e.Suite != X25519 {
			t.Fatal("opened with another suite")
		}
	})
}

func Example() {
	cluster, err := GenerateKey(Hybrid)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := Context{Epoch: 1}
	data, err := SealMessage(cluster.Public(), "tacit/command/1", c, Message{Nonce: NewNonce(), Input: []byte("hello")})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := ParseEnvelope(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := cluster.OpenMessage("tacit/command/1", c, e)
	fmt.Println(string(m.Input), err)
	// Output: hello <nil>
}
