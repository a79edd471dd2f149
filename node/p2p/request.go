package p2p

import (
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/tacit-network/tacit/node/store"
)

// The limits of requests: how many are answered at a time, and how many one
// peer may have under way, of which those above wait.
const (
	maxAtOnce   = 16
	maxRequests = 64
)

// errBusy means that too much is asked at a time.
var errBusy = errors.New("too many requests")

// request handles one request of a stream: a message with at most limit bytes
// in, one with the answer out. What has no answer gets the end of the stream.
func (s *Server) request(limit int, answer func([]byte) ([]byte, error)) func(network.Stream) error {
	return func(st network.Stream) error {
		who := st.Conn().RemotePeer()
		if !s.begin(who) {
			return errBusy
		}
		defer s.end(who)
		if err := st.SetDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		raw, err := readMessage(st, limit, reserve(st))
		if err != nil {
			return err
		}
		wait := time.NewTimer(patience)
		defer wait.Stop()
		select {
		case s.work <- struct{}{}:
		case <-wait.C:
			return errBusy
		}
		out, err := answer(raw)
		<-s.work
		if errors.Is(err, errNoAnswer) || errors.Is(err, store.ErrNotFound) {
			s.log.Debug("light client gets no answer", "peer", who.String(), "err", err)
			return nil
		}
		if err != nil {
			return err
		}
		if err := reserve(st)(len(out)); err != nil {
			return err
		}
		if err := st.SetDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if err := writeMessage(st, out); err != nil {
			return fmt.Errorf("write %d bytes: %w", len(out), err)
		}
		return nil
	}
}

// reserve takes memory on the account of the stream, its peer and the server,
// which have limits. The end of the stream gives it back.
func reserve(st network.Stream) func(int) error {
	return func(n int) error { return st.Scope().ReserveMemory(n, network.ReservationPriorityAlways) }
}

// begin counts a request of a peer, unless it has too many.
func (s *Server) begin(who peer.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[who] >= maxRequests {
		return false
	}
	s.busy[who]++
	return true
}

func (s *Server) end(who peer.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[who]--; s.busy[who] == 0 {
		delete(s.busy, who)
	}
}
