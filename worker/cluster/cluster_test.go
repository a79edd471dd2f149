package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/seal"
	"github.com/tacit-network/tacit/worker/store"
)

// memory is a Reader that takes changes.
type memory map[store.Key][]byte

func (m memory) Get(k store.Key) ([]byte, bool) { v, ok := m[k]; return v, ok }

func (m memory) With(prefix []byte) []store.Key { return shelf(m).With(prefix) }

func (m memory) apply(changes []store.Change) {
	for _, c := range changes {
		if c.Value == nil {
			delete(m, c.Key)
		} else {
			m[c.Key] = c.Value
		}
	}
}

func testVault(t testing.TB, secret byte) *vault {
	t.Helper()
	v, err := newVault(hash.H256{1}, seal.SecretFrom([32]byte{secret}))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func begin(t testing.TB, v *vault, r Reader) *Tx {
	t.Helper()
	tx, err := newTx(v, r)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// changed is what is to be stored.
func changed(t testing.TB, tx *Tx) []store.Change {
	t.Helper()
	list, err := tx.Changes()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// rooted is the blinded root.
func rooted(t testing.TB, tx *Tx, next uint64) hash.H256 {
	t.Helper()
	root, err := tx.Root(next)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// The root depends on the state and on nothing of how it came about.
func TestRoot(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	v := testVault(t, 1)
	a, model := memory{}, map[string][]byte{}
	for range 200 {
		tx := begin(t, v, a)
		for range rng.IntN(4) {
			name := fmt.Sprint("name", rng.IntN(10))
			var value []byte
			if rng.IntN(3) > 0 {
				value = fmt.Append([]byte{}, rng.IntN(3))
			}
			tx.set(name, value)
			if model[name] = value; value == nil {
				delete(model, name)
			}
		}
		a.apply(changed(t, tx))
		// The same state, written at once.
		fresh := begin(t, v, memory{})
		for name, value := range model {
			fresh.set(name, value)
		}
		if got, want := rooted(t, begin(t, v, a), 7), rooted(t, fresh, 7); got != want {
			t.Fatalf("root %v, want %v", got, want)
		}
		for name, value := range model {
			if got, ok := begin(t, v, a).get(name); !ok || !bytes.Equal(got, value) {
				t.Fatalf("%s: got %q %v, want %q", name, got, ok, value)
			}
		}
	}
	if rooted(t, begin(t, v, a), 7) == rooted(t, begin(t, v, a), 8) {
		t.Error("the published root does not depend on the number")
	}
}

// Values cannot be moved, nor read with another key.
func TestVault(t *testing.T) {
	v := testVault(t, 1)
	m := memory{}
	tx := begin(t, v, m)
	tx.set("a", []byte("secret"))
	tx.set("b", []byte("other"))
	tx.set("empty", []byte{})
	m.apply(changed(t, tx))
	for k, box := range m {
		if bytes.Contains(box, []byte("secret")) || bytes.Contains(k[:], []byte("a\x00")) {
			t.Error("a value lies in the clear")
		}
	}
	if got, ok, err := v.get(m, "empty"); err != nil || !ok || len(got) != 0 {
		t.Errorf("empty value: %q %v %v", got, ok, err)
	}
	m[v.key("a")], m[v.key("b")] = m[v.key("b")], m[v.key("a")]
	if _, _, err := v.get(m, "a"); !errors.Is(err, errState) {
		t.Errorf("a moved value: %v", err)
	}
	if _, ok, _ := testVault(t, 2).get(m, "a"); ok {
		t.Error("another key finds the value")
	}
}

func ExampleCoarse() {
	fmt.Println(Coarse(1), Coarse(5_000_000))
	// Output: 1048576 8388608
}
