package storage_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// memory is the simplest state: a map.
type memory map[string][]byte

func (m memory) Get(key []byte) ([]byte, bool) {
	v, ok := m[string(key)]
	return v, ok
}

func (m memory) NextKey(key []byte) ([]byte, bool) {
	keys := slices.Sorted(maps.Keys(m))
	i := sort.SearchStrings(keys, string(key))
	if i < len(keys) && keys[i] == string(key) {
		i++
	}
	if i == len(keys) {
		return nil, false
	}
	return []byte(keys[i]), true
}

func (m memory) RootWith([]storage.Change, uint8) hash.H256 { return hash.H256{} }

func (m memory) apply(changes []storage.Change) {
	for _, c := range changes {
		if c.Deleted {
			delete(m, string(c.Key))
		} else {
			m[string(c.Key)] = c.Value
		}
	}
}

// An overlay with transactions does what copies of a map do.
func TestOverlayAgainstMap(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		base := memory{}
		for range r.IntN(10) {
			base[fmt.Sprint(r.IntN(12))] = []byte{byte(r.Uint32())}
		}
		o := storage.NewOverlay(base, nil)
		model := []memory{maps.Clone(base)}
		for step := range 120 {
			now := model[len(model)-1]
			key := []byte(fmt.Sprint(r.IntN(12)))
			switch r.IntN(9) {
			case 0, 1:
				v := []byte{byte(r.Uint32()), 1}
				o.Set(key, v)
				now[string(key)] = v
			case 2:
				o.Clear(key)
				delete(now, string(key))
			case 3, 4:
				item := []byte{byte(r.Uint32())}
				o.Append(key, item)
				list, err := scale.Decode[[]uint8](now[string(key)])
				if err != nil { // no Vec: it is replaced, unless it begins with a length
					d := scale.NewDecoder(now[string(key)])
					if n, cerr := d.Compact(); cerr == nil {
						now[string(key)] = append(append(scale.AppendCompact(nil, n+1), d.Rest()...), item...)
						break
					}
					list = nil
				}
				now[string(key)] = scale.Marshal(append(list, item...))
			case 5:
				o.Begin()
				model = append(model, maps.Clone(now))
			case 6:
				if len(model) > 1 {
					o.Commit()
					model = append(model[:len(model)-2], now)
				}
			case 7:
				if len(model) > 1 {
					o.Rollback()
					model = model[:len(model)-1]
				}
			case 8:
				got, ok := o.NextKey(key)
				want, wok := now.NextKey(key)
				if ok != wok || !bytes.Equal(got, want) {
					t.Fatalf("seed %d step %d: next of %s is %s, want %s", seed, step, key, got, want)
				}
			}
			now = model[len(model)-1]
			got, ok := o.Get(key)
			if want, wok := now.Get(key); ok != wok || !bytes.Equal(got, want) {
				t.Fatalf("seed %d step %d: %s is %x, want %x", seed, step, key, got, want)
			}
		}
		for len(model) > 1 {
			o.Commit()
			model = append(model[:len(model)-2], model[len(model)-1])
		}
		base.apply(o.Changes())
		if !maps.EqualFunc(base, model[0], bytes.Equal) {
			t.Fatalf("seed %d: the changes lead to %v, want %v", seed, base, model[0])
		}
	}
}

func ExampleMap() {
	var state struct {
		// The layout is Substrate's: twox128("Balances") ‖ twox128("Account") ‖ …
		Account storage.Map[uint32, uint64, storage.Blake2Concat]
	}
	storage.Bind("Balances", &state)
	o := storage.NewOverlay(memory{}, nil)
	state.Account.Put(o, 7, 100)
	fmt.Println(state.Account.Get(o, 7), state.Account.Get(o, 8))
	for k, v := range state.Account.All(o) {
		fmt.Println(k, v)
	}
	fmt.Printf("%x\n", state.Account.Prefix())
	// Output:
	// 100 0
	// 7 100
	// c2261276cc9d1f8598ea4b6a74b15c2fb99d880ec681799c0cf30e8886371da9
}

func TestFault(t *testing.T) {
	var state struct{ Number storage.Value[uint64] }
	storage.Bind("System", &state)
	defer func() {
		if f, ok := recover().(storage.Fault); !ok || f.Item != "System.Number" {
			t.Errorf("a corrupt value gives %v", f)
		}
	}()
	state.Number.Get(memory{string(state.Number.Key()): {1, 2, 3}})
}
