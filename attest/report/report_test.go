package report_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

func info() *report.RegistrationInfo {
	return &report.RegistrationInfo{
		Version: 1, Identity: [32]byte{1}, HPKE: []report.HPKEKey{{KEM: 0x20, Key: make([]byte, 32)}},
		Operator: [32]byte{2}, ImageID: hash.H256{3}, BootEpoch: 4, Features: 5, RecentBlock: 6,
	}
}

// Both halves are written out here byte by byte, as the design states them.
func TestData(t *testing.T) {
	i := info()
	encoded := []byte{1}
	encoded = append(encoded, i.Identity[:]...)
	encoded = append(encoded, 1<<2, 0x20, 0x00, 32<<2)
	encoded = append(encoded, make([]byte, 32)...)
	encoded = append(encoded, i.Operator[:]...)
	encoded = append(encoded, i.ImageID[:]...)
	encoded = append(encoded, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0)
	if got := scale.Marshal(*i); !bytes.Equal(got, encoded) {
		t.Fatalf("info is %x, want %x", got, encoded)
	}
	genesis, recent, nonce := hash.H256{7}, hash.H256{8}, [32]byte{9}
	tail := append([]byte{14 << 2}, "tacit/attest/1"...)
	tail = append(tail, 0)
	tail = append(tail, genesis[:]...)
	tail = append(tail, recent[:]...)
	tail = append(tail, nonce[:]...)
	a, b := hash.Blake2b256(encoded), hash.Blake2b256(tail)
	got := report.Data(i, report.Register, genesis, recent, nonce)
	if want := append(a[:], b[:]...); !bytes.Equal(got[:], want) {
		t.Errorf("report data %x, want %x", got, want)
	}
	if want := append(append([]byte("tacit/register/1"), genesis[:]...), encoded...); !bytes.Equal(i.SigningPayload(genesis), want) {
		t.Errorf("signing payload %x, want %x", i.SigningPayload(genesis), want)
	}
}

// Each word changes the report data.
func TestDataBindsEverything(t *testing.T) {
	seen := map[[64]byte]string{}
	add := func(name string, d [64]byte) {
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have the same report data", name, other)
		}
		seen[d] = name
	}
	var h hash.H256
	var n [32]byte
	add("plain", report.Data(info(), report.Register, h, h, n))
	add("purpose", report.Data(info(), 1, h, h, n))
	add("genesis", report.Data(info(), report.Register, hash.H256{1}, h, n))
	add("recent", report.Data(info(), report.Register, h, hash.H256{1}, n))
	add("nonce", report.Data(info(), report.Register, h, h, [32]byte{1}))
	for name, change := range map[string]func(*report.RegistrationInfo){
		"identity": func(i *report.RegistrationInfo) { i.Identity[5] = 9 },
		"hpke":     func(i *report.RegistrationInfo) { i.HPKE[0].Key = []byte{1} },
		"operator": func(i *report.RegistrationInfo) { i.Operator[5] = 9 },
		"image":    func(i *report.RegistrationInfo) { i.ImageID[5] = 9 },
		"epoch":    func(i *report.RegistrationInfo) { i.BootEpoch++ },
		"features": func(i *report.RegistrationInfo) { i.Features++ },
		"block":    func(i *report.RegistrationInfo) { i.RecentBlock++ },
	} {
		i := info()
		change(i)
		add(name, report.Data(i, report.Register, h, h, n))
	}
}

func TestCheck(t *testing.T) {
	if err := info().Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*report.RegistrationInfo){
		"version":   func(i *report.RegistrationInfo) { i.Version = 2 },
		"no key":    func(i *report.RegistrationInfo) { i.HPKE = nil },
		"empty key": func(i *report.RegistrationInfo) { i.HPKE[0].Key = nil },
		"long key":  func(i *report.RegistrationInfo) { i.HPKE[0].Key = make([]byte, 2049) },
		"twice":     func(i *report.RegistrationInfo) { i.HPKE = append(i.HPKE, i.HPKE[0]) },
		"many":      func(i *report.RegistrationInfo) { i.HPKE = make([]report.HPKEKey, 5) },
	} {
		i := info()
		change(i)
		if i.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzRegistrationInfo(f *testing.F) {
	f.Add(scale.Marshal(*info()))
	f.Fuzz(func(t *testing.T, data []byte) {
		i, err := scale.Decode[report.RegistrationInfo](data)
		if err == nil && !bytes.Equal(scale.Marshal(i), data) {
			t.Errorf("%x encodes as %x", data, scale.Marshal(i))
		}
	})
}

func ExampleWorkerConfig_Hash() {
	c := report.WorkerConfig{Genesis: hash.H256{1}, Authorities: []report.Authority{{Weight: 1}}}
	a := c.Hash()
	c.SetID = 1
	fmt.Println(a != c.Hash())
	// Output: true
}
