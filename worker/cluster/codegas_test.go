package cluster

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

// counted is a cupboard that counts how often the bytes of a code are read.
type counted struct {
	cupboard
	reads *int
}

func (c counted) Source(ctx context.Context, code hash.H256) ([]byte, error) {
	*c.reads++
	return c.cupboard.Source(ctx, code)
}

// A code that an extrinsic names is paid for by its size before it is read,
// whether the extrinsic is good or not; what is left is for the constructor.
func TestCodeGas(t *testing.T) {
	c := newChain(t)
	reads := 0
	c.c.codes = counted{c.codes, &reads}
	alice := pair(t, keys.Sr25519, "//Alice")
	keep := func(size []byte) {
		t.Helper()
		c.put(func(tx *Tx) { tx.set(codeName(byHand), size) })
	}
	sized := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
	const most = CommandGas / gasCodeByte
	upload, both := frame.UploadCode{}, frame.InstantiateWithCode{GasLimit: plenty}
	length := uint32(len(c.codes[byHand].source))
	for _, tt := range []struct {
		name  string
		size  []byte // that is kept of the code
		call  frame.RuntimeCall
		bad   bool
		gas   uint64
		reads int
		want  int // the error in the last event, -1 for success; -2 when there is none
	}{
		{"its size", sized(length), upload, false, uint64(length) * gasCodeByte, 1, -1},
		{"what is not good", sized(length), upload, true, uint64(length) * gasCodeByte, 1, -2},
		{"kept without a size", []byte{}, upload, false, uint64(vm.Go.MaxCode) * gasCodeByte, 1, -1},
		{"all the gas there is", sized(most), upload, false, CommandGas, 1, -1},
		{"nothing left for the constructor", sized(most), both, false, CommandGas, 1, int(frame.ErrOutOfGas)},
		{"little left for the constructor", sized(most - 1), both, false, CommandGas, 1, int(frame.ErrOutOfGas)},
		{"more than there is", sized(most + 1), upload, false, CommandGas, 0, -2},
		{"much more, and not good", sized(1<<32 - 1), both, true, CommandGas, 0, -2},
	} {
		keep(tt.size)
		before := reads
		nonce := c.index(alice)
		s := c.sign(alice, nonce, tt.call, 0, 0)
		if tt.bad {
			s.Extrinsic[40] ^= 1 // of the signature
		}
		o := c.bring(scale.Marshal(s))
		if o.gas != tt.gas || reads-before != tt.reads {
			t.Errorf("%s: %d gas and %d reads, want %d and %d", tt.name, o.gas, reads-before, tt.gas, tt.reads)
		}
		if tt.want == -2 {
			if o.events != nil || c.index(alice) != nonce {
				t.Errorf("%s: %+v", tt.name, o)
			}
			if tt.reads == 0 && (o.status != words.StatusOutOfGas || o.text != errMuchCode.Error()) {
				t.Errorf("%s: %v %q", tt.name, o.status, o.text)
			}
			continue
		}
		if got := o.failure(t); got != tt.want || c.index(alice) != nonce+1 {
			t.Errorf("%s: error %d, want %d", tt.name, got, tt.want)
		}
		// The client is told of all of it.
		last := o.events[len(o.events)-1].Event
		weight := scale.Marshal(frame.Weight{RefTime: frame.Time(tt.gas)})
		if tail := last[len(last)-len(weight)-2:]; string(tail[:len(weight)]) != string(weight) {
			t.Errorf("%s: the last event is %x, want the weight %x in it", tt.name, last, weight)
		}
	}
	keep([]byte{1, 2})
	tx, err := c.c.Begin(c.m)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := tx.codeSize(byHand); ok || tx.err == nil {
		t.Errorf("a damaged size is %v (%v)", ok, tx.err)
	}
}
