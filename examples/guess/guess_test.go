package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/contract/sdk/sdktest"
)

// play halves what is possible until Bob has won, and returns in how many steps.
func play(t *testing.T, w *sdktest.World, c sdk.AccountID, most int) int {
	t.Helper()
	low, high := 1, most
	for step := 1; low <= high; step++ {
		n := (low + high) / 2
		hint, err := w.Call("Bob", c, "guess", fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		switch hint {
		case "Higher":
			low = n + 1
		case "Lower":
			high = n - 1
		case "Right":
			return step
		default:
			t.Fatalf("hint %q", hint)
		}
	}
	t.Fatal("no number is right")
	return 0
}

func TestGuess(t *testing.T) {
	w := sdktest.New(t)
	c := w.Deploy("Alice", &contract, "1000")
	if _, err := w.Query("Bob", c, "guess", "500"); !sdktest.Refused(err, "Command") {
		t.Errorf("a query gives a hint: %v", err)
	}
	if _, err := w.Call("Bob", c, "again"); !sdktest.Refused(err, "NotOver") {
		t.Errorf("a round ends early: %v", err)
	}
	if got, err := w.Query("Charlie", c, "winner"); err != nil || got != "None" {
		t.Errorf("the winner is %s, %v", got, err)
	}
	steps := play(t, w, c, 1000)
	if steps > 10 {
		t.Errorf("halving takes %d steps", steps)
	}
	bob := sdktest.Text(sdktest.Account("Bob"))
	if got, err := w.Query("Charlie", c, "winner"); err != nil || got != "Some("+bob+")" {
		t.Errorf("the winner is %s, %v", got, err)
	}
	if _, err := w.Call("Charlie", c, "guess", "1"); !sdktest.Refused(err, "Over") {
		t.Errorf("somebody guesses after the end: %v", err)
	}
	if len(w.Events) != 1 || !strings.HasSuffix(w.Events[0].Text, fmt.Sprintf("guesses: %d}", steps)) {
		t.Errorf("events %v", w.Events)
	}
	if _, err := w.Call("Charlie", c, "again"); err != nil {
		t.Fatal(err)
	}
	play(t, w, c, 1000)
	if _, err := w.TryDeploy("Alice", &contract, "0"); !sdktest.Refused(err, "NoNumbers") {
		t.Errorf("a game without numbers: %v", err)
	}
}

// Numbers are drawn from all of the range, and from nothing else.
func TestDraw(t *testing.T) {
	w := sdktest.New(t)
	c := w.Deploy("Alice", &contract, "3")
	seen := map[string]int{}
	for range 60 {
		for n := 1; ; n++ {
			hint, err := w.Call("Bob", c, "guess", fmt.Sprint(n))
			if err != nil || n > 3 {
				t.Fatalf("guess %d: %v", n, err)
			}
			if hint == "Right" {
				seen[fmt.Sprint(n)]++
				break
			}
		}
		if _, err := w.Call("Bob", c, "again"); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 3 {
		t.Errorf("drawn: %v", seen)
	}
}
