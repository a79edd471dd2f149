package gateway

import (
	"sync"

	words "github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/scale"
)

// The most that is kept of extrinsics that are done.
const (
	maxDone      = 4096
	maxDoneBytes = 64 << 20
)

// blocks are the extrinsics that are done, by the block with their receipt. The
// oldest make room. The zero value is empty.
type blocks struct {
	mu    sync.Mutex // guards what follows
	by    map[hash.H256][]done
	order []hash.H256 // of the block of each, the oldest first
	bytes int
	added uint64
}

// done is an extrinsic and its events.
type done struct {
	raw    []byte
	events []words.Record
}

func (d done) size() int {
	n := len(d.raw)
	for _, e := range d.events {
		n += len(e.Event) + 32*len(e.Topics)
	}
	return n
}

func (b *blocks) add(at hash.H256, d done) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.by == nil {
		b.by = map[hash.H256][]done{}
	}
	b.by[at] = append(b.by[at], d)
	b.order = append(b.order, at)
	b.bytes += d.size()
	b.added++
	for len(b.order) > maxDone || b.bytes > maxDoneBytes && len(b.order) > 1 {
		oldest := b.order[0]
		b.order = b.order[1:]
		b.bytes -= b.by[oldest][0].size()
		if b.by[oldest] = b.by[oldest][1:]; len(b.by[oldest]) == 0 {
			delete(b.by, oldest)
		}
	}
}

// count is how many were added, newest the block of the last.
func (b *blocks) count() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.added
}

func (b *blocks) newest() hash.H256 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.order[len(b.order)-1]
}

// of are the extrinsics of a block.
func (b *blocks) of(at hash.H256) []done {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.by[at]
}

// events are those of a block as System.Events has them.
func (b *blocks) events(at hash.H256) []byte {
	list := b.of(at)
	n := 0
	for _, d := range list {
		n += len(d.events)
	}
	out := scale.AppendCompact(nil, uint64(n))
	for i, d := range list {
		for _, e := range d.events {
			out = append(out, scale.Encode[frame.Phase](frame.ApplyExtrinsic{Index: uint32(i)})...)
			out = append(out, e.Event...)
			out = scale.Append(out, topics(e.Topics))
		}
	}
	return out
}

// topics is never nil, which SCALE does not know.
func topics(list []hash.H256) []hash.H256 {
	if list == nil {
		return []hash.H256{}
	}
	return list
}
