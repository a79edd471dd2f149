package main

import (
	"strings"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/sdk/sdktest"
)

func TestNote(t *testing.T) {
	w := sdktest.New(t)
	c := w.Deploy("Alice", &contract)
	if _, err := w.Query("Bob", c, "read"); !sdktest.Refused(err, "NoNote") {
		t.Errorf("Bob reads what he has not written: %v", err)
	}
	if _, err := w.Call("Bob", c, "write", "the cake is under the table"); err != nil {
		t.Fatal(err)
	}
	w.Pass(time.Second)
	if got, err := w.Query("Bob", c, "read"); err != nil || got != `{text: "the cake is under the table", time: 1893456000000}` {
		t.Errorf("Bob reads %s, %v", got, err)
	}
	for _, other := range []string{"Alice", "Charlie"} {
		if _, err := w.Query(other, c, "read"); !sdktest.Refused(err, "NoNote") {
			t.Errorf("%s reads Bob's note: %v", other, err)
		}
	}
	if _, err := w.Call("Bob", c, "write", strings.Repeat("x", maxNote+1)); !sdktest.Refused(err, "TooLong") {
		t.Errorf("a note that is too long: %v", err)
	}
	if _, err := w.Call("Bob", c, "erase"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Call("Bob", c, "erase"); !sdktest.Refused(err, "NoNote") {
		t.Errorf("Bob erases twice: %v", err)
	}
}
