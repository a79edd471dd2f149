package sdk

// Entry is a constructor or a message, made by Constructor0, View0, Change1,
// Action1 and their like. In metadata it has the comment of its handler.
type Entry struct {
	Name    string
	Args    []Param
	Result  *Type
	Mutates bool
	// Payable tells that the entry may be given money.
	Payable bool
	run     func(c *Call, args *Reader) ([]byte, error)
}

// Param is the name and the type of an argument, or of a field.
type Param struct {
	Name string
	Type *Type
}

// Argument is a named argument of type T.
type Argument[T any] struct {
	name  string
	codec Codec[T]
}

// Arg names an argument.
func Arg[T any](name string, codec Codec[T]) Argument[T] { return Argument[T]{name, codec} }

func (a Argument[T]) param() Param { return Param{a.name, a.codec.Type} }

// Payable lets an entry be given money, of which Call.Value tells.
func Payable(e Entry) Entry {
	e.Payable = true
	return e
}

// View0 is a message without arguments that changes nothing.
func View0[R any](name string, result Codec[R], do func(c *Call) (R, error)) Entry {
	return Entry{name, nil, result.Type, false, false, func(c *Call, args *Reader) ([]byte, error) {
		if !args.done() {
			return nil, errInput
		}
		return reply(result)(do(c))
	}}
}

// View1 is a message with one argument that changes nothing.
func View1[A, R any](name string, a Argument[A], result Codec[R], do func(c *Call, a A) (R, error)) Entry {
	return Entry{name, []Param{a.param()}, result.Type, false, false, func(c *Call, args *Reader) ([]byte, error) {
		v := a.codec.Read(args)
		if !args.done() {
			return nil, errInput
		}
		return reply(result)(do(c, v))
	}}
}

// View2 is a message with two arguments that changes nothing.
func View2[A, B, R any](name string, a Argument[A], b Argument[B], result Codec[R], do func(c *Call, a A, b B) (R, error)) Entry {
	return Entry{name, []Param{a.param(), b.param()}, result.Type, false, false, func(c *Call, args *Reader) ([]byte, error) {
		v := a.codec.Read(args)
		w := b.codec.Read(args)
		if !args.done() {
			return nil, errInput
		}
		return reply(result)(do(c, v, w))
	}}
}

// View3 is a message with three arguments that changes nothing.
func View3[A, B, C, R any](name string, a Argument[A], b Argument[B], d Argument[C], result Codec[R], do func(c *Call, a A, b B, d C) (R, error)) Entry {
	return Entry{name, []Param{a.param(), b.param(), d.param()}, result.Type, false, false, func(c *Call, args *Reader) ([]byte, error) {
		v := a.codec.Read(args)
		w := b.codec.Read(args)
		x := d.codec.Read(args)
		if !args.done() {
			return nil, errInput
		}
		return reply(result)(do(c, v, w, x))
	}}
}

// Action0 is a message without arguments that may change the state and returns
// something.
func Action0[R any](name string, result Codec[R], do func(c *Call) (R, error)) Entry {
	return mutating(View0(name, result, do))
}

// Action1 is Action0 with one argument.
func Action1[A, R any](name string, a Argument[A], result Codec[R], do func(c *Call, a A) (R, error)) Entry {
	return mutating(View1(name, a, result, do))
}

// Action2 is Action0 with two arguments.
func Action2[A, B, R any](name string, a Argument[A], b Argument[B], result Codec[R], do func(c *Call, a A, b B) (R, error)) Entry {
	return mutating(View2(name, a, b, result, do))
}

// Action3 is Action0 with three arguments.
func Action3[A, B, C, R any](name string, a Argument[A], b Argument[B], d Argument[C], result Codec[R], do func(c *Call, a A, b B, d C) (R, error)) Entry {
	return mutating(View3(name, a, b, d, result, do))
}

// Change0 is a message without arguments that changes the state and returns
// nothing.
func Change0(name string, do func(c *Call) error) Entry {
	return Action0(name, Unit, func(c *Call) (struct{}, error) { return struct{}{}, do(c) })
}

// Change1 is Change0 with one argument.
func Change1[A any](name string, a Argument[A], do func(c *Call, a A) error) Entry {
	return Action1(name, a, Unit, func(c *Call, v A) (struct{}, error) { return struct{}{}, do(c, v) })
}

// Change2 is Change0 with two arguments.
func Change2[A, B any](name string, a Argument[A], b Argument[B], do func(c *Call, a A, b B) error) Entry {
	return Action2(name, a, b, Unit, func(c *Call, v A, w B) (struct{}, error) { return struct{}{}, do(c, v, w) })
}

// Change3 is Change0 with three arguments.
func Change3[A, B, C any](name string, a Argument[A], b Argument[B], d Argument[C], do func(c *Call, a A, b B, d C) error) Entry {
	return Action3(name, a, b, d, Unit, func(c *Call, v A, w B, x C) (struct{}, error) { return struct{}{}, do(c, v, w, x) })
}

// Constructor0 is a constructor without arguments.
func Constructor0(name string, do func(c *Call) error) Entry { return Change0(name, do) }

// Constructor1 is a constructor with one argument.
func Constructor1[A any](name string, a Argument[A], do func(c *Call, a A) error) Entry {
	return Change1(name, a, do)
}

// Constructor2 is a constructor with two arguments.
func Constructor2[A, B any](name string, a Argument[A], b Argument[B], do func(c *Call, a A, b B) error) Entry {
	return Change2(name, a, b, do)
}

// Constructor3 is a constructor with three arguments.
func Constructor3[A, B, C any](name string, a Argument[A], b Argument[B], d Argument[C], do func(c *Call, a A, b B, d C) error) Entry {
	return Change3(name, a, b, d, do)
}

func mutating(e Entry) Entry {
	e.Mutates = true
	return e
}

func reply[R any](codec Codec[R]) func(R, error) ([]byte, error) {
	return func(v R, err error) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		return codec.Append(nil, v), nil
	}
}
