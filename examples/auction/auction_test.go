package main

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tacit-network/tacit/contract/sdk/sdktest"
)

func TestAuction(t *testing.T) {
	w := sdktest.New(t)
	c := w.Deploy("Alice", &contract, "a lamp", "60")
	bid := func(who, amount string) error {
		_, err := w.Call(who, c, "bid", amount)
		return err
	}
	for _, b := range [][2]string{{"Bob", "10"}, {"Charlie", "30"}, {"Dave", "20"}, {"Bob", "25"}} {
		if err := bid(b[0], b[1]); err != nil {
			t.Fatalf("%v: %v", b, err)
		}
	}
	for _, b := range [][2]string{{"Bob", "25"}, {"Bob", "1"}, {"Eve", "0"}} {
		if err := bid(b[0], b[1]); !sdktest.Refused(err, "TooLow") {
			t.Errorf("%v: %v", b, err)
		}
	}
	if got, err := w.Query("Bob", c, "mine"); err != nil || got != "25" {
		t.Errorf("Bob's bid is %s, %v", got, err)
	}
	if _, err := w.Query("Alice", c, "mine"); !sdktest.Refused(err, "NoBid") {
		t.Errorf("the seller has a bid: %v", err)
	}
	if _, err := w.Query("Alice", c, "result"); !sdktest.Refused(err, "NotOver") {
		t.Errorf("the result is known early: %v", err)
	}
	w.Pass(time.Minute)
	if err := bid("Eve", "100"); !sdktest.Refused(err, "Over") {
		t.Errorf("a bid after the end: %v", err)
	}
	want := "Some({winner: " + sdktest.Text(sdktest.Account("Charlie")) + ", price: 25, bids: 3})"
	if got, err := w.Query("Eve", c, "result"); err != nil || got != want {
		t.Errorf("the result is %s, %v, want %s", got, err, want)
	}
	if n := len(w.Lines); n != 5 || w.Lines[1].Text != bidPlaced {
		t.Errorf("logged %v", w.Lines)
	}
	for _, seconds := range []string{"0", "31536001"} {
		if _, err := w.TryDeploy("Alice", &contract, "a lamp", seconds); !sdktest.Refused(err, "TooShort") {
			t.Errorf("an auction of %s s: %v", seconds, err)
		}
	}
}

// The winner and the price are what Vickrey's rule says, whoever bids what in
// whatever order: here over plain lists.
func TestRule(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	names := []string{"Alice", "Bob", "Charlie", "Dave"}
	for round := range 50 {
		w := sdktest.New(t)
		c := w.Deploy("Alice", &contract, "", "10")
		amounts, orders, n := map[string]int{}, map[string]int{}, rng.IntN(10)
		for i := range n {
			who, amount := names[rng.IntN(4)], rng.IntN(5)
			_, err := w.Call(who, c, "bid", fmt.Sprint(amount))
			if refused := sdktest.Refused(err, "TooLow"); refused != (amount <= amounts[who]) {
				t.Fatalf("%s bids %d after %d: %v", who, amount, amounts[who], err)
			} else if !refused {
				amounts[who], orders[who] = amount, i
			}
		}
		w.Pass(10 * time.Second)
		got, err := w.Query("Bob", c, "result")
		if err != nil {
			t.Fatal(err)
		}
		winner, price := "", 0
		for who, a := range amounts {
			if winner == "" || a > amounts[winner] || a == amounts[winner] && orders[who] < orders[winner] {
				winner = who
			}
		}
		for who, a := range amounts {
			if who != winner || len(amounts) == 1 {
				price = max(price, a)
			}
		}
		want := "None"
		if winner != "" {
			want = fmt.Sprintf("Some({winner: %s, price: %d, bids: %d})", sdktest.Text(sdktest.Account(winner)), price, len(amounts))
		}
		if got != want {
			t.Errorf("round %d: %v give %s, want %s", round, amounts, got, want)
		}
	}
}
