// Package story tells what happens across chain, relay, enclave and user, as
// text: a script of commands, and below each what it printed. A story is a
// test, since what is printed must be what stands there, and with -rewrite it
// is written anew; it is documentation, since it reads as one.
//
// All of it runs in this process on one driver with its own clock: the node's
// application, GRANDPA votes and justifications, pool, store and JSON-RPC, the
// relay and the worker on simulated hardware are those that run anywhere. Only
// consensus is replaced. Keys are random and do not show: things are called by
// names.
//
//	# comment
//	command argument key=value
//	----
//	what it printed
package story

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// line is one command of a story.
type line struct {
	name string
	args []string
	opts map[string]string
	used map[string]bool
}

// arg returns the argument with an index; a story that has too few is wrong.
func (l *line) arg(i int) (string, error) {
	if i >= len(l.args) {
		return "", fmt.Errorf("%s needs argument %d", l.name, i+1)
	}
	return l.args[i], nil
}

// opt returns the value of an option, or what it is without.
func (l *line) opt(key, without string) string {
	l.used[key] = true
	if v, ok := l.opts[key]; ok {
		return v
	}
	return without
}

func (l *line) number(key string, without int) (int, error) {
	return strconv.Atoi(l.opt(key, strconv.Itoa(without)))
}

// command returns what a word of the language does. Each group has its file.
func command(name string) func(*World, *line) error {
	return map[string]func(*World, *line) error{
		"chain": (*World).chain, "validators": (*World).validators, "block": (*World).blocks, "settle": (*World).settle, "crash": (*World).crash,
		"program": (*World).program, "version": (*World).version,
		"transfer": (*World).transfer, "balance": (*World).balance, "changed": (*World).changed,
		"call": (*World).call, "share": (*World).share, "pure": (*World).pure,

		"stake": (*World).stake, "keys": (*World).setKeys, "beat": (*World).beat, "equivocate": (*World).equivocate,
		"stakes": (*World).stakes, "stash": (*World).stash,

		"worker": (*World).startWorker, "restart": (*World).restartWorker, "relay": (*World).relayOnce,
		"collateral": (*World).collateral, "days": (*World).days, "forge": (*World).forge, "speak": (*World).speak, "belongs": (*World).belongs,
		"machines": (*World).machines, "hush": (*World).hush, "break": (*World).breakOpen, "destroy": (*World).destroy,
		"add": (*World).addMember, "remove": (*World).removeMember, "rotate": (*World).rotate, "snapshot": (*World).takeSnapshot,
		"judge": (*World).judge, "redraw": (*World).redraw, "recover": (*World).recoverCluster, "members": (*World).members, "deregister": (*World).deregister,
		"old-disk": (*World).keepDisk, "put-back": (*World).putBack, "clone": (*World).cloneDisk, "replica": (*World).replica,
		"workers": (*World).showWorkers, "sees": (*World).sees, "remember": (*World).remember,

		"cluster": (*World).cluster, "upload": (*World).upload, "check": (*World).check,
		"instantiate": (*World).instantiate, "command": (*World).command, "resend": (*World).resend,
		"observe": (*World).observe, "receipt": (*World).receipt, "query": (*World).query,
		"log": (*World).log, "child": (*World).child, "sign": (*World).sign,

		"deposit": (*World).deposit, "give": (*World).give, "withdraw": (*World).withdraw, "holds": (*World).holds, "ledger": (*World).ledger, "terms": (*World).terms,
		"server": (*World).server,
	}[name]
}

// Play plays the story in a file and compares what it prints with what stands
// there, or writes it there. The world that it leaves lives as long as the test.
func Play(t testing.TB, file string, rewrite bool) *World {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	told := w.play(string(text))
	if told == string(text) {
		return w
	}
	if rewrite {
		if err := os.WriteFile(file, []byte(told), 0o644); err != nil {
			t.Fatal(err)
		}
		return w
	}
	t.Errorf("%s: %s", filepath.Base(file), firstDifference(told, string(text)))
	return w
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d:\n got %s\nwant %s\n(-rewrite writes it anew)", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("it has %d lines, want %d", len(g), len(w))
}

// play runs a story and returns it with what happened.
func (w *World) play(text string) string {
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		script, _, told := strings.Cut(block+"\n", "\n----\n")
		script = strings.TrimSpace(script)
		out.WriteString(script + "\n")
		w.out.Reset()
		for l := range strings.Lines(script) {
			w.run(strings.TrimSpace(l))
		}
		if told || w.out.Len() > 0 {
			out.WriteString("----\n" + w.out.String())
		}
	}
	return out.String()
}

// run runs one command. That it fails is part of the story.
func (w *World) run(text string) {
	text, _, _ = strings.Cut(text, "#")
	words := strings.Fields(text)
	if len(words) == 0 {
		return
	}
	l := &line{name: words[0], opts: map[string]string{}, used: map[string]bool{}}
	for _, word := range words[1:] {
		if k, v, ok := strings.Cut(word, "="); ok {
			l.opts[k] = v
		} else {
			l.args = append(l.args, word)
		}
	}
	do := command(l.name)
	if do == nil {
		w.tb.Fatalf("no story command is called %q", l.name)
	}
	if err := do(w, l); err != nil {
		w.printf("error: %s\n", strings.ReplaceAll(w.plain(err.Error()), "\n", "; "))
	}
	for k := range l.opts {
		if !l.used[k] {
			w.tb.Fatalf("%s: nothing is called %q", text, k)
		}
	}
}

func (w *World) printf(format string, args ...any) { fmt.Fprintf(&w.out, format, args...) }
