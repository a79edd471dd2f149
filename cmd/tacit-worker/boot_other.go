//go:build !linux

package main

// first does nothing: only Linux makes the program its first process.
func first() {}
