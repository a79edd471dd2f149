package p2p

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/scale"
)

// The limits of notifications.
const (
	// maxWaiting is how many messages wait for a peer, who is cut off when
	// there are more.
	maxWaiting = 256
	// recent is how many of the newest blocks are told of when many came at once.
	recent = 32
	// maxIgnored is the most bytes of a message that nobody here reads.
	maxIgnored = 64 << 10
	// maxMessage is the most bytes of a message with transactions.
	maxMessage = 4 << 20
	// rate is how many messages or transactions a second a peer may send on one
	// stream, and burst how many at once. Light clients send a message for each
	// final block, of which there are at most a hundred a second.
	rate  = 128
	burst = 512
)

// follower is a peer that follows the chain: it opened block-announces.
type follower struct {
	ctx      context.Context
	end      context.CancelFunc
	announce outbox
	grandpa  outbox
	finality bool // it opened grandpa; guarded by the server's mu
}

// outbox is what waits to be told to a peer.
type outbox chan []byte

// announces handles a peer that wants to follow: its handshake comes, ours
// goes, and what is new is told on a stream of our own. What it announces
// itself is not looked at.
func (s *Server) announces(st network.Stream) error {
	raw, err := s.hear(st, 256)
	if err != nil {
		return err
	}
	its, err := decodeStatus(raw)
	if err != nil {
		return err
	}
	if its.Genesis != s.app.Genesis() {
		return garbage("a chain that begins with %v", its.Genesis)
	}
	who := st.Conn().RemotePeer()
	ctx, end := context.WithCancel(context.Background())
	defer end()
	f := &follower{ctx: ctx, end: end, announce: make(outbox, maxWaiting), grandpa: make(outbox, maxWaiting)}
	s.mu.Lock()
	if old := s.peers[who]; old != nil {
		old.end()
	}
	s.peers[who] = f
	s.mu.Unlock()
	s.host.ConnManager().TagPeer(who, "follows", 10)
	defer func() {
		s.mu.Lock()
		if s.peers[who] == f {
			delete(s.peers, who)
			s.host.ConnManager().UntagPeer(who, "follows")
		}
		s.mu.Unlock()
	}()
	if err := s.say(st, s.status()); err != nil {
		return err
	}
	go s.tell(who, f, protocolAnnounces, s.status(), f.announce)
	return s.drain(ctx, st, maxIgnored, ignore)
}

// grandpa handles a follower that wants to know what is final.
func (s *Server) grandpa(st network.Stream) error {
	f, err := s.greet(st)
	if err != nil {
		return err
	}
	who := st.Conn().RemotePeer()
	s.mu.Lock()
	again := f.finality
	f.finality = true
	s.mu.Unlock()
	if !again {
		n, err := s.neighbour(s.app.Final())
		if err != nil {
			return err
		}
		s.push(who, f.grandpa, n)
		go s.tell(who, f, protocolGrandpa, []byte{byte(roleFull)}, f.grandpa)
	}
	return s.drain(f.ctx, st, maxIgnored, ignore)
}

// transactions takes what a follower sends into the pool.
func (s *Server) transactions(st network.Stream) error {
	f, err := s.greet(st)
	if err != nil {
		return err
	}
	return s.drain(f.ctx, st, maxMessage, func(raw []byte) (int, error) {
		list, err := decodeTransactions(raw)
		for _, x := range list {
			if !s.pool.Enqueue(x) {
				break // it is full, and the client tries again
			}
		}
		return max(len(list), 1), err
	})
}

// ignore is for what nobody here reads.
func ignore([]byte) (int, error) { return 1, nil }

// greet hears a role and says ours, to a peer that follows already.
func (s *Server) greet(st network.Stream) (*follower, error) {
	raw, err := s.hear(st, 16)
	if err != nil {
		return nil, err
	}
	if len(raw) != 1 {
		return nil, garbage("a handshake of %d bytes", len(raw))
	}
	if _, err := decodeRole(raw[0]); err != nil {
		return nil, err
	}
	s.mu.Lock()
	f := s.peers[st.Conn().RemotePeer()]
	s.mu.Unlock()
	if f == nil {
		return nil, errors.New("the peer does not follow")
	}
	return f, s.say(st, []byte{byte(roleFull)})
}

func (s *Server) hear(st network.Stream, limit int) ([]byte, error) {
	if err := st.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	raw, err := readMessage(st, limit, reserve(st))
	if err != nil {
		return nil, err
	}
	st.Scope().ReleaseMemory(len(raw))
	return raw, st.SetReadDeadline(time.Time{})
}

func (s *Server) say(st network.Stream, raw []byte) error {
	if err := st.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	return writeMessage(st, raw)
}

