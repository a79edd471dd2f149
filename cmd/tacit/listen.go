package main

import (
	"errors"
	"fmt"
	"net"
)

// listenHere listens on this machine alone, for what acts as who runs it.
func listenHere(address string) (net.Listener, error) {
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, hint(fmt.Errorf("--listen: %w", err), "write an address such as 127.0.0.1:9955")
	}
	if !a.IP.IsLoopback() {
		return nil, hint(errors.New("--listen names no address of this machine alone"),
			"everybody who reaches it acts as you: run one on each machine, at 127.0.0.1")
	}
	l, err := net.ListenTCP("tcp", a)
	return l, hint(err, "is one running there already? Choose another port with --listen")
}
