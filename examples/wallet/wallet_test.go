package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tacit-network/tacit/contract/sdk"
	"github.com/tacit-network/tacit/contract/sdk/sdktest"
)

func TestWallet(t *testing.T) {
	w := sdktest.New(t)
	alice, bob := sdktest.Account("Alice"), sdktest.Account("Bob")
	w.Give(alice, 100)
	c := w.Deploy("Alice", &contract, "TEA")
	const most = "340282366920938463463374607431768211455"
	for _, s := range []struct {
		name, refused string
		do            func() (string, error)
	}{
		{"deposit", "", func() (string, error) { return w.Pay("Alice", 60, c, "deposit") }},
		{"deposit of nothing", "Nothing", func() (string, error) { return w.Call("Alice", c, "deposit") }},
		{"send", "", func() (string, error) { return w.Call("Alice", c, "send", sdktest.Text(bob), "25") }},
		{"send more", "TooLittle", func() (string, error) { return w.Call("Alice", c, "send", sdktest.Text(bob), "36") }},
		{"send nothing", "Nothing", func() (string, error) { return w.Call("Alice", c, "send", sdktest.Text(bob), "0") }},
		{"send to oneself", "", func() (string, error) { return w.Call("Alice", c, "send", sdktest.Text(alice), "35") }},
		{"withdraw", "", func() (string, error) { return w.Call("Bob", c, "withdraw", "20") }},
		{"withdraw more", "TooLittle", func() (string, error) { return w.Call("Bob", c, "withdraw", "6") }},
		{"a stranger", "TooLittle", func() (string, error) { return w.Call("Charlie", c, "withdraw", "1") }},
		{"issue by a user", "NotOwner", func() (string, error) { return w.Call("Bob", c, "issue", sdktest.Text(bob), "1") }},
		{"issue", "", func() (string, error) { return w.Call("Alice", c, "issue", sdktest.Text(alice), "1000") }},
		{"issue more than there can be", "TooMuch", func() (string, error) { return w.Call("Alice", c, "issue", sdktest.Text(alice), most) }},
		{"send tokens", "", func() (string, error) { return w.Call("Alice", c, "send_tokens", sdktest.Text(bob), "400") }},
		{"send more tokens", "TooLittle", func() (string, error) { return w.Call("Bob", c, "send_tokens", sdktest.Text(alice), "401") }},
	} {
		_, err := s.do()
		if s.refused == "" && err != nil || s.refused != "" && !sdktest.Refused(err, s.refused) {
			t.Errorf("%s: %v, want %q", s.name, err, s.refused)
		}
	}
	if _, err := w.Pay("Alice", 1, c, "send", sdktest.Text(bob), "1"); !errors.Is(err, sdktest.ErrTrapped) {
		t.Errorf("money for a message that takes none: %v", err)
	}
	for who, want := range map[string]string{
		"Alice": "{coins: 35, tokens: 600}", "Bob": "{coins: 5, tokens: 400}", "Charlie": "{coins: 0, tokens: 0}",
	} {
		if got, err := w.Query(who, c, "mine"); err != nil || got != want {
			t.Errorf("%s has %s, %v, want %s", who, got, err, want)
		}
	}
	if got, err := w.Query("Charlie", c, "token"); err != nil || got != `{symbol: "TEA", supply: 1000}` {
		t.Errorf("the token is %s, %v", got, err)
	}
	if a, b, held := w.Balance(alice), w.Balance(bob), w.Balance(c); a.Lo != 40 || b.Lo != 20 || held.Lo != 40 {
		t.Errorf("Alice holds %d, Bob %d, the wallet %d", a.Lo, b.Lo, held.Lo)
	}
	for _, s := range []string{"", "a symbol too long"} {
		if _, err := w.TryDeploy("Alice", &contract, s); !sdktest.Refused(err, "LongSymbol") {
			t.Errorf("symbol %q: %v", s, err)
		}
	}
}

// Whatever users do, the wallet holds what its users have in it, and nothing of
// what there is comes up or is lost. The model is a plain map.
func TestNothingIsLost(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	w := sdktest.New(t)
	names := []string{"Alice", "Bob", "Charlie"}
	outside, inside, owned := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
	for _, n := range names {
		w.Give(sdktest.Account(n), 100)
		outside[n] = 100
	}
	c := w.Deploy("Alice", &contract, "TEA")
	for range 400 {
		who, to, n := names[rng.IntN(3)], names[rng.IntN(3)], rng.Uint64N(40)
		amount, receiver := fmt.Sprint(n), sdktest.Text(sdktest.Account(to))
		var err error
		var ok bool
		switch rng.IntN(5) {
		case 0:
			_, err = w.Pay(who, n, c, "deposit")
			if ok = n > 0 && outside[who] >= n; ok {
				outside[who] -= n
				inside[who] += n
			}
		case 1:
			_, err = w.Call(who, c, "withdraw", amount)
			if ok = n > 0 && inside[who] >= n; ok {
				inside[who] -= n
				outside[who] += n
			}
		case 2:
			_, err = w.Call(who, c, "send", receiver, amount)
			if ok = n > 0 && inside[who] >= n; ok {
				inside[who] -= n
				inside[to] += n
			}
		case 3:
			_, err = w.Call(who, c, "issue", receiver, amount)
			if ok = n > 0 && who == "Alice"; ok {
				owned[to] += n
			}
		case 4:
			_, err = w.Call(who, c, "send_tokens", receiver, amount)
			if ok = n > 0 && owned[who] >= n; ok {
				owned[who] -= n
				owned[to] += n
			}
		}
		if (err == nil) != ok {
			t.Fatalf("%s, %s, %d: %v", who, to, n, err)
		}
		sum, all := uint64(0), uint64(0)
		for _, n := range names {
			want := fmt.Sprintf("{coins: %d, tokens: %d}", inside[n], owned[n])
			if got, err := w.Query(n, c, "mine"); err != nil || got != want {
				t.Fatalf("%s has %s, %v, want %s", n, got, err, want)
			}
			if w.Balance(sdktest.Account(n)) != (sdk.U128{Lo: outside[n]}) {
				t.Fatalf("%s holds %v, want %d", n, w.Balance(sdktest.Account(n)), outside[n])
			}
			sum, all = sum+inside[n], all+owned[n]
		}
		if w.Balance(c) != (sdk.U128{Lo: sum}) {
			t.Fatalf("the wallet holds %v, its users %d", w.Balance(c), sum)
		}
		if got, err := w.Query("Bob", c, "token"); err != nil || got != fmt.Sprintf(`{symbol: "TEA", supply: %d}`, all) {
			t.Fatalf("the token is %s, %v, want %d", got, err, all)
		}
	}
}
