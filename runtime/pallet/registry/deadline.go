package registry

import (
	"github.com/tacit-network/tacit/runtime/frame"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
)

const minute = 60_000 // milliseconds

// Limits of what a block looks at again: minutes, and workers.
const (
	maxMinutes = 2000
	maxLooks   = 100
)

// after is the first minute that begins when a moment is over.
func after(millis uint64) uint64 { return (millis + minute - 1) / minute }

// lookAgain has a worker looked at when a moment to come is over. What it is
// worth depends on the time alone; this tells of it, and tidies up.
func (p *Pallet) lookAgain(ctx *frame.Context, worker [32]byte, millis uint64) {
	p.Deadlines.Put(ctx, after(millis), worker, true)
}

// OnInitialize implements frame.Initializer: it looks at the workers whose
// moment is over, by the time of the block before.
func (p *Pallet) OnInitialize(ctx *frame.Context) frame.Weight {
	const read, look = 15 * frame.Microsecond, 150 * frame.Microsecond
	now, next := p.Clock.Time(ctx)/minute, p.NextDeadline.Get(ctx)
	if now == 0 || next > now {
		return frame.Time(2 * read)
	}
	if next == 0 { // the first block of all with a time: nothing can be older
		next = now
	}
	looks, minutes := uint64(0), uint64(0)
	for ; next <= now && minutes < maxMinutes; next++ {
		minutes++
		var due [][32]byte
		for worker := range p.Deadlines.Of(ctx, next) {
			due = append(due, worker)
			if looks++; looks == maxLooks {
				break
			}
		}
		for _, worker := range due {
			p.Deadlines.Remove(ctx, next, worker)
			p.look(ctx, worker, next)
		}
		if looks == maxLooks {
			break // the rest of this minute is the next block's
		}
	}
	p.NextDeadline.Put(ctx, next)
	return frame.Time((2+minutes)*read + looks*look)
}

// look tells what became of a worker by itself at a minute. What it was to be
// looked at for before it registered again is no matter any more.
func (p *Pallet) look(ctx *frame.Context, worker [32]byte, at uint64) {
	w, ok := p.Workers.Get(ctx, worker)
	if !ok {
		return
	}
	switch {
	case at == after(w.ExpiresAt+p.KeepEnded):
		// It fails only for a message that is too long, which this one is not.
		_ = p.remove(ctx, worker)
	case at == after(w.ExpiresAt):
		p.vacate(ctx, worker)
		if !w.Revoked { // else it was told then
			ctx.Emit(WorkerExpired{worker})
			_ = p.tell(ctx, worker, clusters.Removed{})
		}
		p.lookAgain(ctx, worker, w.ExpiresAt+p.KeepEnded)
	case w.DegradesAt != 0 && at == after(w.DegradesAt):
		ctx.Emit(WorkerDegraded{worker})
	}
}
