package frame

import (
	"reflect"

	"github.com/tacit-network/tacit/chain"
)

// Tx is a signed transaction under way.
type Tx struct {
	Signer chain.AccountID
	Extra  chain.Extra
	Call   AnyCall
	Info   DispatchInfo
	// Len is the encoded length in bytes.
	Len int
	// Paid carries what was withdrawn from Prepare to Post.
	Paid chain.Balance
}

// Extension is one of a signed transaction's extensions: its types, and what
// it demands and does. Each function may be nil.
type Extension struct {
	Name string
	// Extra is what the transaction carries, Implicit what only is signed; nil
	// means nothing.
	Extra, Implicit reflect.Type
	// Validate judges; it changes nothing.
	Validate func(ctx *Context, tx *Tx) (Validity, error)
	// Prepare acts before the call and may still refuse.
	Prepare func(ctx *Context, tx *Tx) error
	// Post acts after the call.
	Post func(ctx *Context, tx *Tx, post PostInfo)
}

// Validate asks all extensions in order.
func (rt *Runtime) Validate(ctx *Context, tx *Tx) (Validity, error) {
	sum := Valid()
	for _, e := range rt.config.Extensions {
		if e.Validate == nil {
			continue
		}
		v, err := e.Validate(ctx, tx)
		if err != nil {
			return Validity{}, err
		}
		sum = sum.And(v)
	}
	return sum, nil
}

// Prepare lets all extensions act in order before the call.
func (rt *Runtime) Prepare(ctx *Context, tx *Tx) error {
	for _, e := range rt.config.Extensions {
		if e.Prepare != nil {
			if err := e.Prepare(ctx, tx); err != nil {
				return err
			}
		}
	}
	return nil
}

// Post lets all extensions act in order after the call.
func (rt *Runtime) Post(ctx *Context, tx *Tx, post PostInfo) {
	for _, e := range rt.config.Extensions {
		if e.Post != nil {
			e.Post(ctx, tx, post)
		}
	}
}
