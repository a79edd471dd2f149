package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

// answer is a contract that returns four bytes: the number.
func answer(n byte) []byte {
	return program(nil,
		opI32Const, 0, opI32Const, n, 0x36, 2, 0,
		opI32Const, 0, opI32Const, 0, opI32Const, 4, opCall, 0,
	).bytes()
}

// Machine code is made once, used by an engine of another process or time, and
// left alone when it is another module's, damaged, or the engine has no use for
// it. What comes out is the same every time.
func TestNative(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("modules are not compiled here")
	}
	ctx := context.Background()
	load := func(e *Engine, code []byte, native Native) (string, Native) {
		t.Helper()
		m, made, err := e.LoadNative(ctx, code, &Ink, nil, native)
		if err != nil {
			t.Fatal(err)
		}
		out, err := m.Execute(ctx, "call", nil, 1e6)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(out), made
	}
	compiler := func() *Engine { return engines(t)["interpreter=false"] }
	want, native := load(compiler(), answer(7), nil)
	_, other := load(compiler(), answer(8), nil)
	if len(native) <= nativeName || bytes.Equal(native, other) {
		t.Fatalf("machine code of %d and %d bytes", len(native), len(other))
	}
	if got, made := load(compiler(), answer(7), native); got != want || made != nil {
		t.Errorf("with its machine code: %s, %d bytes made, want %s", got, len(made), want)
	}
	damaged := bytes.Clone(native)
	damaged[len(damaged)/2] ^= 1
	for name, kept := range map[string]Native{
		"another module's": other, "cut short": native[:len(native)/2], "only a name": native[:nativeName],
		"shorter than a name": native[:3], "damaged": damaged,
	} {
		if got, made := load(compiler(), answer(7), kept); got != want || !bytes.Equal(made, native) {
			t.Errorf("%s: %s, %d bytes made, want %s, %d", name, got, len(made), want, len(native))
		}
	}
	if got, made := load(engines(t)["interpreter=true"], answer(7), native); got != want || made != nil {
		t.Errorf("the interpreter gives %s and %d bytes", got, len(made))
	}
}

// Why a module is refused is text, and short, whatever its names are.
func TestRefusalIsText(t *testing.T) {
	w := program(nil)
	w.imports[0].name = strings.Repeat("\xff", 2000)
	_, err := Instrument(w.bytes(), &Ink, engines(t)["interpreter=true"].Imports())
	if !errors.Is(err, ErrRefused) || len(err.Error()) > 600 || !utf8.ValidString(err.Error()) {
		t.Errorf("got %d bytes: %.100v", len(err.Error()), err)
	}
}

// An engine that is closed twice closes no file of somebody else.
func TestCloseTwice(t *testing.T) {
	ctx := context.Background()
	e, err := NewEngine(ctx, Config{}, testFuncs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(ctx); err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	for range 64 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	if err := e.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, err := f.Stat(); err != nil {
			t.Error(err)
		}
	}
}
