package relay

// SetAhead sets how many messages of a queue are in one request, at most.
func (r *Relay) SetAhead(n uint64) { r.ahead = n }
