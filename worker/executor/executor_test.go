package executor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/scale"
)

// both are the executors; they have to behave alike.
func both(t *testing.T, cfg vm.Config, names ...string) map[string]runner {
	t.Helper()
	ctx := context.Background()
	inside, err := NewInside(ctx, cfg, newLibrary(t, names...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inside.Close(ctx) })
	return map[string]runner{"inside": inside, "isolated": isolated(t, cfg, newLibrary(t, names...))}
}

func isolated(t testing.TB, cfg vm.Config, source Source) *Isolated {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes are not confined here")
	}
	x, err := NewIsolated(Config{VM: cfg}, source, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close(context.Background()) })
	return x
}

// Everything that a contract can ask for, from both executors and both engines:
// the same results to the unit of gas, and the same state.
func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("builds contracts")
	}
	said := map[string]string{}
	for _, interpreter := range []bool{false, true} {
		for name, r := range both(t, vm.Config{Interpreter: interpreter}, "teller", "hello", "wallet", "price") {
			said[fmt.Sprintf("%s, interpreter %v", name, interpreter)] = play(t, r)
		}
	}
	want, zeros := said["inside, interpreter false"], strings.Repeat("00", 31)
	for name, got := range said {
		if got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		}
	}
	for _, part := range []string{
		"children: ok flags 0", "keys: ok", "Topics:[0x5abb3ee2", "another now: reverted", "withdraw: ok", "ask: ok", "latest: ok", "unknown: reverted",
		"broken below: trapped", "the code is refused", "broken: true, module refused: not a WebAssembly module",
		"dear: trapped", "frugal: ok", "for nothing: ok",
		"refused: true", "away: true", "gone: the disk is gone",
		"0a" + zeros + "0063 ", "5e" + zeros + "04030201" + "bb" + zeros, "000004" + "07 ", hex.EncodeToString([]byte(`"24.25"`)), hex.EncodeToString([]byte(`"30.25"`)),
	} {
		if !strings.Contains(want, part) {
			t.Errorf("the scenario lacks %q:\n%s", part, want)
		}
	}
}