// drain reads messages until the peer ends the stream or ctx ends, not faster
// than a peer may send. f says for how many a message counts.
func (s *Server) drain(ctx context.Context, st network.Stream, limit int, f func([]byte) (int, error)) error {
	stop := context.AfterFunc(ctx, func() { _ = st.Reset() })
	defer stop()
	free, last := float64(burst), time.Now()
	for {
		raw, err := readMessage(st, limit, reserve(st))
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		cost, err := f(raw)
		st.Scope().ReleaseMemory(len(raw))
		if err != nil {
			return err
		}
		now := time.Now()
		free = min(burst, free+now.Sub(last).Seconds()*rate) - float64(cost)
		if last = now; free < 0 {
			return errBusy
		}
	}
}

// tell opens a stream to a follower and writes what comes into its outbox. A
// peer that does not take it is no follower any more.
func (s *Server) tell(who peer.ID, f *follower, name string, handshake []byte, out outbox) {
	defer f.end()
	if err := s.write(who, f, name, handshake, out); err != nil && f.ctx.Err() == nil {
		s.log.Debug("light client is told nothing more", "peer", who.String(), "protocol", name, "err", err)
	}
}

func (s *Server) write(who peer.ID, f *follower, name string, handshake []byte, out outbox) error {
	opening, cancel := context.WithTimeout(network.WithNoDial(f.ctx, "light clients come by themselves"), patience)
	defer cancel()
	st, err := s.host.NewStream(opening, who, s.protocol(name))
	if err != nil {
		return err
	}
	defer st.Reset()
	if err := s.say(st, handshake); err != nil {
		return err
	}
	if _, err := s.hear(st, 1<<10); err != nil {
		return err
	}
	gone := make(chan error, 1)
	go func() { // nothing may come on this stream but its end
		_, err := st.Read(make([]byte, 1))
		gone <- err
	}()
	for {
		select {
		case <-f.ctx.Done():
			return nil
		case err := <-gone:
			return fmt.Errorf("the peer ended the stream: %w", err)
		case raw := <-out:
			if err := s.say(st, raw); err != nil {
				return err
			}
		}
	}
}

// push puts a message into an outbox. A peer whose outbox is full is cut off.
func (s *Server) push(who peer.ID, out outbox, raw []byte) {
	select {
	case out <- raw:
	default:
		s.log.Debug("light client is too slow", "peer", who.String())
		go func() { _ = s.host.Network().ClosePeer(who) }()
	}
}

func (s *Server) status() []byte {
	head := s.app.Head()
	return scale.Marshal(status{roleFull, head.Number, head.Hash(), s.app.Genesis()})
}

func (s *Server) neighbour(final chain.BlockNumber) ([]byte, error) {
	set, err := s.answers.setAfter(final)
	return neighbour(set, final), err
}

// follow tells followers of new blocks and of what becomes final.
func (s *Server) follow(ctx context.Context) error {
	changed, stop := s.app.Hub.Listen()
	defer stop()
	head, final := s.app.Head().Number, s.app.Final()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		// Who comes after this is told of a head that is at least as new.
		if now, proven := s.app.Head().Number, s.app.Final(); s.Followers() == 0 {
			head, final = now, proven
			continue
		}
		blocks, err := s.newBlocks(&head)
		proofs, perr := s.newlyFinal(&final)
		if err = errors.Join(err, perr); err != nil && ctx.Err() == nil {
			s.log.Warn("light clients are not told what is new", "err", err)
		}
		s.mu.Lock()
		for who, f := range s.peers {
			for _, raw := range blocks {
				s.push(who, f.announce, raw)
			}
			for _, raw := range proofs {
				if f.finality {
					s.push(who, f.grandpa, raw)
				}
			}
		}
		s.mu.Unlock()
	}
}

// newBlocks are the announcements of the blocks after head, which moves on.
func (s *Server) newBlocks(head *chain.BlockNumber) (list [][]byte, err error) {
	now := s.app.Head()
	first := max(*head+1, now.Number-min(now.Number, recent-1))
	for n := first; n <= now.Number; n++ {
		h, err := s.app.Store().HeaderAt(n)
		if err != nil {
			return nil, err
		}
		list = append(list, announcement(h, true))
	}
	*head = now.Number
	return list, nil
}

// newlyFinal are the messages for the blocks that became final after final,
// which moves on.
func (s *Server) newlyFinal(final *chain.BlockNumber) ([][]byte, error) {
	now, first := s.app.Final(), *final+1
	if now < first {
		return nil, nil
	}
	*final = now
	list, err := s.answers.commits(first, now)
	if err != nil {
		return nil, err
	}
	n, err := s.neighbour(now)
	if err != nil {
		return nil, err
	}
	return append(list, n), nil
}
