package p2p

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
)

// errGarbage means that a peer sent what is no message of the protocol.
var errGarbage = errors.New("not a message of the protocol")

func garbage(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errGarbage, fmt.Errorf(format, args...))
}

// readMessage reads one message: its length as an unsigned varint, and then
// its bytes, of which there may be at most limit. Before it takes memory for
// them it asks reserve.
func readMessage(r io.Reader, limit int, reserve func(int) error) ([]byte, error) {
	var n uint64
	for shift := 0; ; shift += 7 {
		var b [1]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return nil, err
		}
		if shift > 28 || shift > 0 && b[0] == 0 {
			return nil, garbage("the length is no varint")
		}
		n |= uint64(b[0]&0x7f) << shift
		if b[0]&0x80 == 0 {
			break
		}
	}
	if n > uint64(limit) {
		return nil, garbage("%d bytes are more than %d", n, limit)
	}
	if err := reserve(int(n)); err != nil {
		return nil, err
	}
	raw := make([]byte, n)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("read %d bytes: %w", n, err)
	}
	return raw, nil
}

// writeMessage writes one message as readMessage reads it.
func writeMessage(w io.Writer, raw []byte) error {
	_, err := w.Write(append(protowire.AppendVarint(make([]byte, 0, len(raw)+5), uint64(len(raw))), raw...))
	return err
}

// fields calls f with the fields of a protobuf message in their order. A
// number stands in n, bytes in b.
func fields(raw []byte, f func(num protowire.Number, typ protowire.Type, n uint64, b []byte) error) error {
	for len(raw) > 0 {
		num, typ, size := protowire.ConsumeTag(raw)
		if size < 0 {
			return garbage("protobuf: %w", protowire.ParseError(size))
		}
		raw = raw[size:]
		var n uint64
		var b []byte
		switch typ {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(raw)
		case protowire.BytesType:
			b, size = protowire.ConsumeBytes(raw)
		default:
			size = protowire.ConsumeFieldValue(num, typ, raw)
		}
		if size < 0 {
			return garbage("protobuf: %w", protowire.ParseError(size))
		}
		raw = raw[size:]
		if err := f(num, typ, n, b); err != nil {
			return err
		}
	}
	return nil
}

// blockRequest asks for blocks (api.v1.BlockRequest of Substrate's sync).
type blockRequest struct {
	// header, body and justification say which parts are wanted.
	header, body, justification bool
	// hash is the first block's, or nil, when number is.
	hash       *hash.H256
	number     chain.BlockNumber
	descending bool
	// most is how many blocks are wanted at most; 0 leaves it to the answer.
	most uint32
	// several says that justifications come with the names of their engines.
	several bool
}

// The bits of BlockRequest.fields, which are in the highest byte.
const (
	wantHeader        = 1 << 24
	wantBody          = 2 << 24
	wantJustification = 16 << 24
)

func decodeBlockRequest(raw []byte) (r blockRequest, err error) {
	from := 0
	err = fields(raw, func(num protowire.Number, typ protowire.Type, n uint64, b []byte) error {
		switch {
		case num == 1 && typ == protowire.VarintType:
			if n >= 1<<32 {
				return garbage("the fields %x", n)
			}
			r.header, r.body, r.justification = n&wantHeader != 0, n&wantBody != 0, n&wantJustification != 0
		case num == 2 && typ == protowire.BytesType:
			if len(b) != 32 {
				return garbage("a hash of %d bytes", len(b))
			}
			h := hash.H256(b)
			r.hash = &h
			from++
		case num == 3 && typ == protowire.BytesType:
			if len(b) > 8 {
				return garbage("a block number of %d bytes", len(b))
			}
			var v uint64
			for i, x := range b {
				v |= uint64(x) << (8 * i)
			}
			if v >= 1<<32 {
				return garbage("the block number %d", v)
			}
			r.number = chain.BlockNumber(v)
			from++
		case num == 5 && typ == protowire.VarintType:
			if n > 1 {
				return garbage("the direction %d", n)
			}
			r.descending = n == 1
		case num == 6 && typ == protowire.VarintType:
			r.most = uint32(min(n, 1<<32-1))
		case num == 7 && typ == protowire.VarintType:
			r.several = n != 0
		}
		return nil
	})
	if err == nil && from != 1 {
		err = garbage("%d first blocks", from)
	}
	return r, err
}

