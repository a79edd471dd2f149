// Package inspect runs the rules of tries and of GRANDPA over files of cases:
// justifications, warp proofs, states, nodes, blocks and read proofs with what
// is expected of them. It is what `tacit inspect` shows.
//
// A file comes in and a verdict for each case goes out. The layouts are those
// of the vectors that the tests use; a file that has none of them is an error.
package inspect

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxFile bounds the unpacked size of a file.
const maxFile = 1 << 30

// ErrLayout means that a file has no layout that is known here.
var ErrLayout = errors.New("the file has no known layout")

// Case is the verdict on one case of a file.
type Case struct {
	Name string `json:"name"`
	// OK says that the case holds under the rules.
	OK bool `json:"ok"`
	// Error says why it does not.
	Error string `json:"error,omitempty"`
	// Unexpected says that the file expects the other verdict.
	Unexpected bool `json:"-"`
}

// verdict makes a case of an outcome. want is nil where the file expects nothing.
func verdict(name string, err error, want *bool) Case {
	c := Case{Name: name, OK: err == nil}
	if err != nil {
		c.Error = err.Error()
	}
	c.Unexpected = want != nil && *want != c.OK
	return c
}

// must is the expectation that a case holds.
func must(name string, err error) Case {
	yes := true
	return verdict(name, err, &yes)
}

// guard runs a check, and makes an error of a fault in the case's own fields,
// such as hex of a wrong length.
func guard(check func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(fieldError)
			if !ok {
				panic(r)
			}
			err = f
		}
	}()
	return check()
}

// fieldError is a field that cannot be read. It travels as a panic inside this
// package, from reading a field to guard.
type fieldError struct{ err error }

// Error implements error.
func (f fieldError) Error() string { return f.err.Error() }

// Bytes is a field of hex digits, with or without 0x.
type Bytes []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Bytes) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(strings.TrimPrefix(string(text), "0x"))
	if err != nil {
		return fmt.Errorf("field of hex digits: %w", err)
	}
	*b = raw
	return nil
}

// h256 returns the field as an array.
func (b Bytes) h256() [32]byte {
	if len(b) != 32 {
		panic(fieldError{fmt.Errorf("a field has %d bytes instead of 32", len(b))})
	}
	return [32]byte(b)
}

// sig returns the field as a signature.
func (b Bytes) sig() [64]byte {
	if len(b) != 64 {
		panic(fieldError{fmt.Errorf("a field has %d bytes instead of 64", len(b))})
	}
	return [64]byte(b)
}

func (b Bytes) is(h [32]byte) bool { return bytes.Equal(b, h[:]) }

// read returns a file's content, unpacked where its name ends in .gz.
func read(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", file, err)
		}
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("read %s: it is larger than %d bytes", file, maxFile)
	}
	return raw, nil
}

// object returns the fields of a JSON object, or nil.
func object(raw []byte) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// list returns the items of a JSON array, or nil.
func list(raw []byte) []json.RawMessage {
	var l []json.RawMessage
	if json.Unmarshal(raw, &l) != nil {
		return nil
	}
	return l
}

// each makes a T of every item and a case of every T.
func each[T any](items []json.RawMessage, kind string, check func(i int, v T) Case) []Case {
	var cases []Case
	for i, raw := range items {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			cases = append(cases, must(fmt.Sprintf("%s %d", kind, i), fmt.Errorf("read case: %w", err)))
			continue
		}
		cases = append(cases, check(i, v))
	}
	return cases
}

// named is the name of a case, or its place where it has none.
func named(name, kind string, i int) string {
	if name != "" {
		return name
	}
	return fmt.Sprintf("%s %d", kind, i)
}
