package main

import (
	"net"
	"sync"
)

// maxConnections is how many connections are open at once.
const maxConnections = 256

// limited accepts a connection only when there is a place for it.
type limited struct {
	net.Listener
	places chan struct{}
}

func limit(l net.Listener, n int) net.Listener { return &limited{l, make(chan struct{}, n)} }

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	l.places <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &placed{Conn: c, leave: func() { <-l.places }}, nil
}

// placed gives its place back when it closes, once.
type placed struct {
	net.Conn
	once  sync.Once
	leave func()
}

// Close implements net.Conn.
func (p *placed) Close() error {
	p.once.Do(p.leave)
	return p.Conn.Close()
}
