package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The public keys of the development accounts, as `subkey inspect` prints
// them and as the Substrate documentation lists them.
func TestFromURI(t *testing.T) {
	for _, row := range []struct {
		scheme Scheme
		uri    string
		public string
		ss58   string
	}{
		{Sr25519, "//Alice", "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"},
		{Sr25519, "//Bob", "0x8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48", "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"},
		{Sr25519, DevPhrase, "0x46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a", "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV"},
		{Sr25519, DevPhrase + "//Alice", "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d", ""},
		{Sr25519, "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a", "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d", ""},
		{Ed25519, "//Alice", "0x88dc3417d5058ec4b4503e0c12ea1a0a89be200fe98922423d4334014fa6b0ee", "5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu"},
		{Ecdsa, "//Alice", "0x020a1091341fe5664bfa1782d5e04779689068c916b04cb365ec3153755684d9a1", ""},
	} {
		p, err := FromURI(row.scheme, row.uri)
		if err != nil {
			t.Errorf("FromURI(%v, %q): %v", row.scheme, row.uri, err)
			continue
		}
		if got := "0x" + hex.EncodeToString(p.Public()); got != row.public {
			t.Errorf("FromURI(%v, %q) = %s, want %s", row.scheme, row.uri, got, row.public)
		}
		if got := p.AccountID().String(); row.ss58 != "" && got != row.ss58 {
			t.Errorf("address of %q = %s, want %s", row.uri, got, row.ss58)
		}
	}
}

// Every step and every password gives another key that signs.
func TestDerivation(t *testing.T) {
	// The seed and the public key of sp-core's sr25519 tests.
	p, err := FromURI(Sr25519, "0x9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := hex.EncodeToString(p.Public()), "44a996beb1eef7bdcab976ab6d2ca26104834164ecf28fb375600576fcc6eb0f"; got != want {
		t.Errorf("sp-core's seed: got %s, want %s", got, want)
	}
	seen := map[string]string{}
	for _, uri := range []string{"//Alice", "//Alice/soft", "//Alice//hard", "//Alice/1", "//Alice//1", "//Alice///pass", "/Alice", "//" + strings.Repeat("x", 40)} {
		p, err := FromURI(Sr25519, uri)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[string(p.Public())]; ok {
			t.Errorf("%s and %s have one key", uri, other)
		}
		seen[string(p.Public())] = uri
		if !Verify(Sr25519, p.Public(), []byte("m"), p.Sign([]byte("m"))) {
			t.Errorf("%s: own signature does not hold", uri)
		}
	}
	if _, err := FromURI(Ed25519, "//Alice/soft"); err == nil {
		t.Error("ed25519 took a soft step")
	}
	for _, bad := range []string{"0x12", "bottom drive", DevPhrase + " walk", strings.Replace(DevPhrase, "walk", "walkx", 1), "walk drive obey lake curtain smoke basket hold race lonely fit bottom", "//Alice/", "//"} {
		if _, err := FromURI(Sr25519, bad); err == nil {
			t.Errorf("FromURI(%q) passed", bad)
		}
	}
}

func TestDevSeed(t *testing.T) {
	short, err := seedOf("", "")
	long, err2 := seedOf(DevPhrase, "")
	if err != nil || err2 != nil || short != long {
		t.Errorf("the seed of the development phrase is %x (%v), and stretched %x (%v)", short, err, long, err2)
	}
}

func TestSignVerify(t *testing.T) {
	msg := []byte("a message")
	for s := Ed25519; s <= Ecdsa; s++ {
		p, err := FromURI(s, "//Alice")
		if err != nil {
			t.Fatal(err)
		}
		sig := p.Sign(msg)
		if len(sig) != s.SignatureSize() || len(p.Public()) != s.PublicSize() {
			t.Errorf("%v: sizes %d and %d", s, len(sig), len(p.Public()))
		}
		if !Verify(s, p.Public(), msg, sig) || !VerifyAccount(s, p.AccountID(), msg, sig) {
			t.Errorf("%v: own signature does not hold", s)
		}
		for i := range sig {
			bad := bytes.Clone(sig)
			bad[i] ^= 1
			if Verify(s, p.Public(), msg, bad) {
				t.Errorf("%v: signature with byte %d changed holds", s, i)
			}
		}
		if Verify(s, p.Public(), msg[1:], sig) || Verify(s, p.Public()[1:], msg, sig) || Verify(s, p.Public(), msg, sig[1:]) {
			t.Errorf("%v: wrong input holds", s)
		}
	}
	if Verify(9, nil, msg, nil) {
		t.Error("scheme 9 holds")
	}
}

