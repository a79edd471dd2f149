package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/tacit-network/tacit/scale"
	"github.com/tacit-network/tacit/seal"
)

// accumulated is what stood for an entry in roots that were the XOR over all of
// them. Who has the epoch's secret can compute it.
func accumulated(c seal.Secret, name string, value []byte) *big.Int {
	key := c.Derive(seal.LabelRoot, []byte("entries"))
	sum := mac(key, scale.AppendBytes(scale.AppendBytes(nil, []byte(name)), value))
	return new(big.Int).SetBytes(sum[:])
}

// chosen is which of the vectors add up to a sum, by Gaussian elimination.
func chosen(t *testing.T, vectors []*big.Int, sum *big.Int) (out []int) {
	t.Helper()
	type row struct{ vector, of *big.Int }
	var rows [256]*row // by the highest bit
	reduce := func(r row) (row, bool) {
		for n := r.vector.BitLen(); n > 0; n = r.vector.BitLen() {
			if rows[n-1] == nil {
				return r, true
			}
			r.vector.Xor(r.vector, rows[n-1].vector)
			r.of.Xor(r.of, rows[n-1].of)
		}
		return r, false
	}
	for i, v := range vectors {
		if r, new := reduce(row{new(big.Int).Set(v), new(big.Int).SetBit(new(big.Int), i, 1)}); new {
			rows[r.vector.BitLen()-1] = &r
		}
	}
	r, left := reduce(row{new(big.Int).Set(sum), new(big.Int)})
	if left {
		t.Fatal("the vectors do not span the sum")
	}
	for i := range vectors {
		if r.of.Bit(i) == 1 {
			out = append(out, i)
		}
	}
	return out
}

// Who has the secret of an epoch, since the TEE of a member broke, makes no other
// state that passes for the one whose root the chain has. While the root was the
// XOR of MACs over the entries, linear algebra over 300 entries did.
func TestForgedState(t *testing.T) {
	c := inEpoch(t, 0)
	secret := seal.SecretFrom([32]byte{4, 0}).Epoch(0)
	honest := map[string][]byte{balanceName(ann): u128(10), balanceName(ben): u128(20)}
	forged := map[string][]byte{balanceName(ann): u128(1 << 60)}
	sum := new(big.Int)
	for _, state := range []map[string][]byte{honest, forged} {
		for name, value := range state {
			sum.Xor(sum, accumulated(secret, name, value))
		}
	}
	var names []string
	var vectors []*big.Int
	for i := range 300 {
		name := balanceName([32]byte(fmt.Appendf(nil, "%032d", i)))
		names, vectors = append(names, name), append(vectors, accumulated(secret, name, u128(1)))
	}
	for _, i := range chosen(t, vectors, sum) {
		forged[names[i]] = u128(1)
		sum.Xor(sum, vectors[i])
	}
	if sum.Sign() != 0 {
		t.Fatal("the forgery is none: the accumulators differ")
	}
	write := func(state map[string][]byte) shelf {
		s := shelf{}
		tx, err := c.Begin(s)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range state {
			tx.set(name, value)
		}
		s.apply(changed(t, tx))
		return s
	}
	kept, _ := taken(t, c, write(honest), 9)
	lie, chunks := taken(t, c, write(forged), 9)
	if lie.Root == kept.Root {
		t.Errorf("two states of %d and %d entries have one root", len(honest), len(forged))
	}
	// What the members agreed on and the chain keeps, with chunks of the forgery: as
	// if they had been kept in the place of the right ones.
	lie.Root = kept.Root
	if err := restored(c, lie, &Restoring{}, shelf{}, chunks...); !errors.Is(err, ErrSnapshot) {
		t.Errorf("a fresh worker takes the forged state: %v", err)
	}
}

func u128(n uint64) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, n), make([]byte, 8)...)
}
