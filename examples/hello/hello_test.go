package main

import (
	"testing"

	"github.com/tacit-network/tacit/contract/sdk/sdktest"
)

func TestHello(t *testing.T) {
	w := sdktest.New(t)
	c := w.Deploy("Alice", &contract)
	if _, err := w.Call("Bob", c, "increment", "42"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Query("Bob", c, "get"); !sdktest.Refused(err, "NotOwner") {
		t.Errorf("Bob reads the counter: %v", err)
	}
	if _, err := w.Call("Bob", c, "increment", "18446744073709551615"); !sdktest.Refused(err, "Overflow") {
		t.Errorf("the counter overflows: %v", err)
	}
	if n, err := w.Query("Alice", c, "get"); err != nil || n != "42" {
		t.Errorf("the counter is %s, %v, want 42", n, err)
	}
}
