package rpc

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/node/rpc/lookup"
	"github.com/tacit-network/tacit/node/store"
)

// args are the parameters of a call.
type args []json.RawMessage

// parameters are the names of the parameters of methods that also take them by
// name, in the order in which they come without:
// https://paritytech.github.io/json-rpc-interface-spec/api.html.
var parameters = map[string][]string{
	"archive_v1_body":                    {"hash"},
	"archive_v1_call":                    {"hash", "function", "callParameters"},
	"archive_v1_hashByHeight":            {"height"},
	"archive_v1_header":                  {"hash"},
	"archive_v1_stopStorage":             {"operationId"},
	"archive_v1_stopStorageDiff":         {"operationId"},
	"archive_v1_storage":                 {"hash", "items", "childTrie"},
	"archive_v1_storageDiff":             {"hash", "items", "previousHash"},
	"chainHead_v1_body":                  {"followSubscription", "hash"},
	"chainHead_v1_call":                  {"followSubscription", "hash", "function", "callParameters"},
	"chainHead_v1_continue":              {"followSubscription", "operationId"},
	"chainHead_v1_follow":                {"withRuntime"},
	"chainHead_v1_header":                {"followSubscription", "hash"},
	"chainHead_v1_stopOperation":         {"followSubscription", "operationId"},
	"chainHead_v1_storage":               {"followSubscription", "hash", "items", "childTrie"},
	"chainHead_v1_unfollow":              {"followSubscription"},
	"chainHead_v1_unpin":                 {"followSubscription", "hashOrHashes"},
	"transactionWatch_v1_submitAndWatch": {"transaction"},
	"transactionWatch_v1_unwatch":        {"subscription"},
	"transaction_v1_broadcast":           {"transaction"},
	"transaction_v1_stop":                {"operationId"},
}

// arguments reads the parameters of a call.
func arguments(method string, raw json.RawMessage) (a args, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var named map[string]json.RawMessage
	names := parameters[method]
	switch {
	case firstByte(raw) == '[':
		err = json.Unmarshal(raw, &a)
	case firstByte(raw) == '{' && names != nil:
		err = json.Unmarshal(raw, &named)
	case firstByte(raw) == '{':
		return nil, badParams("%s takes no parameters by name", method)
	default:
		return nil, badParams("params must be an array or an object")
	}
	if err != nil {
		return nil, badParams("params: %v", err)
	}
	for _, name := range names {
		if v, ok := named[name]; ok {
			a = append(a, v)
		} else if named != nil {
			a = append(a, null)
		}
		delete(named, name)
	}
	for name := range named {
		return nil, badParams("%s has no parameter %q", method, name)
	}
	return a, nil
}

func (a args) has(i int) bool { return i < len(a) && string(a[i]) != "null" }

// into reads the i-th parameter, which must be there.
func (a args) into(i int, v any) error {
	if !a.has(i) {
		return badParams("parameter %d is missing", i+1)
	}
	err := json.Unmarshal(a[i], v)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return badParams("parameter %d is a %s, which does not belong there", i+1, e.Value)
	}
	if err != nil {
		return badParams("parameter %d: %v", i+1, err)
	}
	return nil
}

func (a args) str(i int) (s string, err error) {
	err = a.into(i, &s)
	return s, err
}

// bytes reads hex, with or without 0x, as Substrate does.
func (a args) bytes(i int) ([]byte, error) {
	s, err := a.str(i)
	if err != nil {
		return nil, err
	}
	b, err := unhex(s)
	if err != nil {
		return nil, badParams("parameter %d is not hex", i+1)
	}
	return b, nil
}

func unhex(s string) ([]byte, error) {
	return hex.DecodeString(strings.TrimPrefix(s, "0x"))
}

// keys reads a list of hex strings.
func (a args) keys(i int) ([][]byte, error) {
	var list []string
	if err := a.into(i, &list); err != nil {
		return nil, err
	}
	if len(list) > maxKeys {
		return nil, badParams("%d keys are more than %d", len(list), maxKeys)
	}
	out := make([][]byte, len(list))
	for j, s := range list {
		b, err := unhex(s)
		if err != nil {
			return nil, badParams("key %d is not hex", j+1)
		}
		out[j] = b
	}
	return out, nil
}

// number reads a number, or one in hex or decimal text.
func (a args) number(i int) (uint64, error) {
	var n uint64
	if json.Unmarshal(a[i], &n) == nil {
		return n, nil
	}
	s, err := a.str(i)
	if err != nil {
		return 0, err
	}
	if n, err = strconv.ParseUint(s, 0, 64); err != nil {
		return 0, badParams("parameter %d is not a number", i+1)
	}
	return n, nil
}

// account reads an address or a public key in hex.
func (a args) account(i int) (who chain.AccountID, err error) {
	err = a.into(i, &who)
	return who, err
}

// block reads a block hash; without one it is the head's. What the node does
// not know is store.ErrNotFound.
func (s *Server) block(a args, i int) (hash.H256, error) {
	if !a.has(i) {
		return s.app.Head().Hash(), nil
	}
	var h hash.H256
	err := a.into(i, &h)
	return h, err
}

// state is block for methods that need its state: an unknown block is an
// error there.
func (s *Server) state(a args, i int) (hash.H256, error) {
	h, err := s.block(a, i)
	if err != nil {
		return h, err
	}
	if _, err := s.app.Store().Header(h); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return h, &Error{Code: codeStateCall, Message: "Client error: UnknownBlock: Header was not found in the database: " + h.String()}
		}
		return h, err
	}
	return h, nil
}

// items reads what is to be found in a state, and behind it the key of a child
// trie. asked is how many items the list has.
func (a args) items(i int) (list []lookup.Item, asked int, err error) {
	if err := a.into(i, &list); err != nil {
		return nil, 0, err
	}
	asked = len(list)
	if err := lookup.Check(list); err != nil {
		return nil, 0, badParams("%v", err)
	}
	if a.has(i + 1) {
		_, err = a.bytes(i + 1)
		list = nil // there are no child tries
	}
	return list, asked, err
}

// at reads the hash of a block, which must be there.
func (a args) at(i int) (h hash.H256, err error) {
	err = a.into(i, &h)
	return h, err
}

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }

// hexes are byte strings in hex.
func hexes(list [][]byte) []string {
	out := make([]string, len(list))
	for i, b := range list {
		out[i] = hexOf(b)
	}
	return out
}

// orNull is a hex string, or null when there is nothing.
func orNull(b []byte, ok bool) any {
	if !ok {
		return nil
	}
	return hexOf(b)
}
