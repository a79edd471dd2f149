// Command note keeps a secret note for everybody, which nobody but its author
// can read: neither other users, nor who made the contract, nor the operator of
// the worker that runs it.
package main

import "github.com/tacit-network/tacit/contract/sdk"

// Errors of the contract.
var (
	NoNote  = sdk.NewError("NoNote")  // the caller has written none
	TooLong = sdk.NewError("TooLong") // a note has at most 4096 bytes
)

// maxNote is the most bytes of a note.
const maxNote = 4096

// Note is what is stored for an author.
type Note struct {
	Text string
	Time uint64 // ms since 1970
}

var noteCodec = sdk.Struct("Note",
	sdk.Field("text", sdk.String, func(n *Note) *string { return &n.Text }),
	sdk.Field("time", sdk.Uint64, func(n *Note) *uint64 { return &n.Time }))

var notes = sdk.NewMap("notes", sdk.Account, noteCodec)

var contract = sdk.Contract{
	Name:         "note",
	Version:      "1.0.0",
	Storage:      []sdk.Stored{notes},
	Errors:       []*sdk.Error{NoNote, TooLong},
	Constructors: []sdk.Entry{sdk.Constructor0("new", create)},
	Messages: []sdk.Entry{
		sdk.Change1("write", sdk.Arg("text", sdk.String), write),
		sdk.View0("read", noteCodec, read),
		sdk.Change0("erase", erase),
	},
}

// Makes a notebook without notes.
func create(*sdk.Call) error { return nil }

// Writes the caller's note, in place of an earlier one.
func write(c *sdk.Call, text string) error {
	if len(text) > maxNote {
		return TooLong
	}
	notes.Set(c, c.Caller(), Note{text, c.Now()})
	return nil
}

// Reads the caller's note and when it was written.
func read(c *sdk.Call) (Note, error) {
	n, ok := notes.Find(c, c.Caller())
	if !ok {
		return n, NoNote
	}
	return n, nil
}

// Erases the caller's note.
func erase(c *sdk.Call) error {
	if !notes.Has(c, c.Caller()) {
		return NoNote
	}
	notes.Remove(c, c.Caller())
	return nil
}
