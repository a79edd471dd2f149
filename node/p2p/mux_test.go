package p2p

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"testing/iotest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

func frame(kind byte, flags uint16, stream uint32, length uint32, data string) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0, kind}, flags)
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, stream), length)
	return append(b, data...)
}

// Frames come out as they went in, but for the ends behind data.
func TestLateEnd(t *testing.T) {
	in := bytes.Join([][]byte{
		frame(1, 1, 1, 0, ""),              // opens a stream
		frame(0, 0, 1, 5, "hello"),         // data
		frame(0, 4, 1, 3, "end"),           // data and end
		frame(0, 5, 3, 1, "x"),             // opens, data, end
		frame(0, 4, 5, 0, ""),              // an end alone
		frame(2, 1, 0, 7, ""),              // a ping, whose length is a value
		frame(0, 8, 7, 2, "\x00\x04"),      // a reset with data that looks like flags
		frame(1, 4, 9, 100, ""), {0, 0, 0}, // the end in a window update; half a header
	}, nil)
	want := bytes.Join([][]byte{
		frame(1, 1, 1, 0, ""), frame(0, 0, 1, 5, "hello"),
		frame(0, 0, 1, 3, "end"), frame(1, 4, 1, 0, ""),
		frame(0, 1, 3, 1, "x"), frame(1, 4, 3, 0, ""),
		frame(0, 4, 5, 0, ""), frame(2, 1, 0, 7, ""), frame(0, 8, 7, 2, "\x00\x04"), frame(1, 4, 9, 100, ""),
	}, nil)
	for name, r := range map[string]io.Reader{
		"whole": bytes.NewReader(in), "byte by byte": iotest.OneByteReader(bytes.NewReader(in)), "with the error": iotest.DataErrReader(bytes.NewReader(in)),
	} {
		got, err := io.ReadAll(&lateEnd{Conn: readerConn{r: r}})
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %x, %v; want %x", name, got, err, want)
		}
	}
}

type readerConn struct {
	net.Conn
	r io.Reader
}

func (c readerConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// A frame whose data comes after its header loses none of it, though it also
// ends the stream. (With go-yamux alone the reader gets the end at once.)
func TestDataAfterEnd(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	session, err := muxer{}.NewConn(ours, true, &network.NullScope{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	go func() { _, _ = io.Copy(io.Discard, theirs) }()
	go func() {
		_, _ = theirs.Write(frame(1, 1, 1, 0, ""))
		_, _ = theirs.Write(frame(0, 4, 1, 7, ""))
		// A frame of another stream cannot come between; only the clock tells
		// that the reader had its chance.
		time.Sleep(50 * time.Millisecond)
		_, _ = theirs.Write([]byte("request"))
	}()
	stream, err := session.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(stream)
	if err != nil || string(got) != "request" {
		t.Errorf("%q, %v", got, err)
	}
}
