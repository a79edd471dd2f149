package sdk

// CallStatus is how a call of another contract ended.
type CallStatus uint32

// The ways in which a call ends.
const (
	Done           CallStatus = 0
	Trapped        CallStatus = 1
	Reverted       CallStatus = 2
	TransferFailed CallStatus = 5
	NoCode         CallStatus = 7
	NoContract     CallStatus = 8
)

// CallFlags change a call.
type CallFlags uint32

// The flags of calls.
const (
	AllowReentry CallFlags = 8  // the callee may call back
	ReadOnly     CallFlags = 16 // a callee that changes something traps
)

// Failure is the error of a call of another contract.
type Failure struct {
	Status CallStatus
	// Declared tells that the contract answered with one of its own errors, and
	// Code which one, by its place.
	Declared bool
	Code     uint8
}

// Error says how the call ended.
func (f *Failure) Error() string {
	switch {
	case f.Declared:
		return "the other contract answered with an error"
	case f.Status == Reverted:
		return "the other contract reverted"
	case f.Status == NoContract:
		return "there is no such contract"
	case f.Status == NoCode:
		return "there is no such code"
	case f.Status == TransferFailed:
		return "the contract holds less than the value"
	case f.Status == Trapped:
		return "the other contract trapped"
	}
	return "the other contract cannot be called"
}

// Remote0 is a message of another contract, without arguments.
type Remote0[R any] struct {
	Name   string
	Result Codec[R]
}

// Call calls it. The other contract cannot call back.
func (m Remote0[R]) Call(c *Call, to AccountID) (R, error) {
	return remote(c, to, 0, U128{}, c.Selector(m.Name), m.Result)
}

// Pay calls it and gives it value. The other contract cannot call back.
func (m Remote0[R]) Pay(c *Call, to AccountID, value U128) (R, error) {
	return remote(c, to, 0, value, c.Selector(m.Name), m.Result)
}

// View calls it and lets it change nothing.
func (m Remote0[R]) View(c *Call, to AccountID) (R, error) {
	return remote(c, to, ReadOnly, U128{}, c.Selector(m.Name), m.Result)
}

// Remote1 is a message of another contract with one argument.
type Remote1[A, R any] struct {
	Name   string
	A      Codec[A]
	Result Codec[R]
}

// Call calls it. The other contract cannot call back.
func (m Remote1[A, R]) Call(c *Call, to AccountID, a A) (R, error) {
	return remote(c, to, 0, U128{}, m.A.Append(c.Selector(m.Name), a), m.Result)
}

// Pay calls it and gives it value. The other contract cannot call back.
func (m Remote1[A, R]) Pay(c *Call, to AccountID, value U128, a A) (R, error) {
	return remote(c, to, 0, value, m.A.Append(c.Selector(m.Name), a), m.Result)
}

// View calls it and lets it change nothing.
func (m Remote1[A, R]) View(c *Call, to AccountID, a A) (R, error) {
	return remote(c, to, ReadOnly, U128{}, m.A.Append(c.Selector(m.Name), a), m.Result)
}

// Remote2 is a message of another contract with two arguments.
type Remote2[A, B, R any] struct {
	Name   string
	A      Codec[A]
	B      Codec[B]
	Result Codec[R]
}

// Call calls it. The other contract cannot call back.
func (m Remote2[A, B, R]) Call(c *Call, to AccountID, a A, b B) (R, error) {
	return remote(c, to, 0, U128{}, m.B.Append(m.A.Append(c.Selector(m.Name), a), b), m.Result)
}

// Pay calls it and gives it value. The other contract cannot call back.
func (m Remote2[A, B, R]) Pay(c *Call, to AccountID, value U128, a A, b B) (R, error) {
	return remote(c, to, 0, value, m.B.Append(m.A.Append(c.Selector(m.Name), a), b), m.Result)
}

// View calls it and lets it change nothing.
func (m Remote2[A, B, R]) View(c *Call, to AccountID, a A, b B) (R, error) {
	return remote(c, to, ReadOnly, U128{}, m.B.Append(m.A.Append(c.Selector(m.Name), a), b), m.Result)
}

// Make makes a contract of a code by a constructor, whose encoded arguments
// follow.
func (c *Call) Make(code Hash, salt []byte, constructor string, args []byte) (AccountID, error) {
	return c.MakePaying(code, U128{}, salt, constructor, args)
}

// MakePaying is Make that gives the new contract value.
func (c *Call) MakePaying(code Hash, value U128, salt []byte, constructor string, args []byte) (AccountID, error) {
	made, out, status := c.Instantiate(code, value, salt, append(c.Selector(constructor), args...))
	if status == Done { // constructors of ink! give less, or nothing
		return made, nil
	}
	_, err := answer(out, status, Unit)
	return made, err
}

// Selector begins the input of a call: the selector of a message, to which the
// caller appends arguments by their codecs.
func (c *Call) Selector(message string) []byte {
	sel := c.Blake2b256([]byte(message))
	return sel[:4:4]
}

func remote[R any](c *Call, to AccountID, flags CallFlags, value U128, input []byte, result Codec[R]) (R, error) {
	out, status := c.CallContract(to, flags, value, input)
	return answer(out, status, result)
}

// answer reads what Run writes.
func answer[R any](out []byte, status CallStatus, result Codec[R]) (v R, err error) {
	if status != Done {
		f := &Failure{Status: status}
		if status == Reverted && len(out) == 3 && out[0] == 0 && out[1] == 1 {
			f.Declared, f.Code = true, out[2]
		}
		return v, f
	}
	if len(out) == 0 && result.Type == Unit.Type { // the other contract ended
		return v, nil
	}
	if len(out) < 2 || out[0] != 0 || out[1] != 0 {
		return v, &Failure{Status: Trapped}
	}
	r := &Reader{b: out[2:]}
	if v = result.Read(r); !r.done() {
		return v, &Failure{Status: Trapped} // another contract than was thought
	}
	return v, nil
}
