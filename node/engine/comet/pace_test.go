package comet

import (
	"testing"
	"time"
)

// run makes blocks that take so long from their begin, and returns when each
// was decided.
func run(p *pace, work ...time.Duration) (at []time.Time) {
	now := time.UnixMilli(1_700_000_000_000)
	for _, w := range work {
		at = append(at, now)
		now = now.Add(p.next(now)).Add(w)
	}
	return at
}

func times(n int, d time.Duration) []time.Duration {
	list := make([]time.Duration, n)
	for i := range list {
		list[i] = d
	}
	return list
}

func TestPaceOfFullBlocks(t *testing.T) {
	for _, work := range []time.Duration{5 * time.Millisecond, 300 * time.Millisecond, 700 * time.Millisecond} {
		at := run(newPace(time.Second, 50*time.Millisecond), times(100, work)...)
		mean := at[99].Sub(at[20]) / 79
		if mean < 990*time.Millisecond || mean > 1010*time.Millisecond {
			t.Errorf("blocks that take %v come every %v", work, mean)
		}
	}
}

func TestPaceNeverHurries(t *testing.T) {
	late := append(append(times(20, 10*time.Millisecond), 5*time.Second), times(20, 10*time.Millisecond)...)
	at := run(newPace(time.Second, 50*time.Millisecond), late...)
	for i := 22; i < len(at); i++ {
		if d := at[i].Sub(at[i-1]); i > 23 && d < 850*time.Millisecond {
			t.Errorf("after a late block one came after %v", d)
		}
	}
	// Load that comes and goes: the mean stays, though single blocks are early.
	var waves []time.Duration
	for range 20 {
		waves = append(append(waves, times(3, 400*time.Millisecond)...), times(3, 10*time.Millisecond)...)
	}
	at = run(newPace(time.Second, 50*time.Millisecond), waves...)
	if mean := at[len(at)-1].Sub(at[0]) / time.Duration(len(at)-1); mean < 980*time.Millisecond {
		t.Errorf("blocks come every %v", mean)
	}
}

func TestPaceKeepsTimeForLateVotes(t *testing.T) {
	p := newPace(time.Second, 50*time.Millisecond)
	run(p, times(10, 3*time.Second)...)
	if p.wait != 200*time.Millisecond {
		t.Errorf("the wait is %v", p.wait)
	}
}
