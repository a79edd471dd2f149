package frame

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

// vectors are extrinsics that @polkadot/api 16.5.6 signed for the contract runtime
// of the cluster 0x02… on the chain 0x01…, by test/clients/contract-vectors.mjs.
type vectors struct {
	Genesis    hash.H256 `json:"genesis"`
	Birth      string    `json:"birth"` // a header, of block 70
	Extrinsics []struct {
		Name   string         `json:"name"`
		Signer keys.AccountID `json:"signer"`
		Mortal bool           `json:"mortal"`
		Hex    string         `json:"hex"`
	} `json:"extrinsics"`
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s[2:])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func load(t testing.TB) (v vectors) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// What an unmodified client signs is read as it was meant, with its code apart.
func TestVectors(t *testing.T) {
	v := load(t)
	first := First(hash.H256{1}, hash.H256{2})
	if first.Hash() != v.Genesis {
		t.Fatalf("genesis %v, the vectors are of %v", first.Hash(), v.Genesis)
	}
	bob := chain.AddressID{ID: v.Extrinsics[1].Signer}
	limit, deposit := Weight{1_000_000_000, 65_536}, &CompactBalance{scale.U64(7)}
	name := hash.H256{3}
	want := map[string]Tx{
		"call":        {Nonce: 0, Call: Call{Dest: bob, Value: scale.U64(5), GasLimit: limit, Data: []byte{1, 2, 3, 4}}},
		"instantiate": {Nonce: 1, Call: Instantiate{GasLimit: limit, StorageDepositLimit: deposit, CodeHash: hash.H256(bytes.Repeat([]byte{9}, 32)), Data: []byte{5}, Salt: []byte{6}}},
		"instantiateWithCode": {Nonce: 2, Code: &name, Call: InstantiateWithCode{
			Value: scale.U64(1), GasLimit: limit, Code: []byte{}, Data: []byte{5}, Salt: []byte{6},
		}},
		"uploadCode": {Nonce: 300, Code: &name, Call: UploadCode{Code: []byte{}, Determinism: 1}},
	}
	if len(v.Extrinsics) != len(want) {
		t.Errorf("%d vectors", len(v.Extrinsics))
	}
	for _, x := range v.Extrinsics {
		decoded, err := chain.DecodeExtrinsic(unhex(t, x.Hex))
		if err != nil {
			t.Fatal(err)
		}
		rest, code, err := Split(decoded)
		if err != nil {
			t.Fatal(err)
		}
		s := Signed{Extrinsic: rest.Encode()}
		if code != nil {
			s.Code = &name
			if !bytes.Equal(code, bytes.Repeat([]byte{0xc0}, 1000)) {
				t.Errorf("%s: the code is %x", x.Name, code)
			}
		}
		if x.Mortal {
			s.Birth = unhex(t, v.Birth)
		}
		got, err := s.Verify(v.Genesis, 100, func(h hash.H256) ([]byte, error) { return code, nil })
		tx := want[x.Name]
		tx.Signer = x.Signer
		if err != nil || !reflect.DeepEqual(got, tx) {
			t.Errorf("%s: got %+v %v, want %+v", x.Name, got, err, tx)
		}
		broken := errors.New("the disk is gone")
		if code == nil {
			continue
		}
		if _, err := s.Verify(v.Genesis, 100, func(hash.H256) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) || errors.Is(err, ErrInvalid) {
			t.Errorf("%s: a fault of the machine is %v", x.Name, err)
		}
	}
}

// The numbers of substrate-contracts-node, in the metadata that the npm package
// @polkadot/types-support 16.5.6 has of it.
func TestNumbers(t *testing.T) {
	want := map[string]Error{
		"OutOfGas": 2, "TransferFailed": 4, "ContractNotFound": 6, "CodeNotFound": 8, "ContractTrapped": 12, "DuplicateContract": 19,
		"StorageDepositNotEnoughFunds": 22, "StorageDepositLimitExhausted": 23, "ContractReverted": 25, "CodeRejected": 26,
	}
	got := map[string]Error{}
	for _, e := range Errors {
		got[e.Name] = e.Error
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("errors %v, want %v", got, want)
	}
	for call, want := range map[RuntimeCall]byte{&UploadCode{}: 3, &Call{Dest: chain.AddressID{}}: 6, &InstantiateWithCode{}: 7, &Instantiate{}: 8} {
		if got := EncodeCall(reflect.ValueOf(call).Elem().Interface().(RuntimeCall))[1]; got != want {
			t.Errorf("%T has the number %d, want %d", call, got, want)
		}
	}
	if events := [3]int{IndexInstantiated, IndexCodeStored, IndexContractEmitted}; events != [3]int{0, 2, 3} {
		t.Errorf("events %v", events)
	}
}

// What is read of a stranger's extrinsic is written as it was, and what is
// verified was signed.
func FuzzVerify(f *testing.F) {
	v := load(f)
	for _, x := range v.Extrinsics {
		f.Add(scale.Marshal(Signed{Extrinsic: unhex(f, x.Hex), Birth: unhex(f, v.Birth)}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := scale.Decode[Signed](b)
		if err != nil {
			return
		}
		if !bytes.Equal(scale.Marshal(s), b) {
			t.Fatalf("%x does not come back", b)
		}
		_, _ = s.Verify(v.Genesis, 100, func(hash.H256) ([]byte, error) { return []byte{1}, nil })
		x, err := chain.DecodeExtrinsic(s.Extrinsic)
		if err != nil {
			return
		}
		if call, err := DecodeCall(x.Call); err == nil && !bytes.Equal(EncodeCall(call), x.Call) {
			t.Fatalf("the call %x does not come back", x.Call)
		}
	})
}

func FuzzCallArgs(f *testing.F) {
	f.Add(scale.Marshal(CallArgs{GasLimit: &Weight{1, 2}, StorageDepositLimit: &chain.Balance{}, InputData: []byte{1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := scale.Decode[CallArgs](b); err == nil && !bytes.Equal(scale.Marshal(a), b) {
			t.Fatalf("%x does not come back", b)
		}
	})
}

func FuzzInstantiateArgs(f *testing.F) {
	f.Add(scale.Marshal(InstantiateArgs{Code: Existing{hash.H256{1}}, Data: []byte{1}}))
	f.Add(scale.Marshal(InstantiateArgs{Code: Upload{[]byte{2}}, Salt: []byte{1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := scale.Decode[InstantiateArgs](b); err == nil && !bytes.Equal(scale.Marshal(a), b) {
			t.Fatalf("%x does not come back", b)
		}
	})
}