// Under ZIP-215 the identity as key and R with S = 0 signs every message:
// 8·S·B = 8·R + 8·k·A holds when all points vanish.
func TestZIP215(t *testing.T) {
	var one [32]byte
	one[0] = 1
	sig := append(one[:], make([]byte, 32)...)
	if !VerifyEd25519(one, []byte("anything"), sig) {
		t.Error("the low-order key's signature must hold under ZIP-215")
	}
	// y = p + 1 is a non-canonical form of the identity: p = 2^255 - 19.
	non := [32]byte(unhex(t, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"))
	if !VerifyEd25519(non, []byte("anything"), append(non[:], make([]byte, 32)...)) {
		t.Error("non-canonical points must be taken under ZIP-215")
	}
	// S = L is not canonical and must be refused.
	order := unhex(t, "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
	if VerifyEd25519(one, []byte("anything"), append(one[:], order...)) {
		t.Error("S = L holds")
	}
	var b Ed25519Batch
	for range 4 {
		b.Add(one, []byte("anything"), sig)
		b.Add(non, []byte("anything"), sig)
	}
	if !b.Verify() {
		t.Error("batch and single verification disagree")
	}
	b.Add(one, []byte("anything"), append(one[:], order...))
	if b.Verify() || b.Culprit() != 8 {
		t.Errorf("batch with a bad entry: verify %v, culprit %d", b.Verify(), b.Culprit())
	}
	if !IsLowOrder(one) || !IsLowOrder(non) || !IsLowOrder([32]byte{}) {
		t.Error("a low-order key is not seen")
	}
	alice, _ := FromURI(Ed25519, "//Alice")
	if IsLowOrder([32]byte(alice.Public())) {
		t.Error("Alice's key is of low order")
	}
}

// RFC 8032, section 7.1, tests 1 and 2.
func TestEd25519RFC(t *testing.T) {
	for _, row := range []struct{ seed, public, msg, sig string }{
		{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	} {
		p, err := NewPair(Ed25519, [32]byte(unhex(t, row.seed)))
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(p.Public()); got != row.public {
			t.Errorf("public = %s, want %s", got, row.public)
		}
		if got := hex.EncodeToString(p.Sign(unhex(t, row.msg))); got != row.sig {
			t.Errorf("signature = %s, want %s", got, row.sig)
		}
	}
}

func TestDeterministicSr25519Sign(t *testing.T) {
	p, err := FromURI(Sr25519, "//Alice")
	if err != nil {
		t.Fatal(err)
	}
	sig := DeterministicSr25519Sign(p, []byte("tacit"))
	if !Verify(Sr25519, p.Public(), []byte("tacit"), sig) {
		t.Error("the signature does not hold")
	}
	const golden = "fc0e73e947f1c371fdbfa7db70082147afe082998bf360afabfafd089b4ea5643230defe94d99866ed4fe8e41f8fec316862fc7d09c7921dfe097d4976136c8a"
	if got := hex.EncodeToString(sig); got != golden {
		t.Errorf("got %s, want the golden vector %s", got, golden)
	}
}

func TestSS58(t *testing.T) {
	alice, _ := FromURI(Sr25519, "//Alice")
	id := alice.AccountID()
	// Addresses of //Alice as subkey prints them for each network.
	for prefix, want := range map[uint16]string{
		0:  "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
		2:  "HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F",
		42: "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
	} {
		if got := id.SS58(prefix); got != want {
			t.Errorf("SS58(%d) = %s, want %s", prefix, got, want)
		}
	}
	for _, prefix := range []uint16{0, 1, 42, 63, 64, 65, 255, 256, 1000, 16383} {
		got, p, err := DecodeSS58(id.SS58(prefix))
		if err != nil || got != id || p != prefix {
			t.Errorf("prefix %d comes back as %d, %v, %v", prefix, p, got, err)
		}
	}
	for _, bad := range []string{"", "5", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ", "0GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "0x12", strings.Repeat("z", 70)} {
		if _, err := ParseAccountID(bad); err == nil {
			t.Errorf("ParseAccountID(%q) passed", bad)
		}
	}
	text, err := json.Marshal(map[string]AccountID{"a": id})
	if err != nil || string(text) != `{"a":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}` {
		t.Errorf("json: %s, %v", text, err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	p, _ := FromURI(Ed25519, "//Alice")
	g, err := NewGrandpaPair(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb+verb, p, g); got != "[secret][secret]" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	//lint:ignore SA9005 that nothing comes out is the point
	if got, _ := json.Marshal(p); string(got) != "{}" {
		t.Errorf("json prints %s", got)
	}
}

func TestNewPhrase(t *testing.T) {
	a, err := NewPhrase()
	if err != nil {
		t.Fatal(err)
	}
	b, _ := NewPhrase()
	if _, err := FromURI(Sr25519, a); err != nil || a == b {
		t.Errorf("fresh phrase: %v, repeated: %v", err, a == b)
	}
}

func FuzzDecodeSS58(f *testing.F) {
	f.Add("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")
	f.Add("HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F")
	f.Fuzz(func(t *testing.T, s string) {
		id, prefix, err := DecodeSS58(s)
		if err == nil && id.SS58(prefix) != s {
			t.Errorf("%q decodes to %v, which encodes as %q", s, id, id.SS58(prefix))
		}
	})
}

func BenchmarkEd25519Batch100(b *testing.B) {
	var batch Ed25519Batch
	for i := range 100 {
		p, _ := NewPair(Ed25519, [32]byte{byte(i)})
		batch.Add([32]byte(p.Public()), []byte("msg"), p.Sign([]byte("msg")))
	}
	for b.Loop() {
		if !batch.Verify() {
			b.Fatal("batch does not hold")
		}
	}
}

func ExampleFromURI() {
	alice, err := FromURI(Sr25519, "//Alice")
	if err != nil {
		panic(err)
	}
	fmt.Println(alice.AccountID())
	fmt.Println(VerifyAccount(Sr25519, alice.AccountID(), []byte("hello"), alice.Sign([]byte("hello"))))
	fmt.Println(alice)
	// Output:
	// 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY
	// true
	// [secret]
}
