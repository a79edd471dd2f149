package frame

import (
	"errors"
	"fmt"

	"github.com/tacit-network/tacit/scale"
)

// DispatchError is why a call failed, in the form that goes into events
// (sp_runtime::DispatchError).
type DispatchError interface {
	error
	isDispatchError()
}

// The kinds of DispatchError.
type (
	// ErrOther has no other name.
	ErrOther struct{}
	// ErrCannotLookup means that an address names no account.
	ErrCannotLookup struct{}
	// ErrBadOrigin means that the caller may not do this.
	ErrBadOrigin struct{}
	// ModuleError is an error of a pallet: its index, and the error's in the
	// first byte of four.
	ModuleError struct {
		Index uint8
		Error [4]byte
	}
	// ErrModule wraps a ModuleError, as the enum has it.
	ErrModule struct {
		Module ModuleError `name:"-"`
	}
	// ErrConsumerRemaining means that an account is still in use.
	ErrConsumerRemaining struct{}
	// ErrNoProviders means that an account does not exist.
	ErrNoProviders struct{}
	// ErrTooManyConsumers means that an account is used by too much.
	ErrTooManyConsumers struct{}
	// ErrToken is an error of moving tokens.
	ErrToken struct {
		Kind TokenError `name:"-"`
	}
	// ErrArithmetic is a number that does not fit.
	ErrArithmetic struct {
		Kind ArithmeticError `name:"-"`
	}
	// ErrTransactional means that transactions nest too deep.
	ErrTransactional struct {
		Kind TransactionalError `name:"-"`
	}
	// ErrExhausted means that a resource is used up.
	ErrExhausted struct{}
	// ErrCorruption means that the state is corrupt.
	ErrCorruption struct{}
	// ErrUnavailable means that a resource is not there now.
	ErrUnavailable struct{}
	// ErrRootNotAllowed means that root may not do this.
	ErrRootNotAllowed struct{}
)

var _ = scale.Enum(scale.V[DispatchError]{
	0: ErrOther{}, 1: ErrCannotLookup{}, 2: ErrBadOrigin{}, 3: ErrModule{}, 4: ErrConsumerRemaining{}, 5: ErrNoProviders{},
	6: ErrTooManyConsumers{}, 7: ErrToken{}, 8: ErrArithmetic{}, 9: ErrTransactional{}, 10: ErrExhausted{}, 11: ErrCorruption{},
	12: ErrUnavailable{}, 13: ErrRootNotAllowed{},
})

// TokenError is why tokens did not move.
type TokenError uint8

// The token errors, in Substrate's order.
const (
	FundsUnavailable TokenError = iota
	OnlyProvider
	BelowMinimum
	CannotCreate
	UnknownAsset
	Frozen
	Unsupported
	CannotCreateHold
	NotExpendable
	Blocked
)

// Variants implements scale.Units.
func (TokenError) Variants() []string {
	return []string{
		"FundsUnavailable", "OnlyProvider", "BelowMinimum", "CannotCreate", "UnknownAsset", "Frozen", "Unsupported",
		"CannotCreateHold", "NotExpendable", "Blocked",
	}
}

// ArithmeticError is why a number did not fit.
type ArithmeticError uint8

// The arithmetic errors, in Substrate's order.
const (
	Underflow ArithmeticError = iota
	Overflow
	DivisionByZero
)

// Variants implements scale.Units.
func (ArithmeticError) Variants() []string {
	return []string{"Underflow", "Overflow", "DivisionByZero"}
}

// TransactionalError is why a transaction was not opened.
type TransactionalError uint8

// Variants implements scale.Units.
func (TransactionalError) Variants() []string { return []string{"LimitReached", "NoLayer"} }

func (ErrOther) isDispatchError()             {}
func (ErrCannotLookup) isDispatchError()      {}
func (ErrBadOrigin) isDispatchError()         {}
func (ErrModule) isDispatchError()            {}
func (ErrConsumerRemaining) isDispatchError() {}
func (ErrNoProviders) isDispatchError()       {}
func (ErrTooManyConsumers) isDispatchError()  {}
func (ErrToken) isDispatchError()             {}
func (ErrArithmetic) isDispatchError()        {}
func (ErrTransactional) isDispatchError()     {}
func (ErrExhausted) isDispatchError()         {}
func (ErrCorruption) isDispatchError()        {}
func (ErrUnavailable) isDispatchError()       {}
func (ErrRootNotAllowed) isDispatchError()    {}

func (ErrOther) Error() string        { return "Other" }
func (ErrCannotLookup) Error() string { return "CannotLookup" }
func (ErrBadOrigin) Error() string    { return "BadOrigin" }
func (e ErrModule) Error() string {
	return fmt.Sprintf("Module(%d, %d)", e.Module.Index, e.Module.Error[0])
}
func (ErrConsumerRemaining) Error() string { return "ConsumerRemaining" }
func (ErrNoProviders) Error() string       { return "NoProviders" }
func (ErrTooManyConsumers) Error() string  { return "TooManyConsumers" }
func (e ErrToken) Error() string           { return "Token." + e.Kind.Variants()[e.Kind] }
func (e ErrArithmetic) Error() string      { return "Arithmetic." + e.Kind.Variants()[e.Kind] }
func (e ErrTransactional) Error() string   { return "Transactional." + e.Kind.Variants()[e.Kind] }
func (ErrExhausted) Error() string         { return "Exhausted" }
func (ErrCorruption) Error() string        { return "Corruption" }
func (ErrUnavailable) Error() string       { return "Unavailable" }
func (ErrRootNotAllowed) Error() string    { return "RootNotAllowed" }

// Reason is the DispatchError that err, which a call returned, stands for. An
// error that wraps neither a declared one nor a DispatchError is Other.
func (rt *Runtime) Reason(err error) DispatchError {
	if e, ok := errors.AsType[*Error](err); ok {
		if index, declared := rt.errors[e]; declared {
			return ErrModule{ModuleError{index, [4]byte{e.Index}}}
		}
	}
	if e, ok := errors.AsType[DispatchError](err); ok {
		return e
	}
	return ErrOther{}
}

// Explain is a DispatchError in words: Balances.InsufficientBalance.
func (rt *Runtime) Explain(e DispatchError) string {
	if m, ok := e.(ErrModule); ok {
		if p, name, ok := rt.Names(m.Module); ok {
			return p + "." + name
		}
	}
	return e.Error()
}
