package relay_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// cable is what lies between two machines: a TCP proxy that can be cut. While it
// is, nothing arrives at either end, and neither is told; what was on its way
// arrives when it is mended, unless the cable is torn.
type cable struct {
	to string
	l  net.Listener

	mu    sync.Mutex // guards what follows
	whole chan struct{}
	ends  map[net.Conn]struct{}
	held  int // pieces that waited in a cut cable
}

// newCable lays a cable to a host and port.
func newCable(t *testing.T, to string) *cable {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{to: to, l: l, whole: make(chan struct{}), ends: map[net.Conn]struct{}{}}
	close(c.whole)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return // closed
			}
			running.Go(func() { c.carry(near) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		c.mend(true)
		running.Wait()
	})
	return c
}

func (c *cable) addr() string { return c.l.Addr().String() }

func (c *cable) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		return // a machine that is down refuses
	}
	defer far.Close()
	c.mu.Lock()
	c.ends[near], c.ends[far] = struct{}{}, struct{}{}
	c.mu.Unlock()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		both.Go(func() {
			_, _ = io.Copy(through{c, way[1]}, way[0]) // how it ends is the business of the ends
			_ = way[0].Close()
			_ = way[1].Close()
		})
	}
	both.Wait()
	c.mu.Lock()
	delete(c.ends, near)
	delete(c.ends, far)
	c.mu.Unlock()
}

// through writes when the cable is whole.
type through struct {
	c *cable
	net.Conn
}

// Write implements io.Writer.
func (t through) Write(b []byte) (int, error) {
	for {
		t.c.mu.Lock()
		whole := t.c.whole
		t.c.mu.Unlock()
		select {
		case <-whole:
			return t.Conn.Write(b)
		default:
		}
		t.c.mu.Lock()
		t.c.held++
		t.c.mu.Unlock()
		<-whole
	}
}

// cut cuts a cable that is whole.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.whole = make(chan struct{})
}

// mend makes a cut cable whole; torn, it has lost its connections, with all that
// was on its way.
func (c *cable) mend(torn bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if torn {
		for e := range c.ends {
			_ = e.Close()
		}
	}
	select {
	case <-c.whole:
	default:
		close(c.whole)
	}
}

// heldBack is how often something waited in the cable.
func (c *cable) heldBack() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// A cut cable holds back what is sent; mended, it delivers that, and torn it
// does not.
func TestCable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	heard := make(chan string, 9)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				b := make([]byte, 9)
				for {
					n, err := conn.Read(b)
					if err != nil {
						heard <- "end"
						return
					}
					heard <- string(b[:n])
				}
			}()
		}
	}()
	c := newCable(t, l.Addr().String())
	conn, err := net.Dial("tcp", c.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	say := func(s string) {
		t.Helper()
		if _, err := io.Copy(conn, strings.NewReader(s)); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(want string) {
		t.Helper()
		if got := <-heard; got != want {
			t.Fatalf("heard %q, want %q", got, want)
		}
	}
	say("one")
	hear("one")
	for _, torn := range []bool{false, true} {
		c.cut()
		before := c.heldBack()
		say("two")
		for c.heldBack() == before {
			select {
			case s := <-heard:
				t.Fatalf("heard %q through a cut cable", s)
			default:
			}
		}
		c.mend(torn)
		if torn {
			hear("end")
		} else {
			hear("two")
		}
	}
}
