package frame

import (
	"fmt"
	"reflect"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// API is one runtime API, called by its name and a method's.
type API struct {
	Name    string
	Version uint32
	Methods []Fn
	Doc     string
}

// ID is the number by which a runtime version lists the API.
func (a API) ID() [8]byte { return hash.Blake2b64([]byte(a.Name)) }

// Fn is one method of an API; see Func.
type Fn struct {
	name    string
	doc     string
	in, out reflect.Type
	call    func(*Context, []byte) ([]byte, error)
}

type method struct {
	*Fn
	api string
}

// Func declares a method whose arguments are the fields of In and whose
// result is an Out.
func Func[In, Out any](name, doc string, f func(*Context, In) (Out, error)) Fn {
	return Fn{
		name: name, doc: doc, in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		call: func(ctx *Context, args []byte) ([]byte, error) {
			d := scale.NewDecoder(args)
			d.Table = ctx.rt
			var in In
			if err := d.Value(&in); err != nil {
				return nil, fmt.Errorf("arguments: %w", err)
			}
			if err := d.Finish(); err != nil {
				return nil, fmt.Errorf("arguments: %w", err)
			}
			out, err := f(ctx, in)
			if err != nil {
				return nil, err
			}
			return scale.Encode(out), nil
		},
	}
}

// ErrNoMethod means that the runtime has no method of that name.
type ErrNoMethod struct{ Name string }

// Error implements error.
func (e ErrNoMethod) Error() string { return fmt.Sprintf("the runtime has no API method %q", e.Name) }

// Call calls a method of a runtime API by its full name, as in
// AccountNonceApi_account_nonce. A panic inside, which a corrupt state causes,
// comes back as an error.
func (rt *Runtime) Call(h storage.Host, name string, args []byte) (out []byte, err error) {
	m, ok := rt.methods[name]
	if !ok {
		return nil, ErrNoMethod{name}
	}
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("%s: %v", name, r)
		}
	}()
	out, err = m.call(rt.Context(h), args)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}
