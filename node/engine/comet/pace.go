package comet

import "time"

// pace keeps blocks at the chain's interval. CometBFT waits for a time after a
// block is decided before it begins the next one, and takes as long again as
// proposing, executing and voting do; pace makes the wait shorter by what those
// took, so that full blocks come as often as empty ones. What is waited is a
// matter of each validator alone: no rule of the chain depends on it.
type pace struct {
	interval time.Duration
	wait     time.Duration // what was last said

	decided time.Time     // when the last block was
	goal    time.Time     // when it should have been
	work    time.Duration // what the last ones took, from their begin on
}

// newPace returns a pace that begins with the wait for blocks that take no more
// than overhead.
func newPace(interval, overhead time.Duration) *pace {
	return &pace{interval: interval, wait: max(interval-overhead, time.Millisecond), work: overhead}
}

// next says how long to wait after a block that was decided now before the next
// one begins. It is the interval less the work, but never less than a fifth,
// in which late votes come in. A block that was early makes the next wait
// longer; one that was late does not make others hurry.
func (p *pace) next(now time.Time) time.Duration {
	if !p.decided.IsZero() {
		began := p.decided.Add(p.wait)
		p.work = (p.work + min(max(now.Sub(began), 0), p.interval)) / 2
	}
	goal := p.goal
	if least := now.Add(-p.interval / 10); goal.Before(least) {
		goal = least
	}
	if most := now.Add(p.interval / 2); goal.After(most) {
		goal = most
	}
	p.decided, p.goal = now, goal.Add(p.interval)
	p.wait = max(p.goal.Add(-p.work).Sub(now), p.interval/5, time.Millisecond)
	return p.wait
}

// forget says that blocks came otherwise than by voting.
func (p *pace) forget() { p.decided, p.goal = time.Time{}, time.Time{} }
