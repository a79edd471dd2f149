package relay

// SetAhead sets how many messages of a queue are in one request, at most.
func (r *Relay) SetAhead(n uint64) { r.ahead = n }

// Pauses returns how long the pauses are after n refusals in a row, in
// milliseconds.
func Pauses(n int) (list []uint64) {
	var p pause
	for range n {
		p.grow(1000)
		list = append(list, p.until-1000)
	}
	return list
}

// SetWhole sets how many messages of a queue a request has as a whole.
func (r *Relay) SetWhole(n int) { r.whole = n }
