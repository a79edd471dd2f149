package rpc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tacit-network/tacit/node/pool"
	"github.com/tacit-network/tacit/runtime/frame"
)

// Error is an error of JSON-RPC. The numbers are those of the specification
// and, for transactions, of Substrate's author RPC.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

// The numbers.
const (
	codeParse          = -32700
	codeRequest        = -32600
	codeMethod         = -32601
	codeParams         = -32602
	codeInternal       = -32603
	codeServer         = -32000
	codeFormat         = 1001
	codeVerification   = 1002
	codeInvalid        = 1010
	codeUnknown        = 1011
	codeBanned         = 1012
	codeKnown          = 1013
	codeLowPriority    = 1014
	codeDropped        = 1016
	codeStateCall      = 4003
	codeLimit          = -32005
	codeBlockNotInBest = 4001
)

func badParams(format string, args ...any) *Error {
	return &Error{Code: codeParams, Message: "Invalid params", Data: fmt.Sprintf(format, args...)}
}

// tooMuch is for a question whose answer would be too long.
func tooMuch(format string, args ...any) *Error {
	return &Error{Code: 4002, Message: fmt.Sprintf(format, args...)}
}

// poolError is the answer for a transaction that the pool did not take.
func poolError(err error) *Error {
	if e, ok := errors.AsType[frame.Invalid](err); ok {
		return &Error{Code: codeInvalid, Message: "Invalid Transaction", Data: e.Error()}
	}
	if e, ok := errors.AsType[frame.Unknown](err); ok {
		return &Error{Code: codeUnknown, Message: "Unknown Transaction Validity", Data: e.Error()}
	}
	if e, ok := errors.AsType[pool.ErrPriority](err); ok {
		return &Error{
			Code: codeLowPriority, Message: fmt.Sprintf("Priority is too low: (%d vs %d)", e.Old, e.New),
			Data: "The transaction has too low priority to replace another transaction already in the pool.",
		}
	}
	switch {
	case errors.Is(err, pool.ErrFormat):
		why := strings.TrimPrefix(err.Error(), pool.ErrFormat.Error()+": ")
		return &Error{Code: codeFormat, Message: "Extrinsic has invalid format: " + why}
	case errors.Is(err, pool.ErrBanned):
		return &Error{Code: codeBanned, Message: "Transaction is temporarily banned"}
	case errors.Is(err, pool.ErrKnown):
		return &Error{Code: codeKnown, Message: "Transaction Already Imported"}
	case errors.Is(err, pool.ErrFull):
		return &Error{Code: codeDropped, Message: "Immediately Dropped", Data: "The transaction couldn't enter the pool because of the limit"}
	}
	return &Error{Code: codeVerification, Message: fmt.Sprintf("Verification Error: %v", err)}
}