func play(t *testing.T, r runner) string {
	t.Helper()
	var b strings.Builder
	w := newWorld("hello")
	say := func(name, code, export string, me byte, input []byte, change func(*host.Env)) host.Result {
		out, err := w.call(r, code, export, me, input, change)
		fmt.Fprintf(&b, "%s: %s\n", name, show(out, err))
		return out
	}
	query := func(e *host.Env) { e.Query, e.Web, e.Cache = true, w, w }
	from := func(who byte, value uint64) func(*host.Env) {
		return func(e *host.Env) { e.Caller, e.Value = [32]byte{who}, scale.U64(value) }
	}
	ctx := context.Background()
	fmt.Fprintf(&b, "refused: %v\n", errors.Is(r.Load(ctx, codeOf("broken")), vm.ErrRefused))
	fmt.Fprintf(&b, "away: %v\n", errors.Is(r.Load(ctx, codeOf("nobody's")), errAway))
	// Another one is called, made and become.
	say("teller", "teller", "deploy", 1, message("new"), nil)
	say("unknown", "teller", "call", 1, message("make", make([]byte, 32)), nil)
	hello := codeOf("hello")
	for range 2 {
		say("make", "teller", "call", 1, message("make", hello[:]), nil)
	}
	child := w.Address([32]byte{1}, hello, []byte{0})
	say("raise", "teller", "call", 1, message("raise", child[:], number(5)), nil)
	say("overflow", "teller", "call", 1, message("raise", child[:], number(1<<64-1)), nil)
	say("nobody", "teller", "call", 1, message("raise", make([]byte, 32), number(1)), nil)
	// Of a code that can never run, the contract that calls it is told; and who runs it.
	bad := [32]byte{0xbd}
	w.records[bad] = host.Record{Code: codeOf("broken")}
	say("broken below", "teller", "call", 1, message("raise", bad[:], number(1)), nil)
	_, err := w.call(r, "broken", "call", 1, message("get"), nil)
	fmt.Fprintf(&b, "broken: %v, %v\n", errors.Is(err, vm.ErrRefused), err)
	say("keys", "teller", "call", 1, message("keys"), nil)
	say("children", "teller", "call", 1, message("children"), query)
	// Who asks, who answers, and requests in a batch.
	session := func(e *host.Env) {
		query(e)
		e.Worker, e.Proof = [32]byte{0xbb}, host.Proof{Kind: host.ProofSession, Key: [32]byte{0x5e}, Until: 0x01020304}
	}
	say("who, in a command", "teller", "call", 1, message("who"), func(e *host.Env) { e.Worker = [32]byte{0xbb} })
	say("who, in a session", "teller", "call", 1, message("who"), session)
	say("pages, in a command", "teller", "call", 1, message("batch"), nil)
	say("pages", "teller", "call", 1, message("batch"), session)
	_, err = w.call(r, "teller", "call", 1, message("raise", append([]byte{0xff}, make([]byte, 31)...), number(1)), nil)
	fmt.Fprintf(&b, "gone: %v\n", err)
	say("become", "teller", "call", 1, message("become", hello[:]), nil)
	say("another now", "hello", "call", 1, message("children"), nil)
	// What contracts store has a price, of which a callee may take no more than so much.
	dear := func(e *host.Env) { e.Prices = host.Prices{Item: scale.U64(100), Byte: scale.U64(1)} }
	say("teller again", "teller", "deploy", 4, message("new"), nil)
	say("dear", "teller", "call", 4, message("frugal", hello[:], amount(247)), dear)
	say("frugal", "teller", "call", 4, message("frugal", hello[:], amount(248)), dear)
	say("for nothing", "teller", "call", 4, message("frugal", hello[:], amount(1)), nil)
	// Money.
	w.balances[[32]byte{5}] = scale.U64(1000)
	say("wallet", "wallet", "deploy", 2, message("new", scale.Marshal("TOK")), nil)
	say("deposit", "wallet", "call", 2, message("deposit"), from(5, 300))
	say("too much", "wallet", "call", 2, message("deposit"), from(5, 3000))
	say("withdraw", "wallet", "call", 2, message("withdraw", amount(100)), from(5, 0))
	say("mine", "wallet", "call", 2, message("mine"), query)
	// HTTP, in queries.
	say("price", "price", "deploy", 3, message("new", scale.Marshal("https://example.org/")), nil)
	asked := say("ask", "price", "call", 3, message("ask", scale.Marshal("A-B")), query)
	say("ask in a command", "price", "call", 3, message("ask", scale.Marshal("A-B")), nil)
	if len(asked.Data) > 2 {
		say("report", "price", "call", 3, message("report", asked.Data[2:]), nil)
	}
	say("latest", "price", "call", 3, message("latest", scale.Marshal("A-B")), query)
	say("rubbish", "price", "call", 3, []byte{1, 2}, nil)
	b.WriteString(w.String())
	return b.String()
}

// Machine code that is made once is kept, and used by the next executor.
func TestNative(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("modules are not compiled here")
	}
	l := newLibrary(t, "hello")
	for round := range 2 {
		x := isolated(t, vm.Config{}, l)
		if err := x.Load(context.Background(), codeOf("hello")); err != nil {
			t.Fatal(err)
		}
		if len(l.native[codeOf("hello")]) == 0 {
			t.Fatal("no machine code is kept")
		}
		w := newWorld()
		if out, err := w.call(x, "hello", "deploy", 1, message("new"), nil); err != nil || out.Status != vm.OK {
			t.Errorf("round %d: %s", round, show(out, err))
		}
		if len(x.verdicts) != 1-round {
			t.Errorf("round %d: %d codes were compiled", round, len(x.verdicts))
		}
	}
}