// blockData is one block of an answer (api.v1.BlockData).
type blockData struct {
	hash          hash.H256
	header        []byte
	body          [][]byte
	justification []byte // one of GRANDPA, encoded; nil is none
}

// appendBlock appends a block to a BlockResponse.
func appendBlock(dst []byte, d blockData, several bool) []byte {
	var b []byte
	bytes := func(num protowire.Number, v []byte) {
		b = protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
	}
	bytes(1, d.hash[:])
	if d.header != nil {
		bytes(2, d.header)
	}
	for _, x := range d.body {
		bytes(3, x)
	}
	if d.justification != nil {
		if several {
			bytes(8, justifications(d.justification))
		} else {
			bytes(6, d.justification)
		}
	}
	return protowire.AppendBytes(protowire.AppendTag(dst, 1, protowire.BytesType), b)
}

// lightRequest asks a question about a state (api.v1.light.Request).
type lightRequest interface{ lightRequest() }

// readRequest asks for a proof of what is under keys.
type readRequest struct {
	block hash.H256
	keys  [][]byte
}

// callRequest asks for a proof of what a call of the runtime reads.
type callRequest struct {
	block  hash.H256
	method string
	args   []byte
}

// childRequest asks for a proof of a child trie, of which the chain has none.
type childRequest struct{}

func (readRequest) lightRequest()  {}
func (callRequest) lightRequest()  {}
func (childRequest) lightRequest() {}

// maxProofKeys is how many keys one request may name.
const maxProofKeys = 4096

func decodeLightRequest(raw []byte) (r lightRequest, err error) {
	err = fields(raw, func(num protowire.Number, typ protowire.Type, _ uint64, b []byte) error {
		if typ != protowire.BytesType || num != 1 && num != 2 && num != 4 {
			return nil
		}
		if r != nil {
			return garbage("two questions")
		}
		var err error
		switch num {
		case 1:
			r, err = decodeCallRequest(b)
		case 2:
			r, err = decodeReadRequest(b)
		case 4:
			r = childRequest{}
		}
		return err
	})
	if err == nil && r == nil {
		err = garbage("no question")
	}
	return r, err
}

func blockHash(b []byte) (h hash.H256, err error) {
	if len(b) != 32 {
		return h, garbage("a hash of %d bytes", len(b))
	}
	return hash.H256(b), nil
}

func decodeCallRequest(raw []byte) (r callRequest, err error) {
	err = fields(raw, func(num protowire.Number, typ protowire.Type, _ uint64, b []byte) (err error) {
		if typ != protowire.BytesType {
			return nil
		}
		switch num {
		case 2:
			r.block, err = blockHash(b)
		case 3:
			r.method = string(b)
		case 4:
			r.args = b
		}
		return err
	})
	return r, err
}

func decodeReadRequest(raw []byte) (r readRequest, err error) {
	err = fields(raw, func(num protowire.Number, typ protowire.Type, _ uint64, b []byte) (err error) {
		if typ != protowire.BytesType {
			return nil
		}
		switch num {
		case 2:
			r.block, err = blockHash(b)
		case 3:
			if r.keys = append(r.keys, b); len(r.keys) > maxProofKeys {
				err = garbage("more than %d keys", maxProofKeys)
			}
		}
		return err
	})
	return r, err
}

// lightAnswer is an answer to a call (num 1) or to a read (num 2).
func lightAnswer(num protowire.Number, proof []byte) []byte {
	var b []byte
	if proof != nil {
		b = protowire.AppendBytes(protowire.AppendTag(b, 2, protowire.BytesType), proof)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), b)
}
