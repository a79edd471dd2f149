package p2p

import (
	"encoding/binary"
	"net"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
)

// muxer is yamux for peers that end a stream in the frame with its last data,
// as smoldot does with each request. go-yamux 5.0.1 believes the end when it
// has read the frame's header: who reads the stream before the data has come
// takes the stream for empty. The end therefore is moved into a frame of its
// own, behind the data.
type muxer struct{}

// NewConn implements network.Multiplexer.
func (muxer) NewConn(c net.Conn, isServer bool, scope network.PeerScope) (network.MuxedConn, error) {
	return yamux.DefaultTransport.NewConn(&lateEnd{Conn: c}, isServer, scope)
}

// The header of a yamux frame:
//
//	version u8 ‖ type u8 ‖ flags u16 ‖ stream u32 ‖ length u32, big-endian
//
// Specification: https://github.com/hashicorp/yamux/blob/master/spec.md
const (
	frameHeader = 12
	frameData   = 0
	frameWindow = 1
	flagEnd     = 4
)

// lateEnd is a connection from which frames with data and the end of a stream
// are read as two. It is read by one goroutine.
type lateEnd struct {
	net.Conn
	ready  []byte            // what is read next
	header [frameHeader]byte // of which have bytes came
	have   int
	body   uint32 // how much data of the frame is still to come
	end    []byte // the frame to put behind it
}

// Read implements net.Conn.
func (l *lateEnd) Read(p []byte) (int, error) {
	for len(l.ready) == 0 {
		if l.body > 0 {
			n, err := l.Conn.Read(p[:min(uint64(len(p)), uint64(l.body))])
			if l.body -= uint32(n); l.body == 0 {
				l.ready, l.end = l.end, nil
			}
			return n, err
		}
		n, err := l.Conn.Read(l.header[l.have:])
		if l.have += n; l.have == frameHeader {
			l.have = 0
			l.frame()
		}
		if err != nil && len(l.ready) == 0 {
			return 0, err
		}
	}
	n := copy(p, l.ready)
	l.ready = l.ready[n:]
	return n, nil
}

// frame looks at a header that has come.
func (l *lateEnd) frame() {
	h := l.header
	l.ready = h[:]
	if h[1] != frameData {
		return
	}
	l.body = binary.BigEndian.Uint32(h[8:])
	if flags := binary.BigEndian.Uint16(h[2:]); flags&flagEnd != 0 && l.body > 0 {
		l.end = append([]byte{h[0], frameWindow, 0, flagEnd}, h[4:8]...)
		l.end = append(l.end, 0, 0, 0, 0)
		binary.BigEndian.PutUint16(h[2:], flags&^flagEnd)
	}
}
