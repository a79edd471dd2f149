package executor

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/tacit-network/tacit/scale"
)

// lane is one end of a pair of sockets. One goroutine uses it at a time.
type lane struct {
	conn io.ReadWriteCloser
	in   *bufio.Reader
	out  []byte
}

// keptBuffer is the most that a lane keeps of its buffer between frames.
const keptBuffer = 64 << 10

func newLane(conn io.ReadWriteCloser) *lane {
	return &lane{conn: conn, in: bufio.NewReaderSize(conn, 4<<10)}
}

// errFrame tells that a frame is not one that may come.
var errFrame = errors.New("frame out of place")

func (l *lane) send(kind byte, v any) error {
	b := append(l.out[:0], 0, 0, 0, 0, kind)
	if v != nil {
		b = scale.Append(b, v)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	if l.out = b; cap(b) > keptBuffer {
		l.out = nil
	}
	_, err := l.conn.Write(b)
	return err
}

// await is receive where the other end is at work on what comes.
func (l *lane) await(limit int) (kind byte, body []byte, err error) {
	if s, ok := l.conn.(interface{ linger() }); ok && l.in.Buffered() == 0 {
		s.linger()
	}
	return l.receive(limit)
}

// receive reads a frame of at most limit bytes, which the caller owns.
func (l *lane) receive(limit int) (kind byte, body []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(l.in, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 || uint64(n) > uint64(limit) {
		return 0, nil, fmt.Errorf("%w: %d bytes", errFrame, n)
	}
	if n <= keptBuffer {
		body = make([]byte, n)
		_, err = io.ReadFull(l.in, body)
	} else { // memory is taken as the bytes come
		var all bytes.Buffer
		_, err = io.CopyN(&all, l.in, int64(n))
		body = all.Bytes()
	}
	if err != nil {
		return 0, nil, err
	}
	return body[0], body[1:], nil
}
