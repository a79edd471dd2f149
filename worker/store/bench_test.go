package store

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
)

// BenchmarkRead is a read of a store of 100,000 values, alone and while commits
// are made.
func BenchmarkRead(b *testing.B) {
	s := open(b, b.TempDir())
	rng := rand.New(rand.NewPCG(9, 10))
	keys := make([]Key, 100_000)
	var changes []Change
	for i := range keys {
		for j := 0; j < len(Key{}); j += 8 {
			binary.LittleEndian.PutUint64(keys[i][j:], rng.Uint64())
		}
		changes = append(changes, Change{keys[i], make([]byte, 100)})
	}
	commit(b, s, changes...)
	read := func(b *testing.B) {
		p := s.Snapshot()
		defer p.Close()
		for i := 0; b.Loop(); i++ {
			if _, ok := p.Get(keys[i*7919%len(keys)]); !ok {
				b.Fatal("a value is gone")
			}
		}
	}
	b.Run("alone", read)
	b.Run("commits", func(b *testing.B) {
		stop := make(chan struct{})
		var writer sync.WaitGroup
		writer.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				at := i * 100 % len(changes)
				if err := s.Commit(changes[at : at+100]); err != nil {
					b.Error(err)
					return
				}
			}
		})
		read(b)
		close(stop)
		writer.Wait()
	})
}

// BenchmarkCommit is a commit of 100 values of 100 bytes.
func BenchmarkCommit(b *testing.B) {
	s := open(b, b.TempDir())
	var changes []Change
	for i := range 100 {
		changes = append(changes, Change{Key{byte(i), byte(i >> 8)}, make([]byte, 100)})
	}
	for b.Loop() {
		commit(b, s, changes...)
	}
}
