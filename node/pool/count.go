package pool

// Count returns how many transactions could be in the next block, and how many
// wait for others.
func (p *Pool) Count() (ready, future int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.txs) - p.waiting, p.waiting
}
