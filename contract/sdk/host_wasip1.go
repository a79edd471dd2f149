package sdk

import "unsafe"

//go:wasmimport seal0 input
func sealInput(out, outLen unsafe.Pointer)

//go:wasmimport seal0 seal_return
func sealReturn(flags uint32, data unsafe.Pointer, n uint32)

//go:wasmimport seal0 caller
func sealCaller(out, outLen unsafe.Pointer)

//go:wasmimport seal0 address
func sealAddress(out, outLen unsafe.Pointer)

//go:wasmimport seal0 value_transferred
func sealValue(out, outLen unsafe.Pointer)

//go:wasmimport seal0 balance
func sealBalance(out, outLen unsafe.Pointer)

//go:wasmimport seal0 transfer
func sealTransfer(to unsafe.Pointer, toLen uint32, amount unsafe.Pointer, amountLen uint32) uint32

//go:wasmimport seal0 now
func sealNow(out, outLen unsafe.Pointer)

//go:wasmimport seal0 block_number
func sealBlock(out, outLen unsafe.Pointer)

//go:wasmimport seal1 get_storage
func sealGet(key unsafe.Pointer, keyLen uint32, out, outLen unsafe.Pointer) uint32

//go:wasmimport seal2 set_storage
func sealSet(key unsafe.Pointer, keyLen uint32, value unsafe.Pointer, valueLen uint32) uint32

//go:wasmimport seal1 clear_storage
func sealClear(key unsafe.Pointer, keyLen uint32) uint32

//go:wasmimport seal0 deposit_event
func sealEvent(topics unsafe.Pointer, topicsLen uint32, data unsafe.Pointer, dataLen uint32)

//go:wasmimport seal0 hash_blake2_256
func sealBlake(in unsafe.Pointer, n uint32, out unsafe.Pointer)

//go:wasmimport seal0 debug_message
func sealDebug(text unsafe.Pointer, n uint32) uint32

//go:wasmimport seal1 call
func sealCall(flags uint32, callee unsafe.Pointer, gas uint64, value, in unsafe.Pointer, inLen uint32, out, outLen unsafe.Pointer) uint32

//go:wasmimport seal1 instantiate
func sealInstantiate(code unsafe.Pointer, gas uint64, value, in unsafe.Pointer, inLen uint32, address, addressLen, out, outLen, salt unsafe.Pointer, saltLen uint32) uint32

//go:wasmimport seal0 set_code_hash
func sealSetCode(code unsafe.Pointer) uint32

//go:wasmimport seal1 terminate
func sealTerminate(beneficiary unsafe.Pointer)

//go:wasmimport tacit owner
func tacitOwner(out, outLen unsafe.Pointer)

//go:wasmimport tacit random
func tacitRandom(out unsafe.Pointer, n uint32)

//go:wasmimport tacit in_transaction
func tacitInTransaction() uint32

//go:wasmimport tacit log
func tacitLog(level uint32, text unsafe.Pointer, n uint32) uint32

//go:wasmimport tacit derive_key
func tacitDeriveKey(label unsafe.Pointer, n uint32, out unsafe.Pointer)

//go:wasmimport tacit public_key
func tacitPublicKey(scheme uint32, key, out unsafe.Pointer) uint32

//go:wasmimport tacit sign
func tacitSign(scheme uint32, key, message unsafe.Pointer, n uint32, out unsafe.Pointer) uint32

//go:wasmimport tacit verify
func tacitVerify(scheme uint32, public, message unsafe.Pointer, n uint32, signature unsafe.Pointer) uint32

//go:wasmimport tacit cache_set
func tacitCacheSet(key unsafe.Pointer, keyLen uint32, value unsafe.Pointer, valueLen uint32, seconds uint64) uint32

//go:wasmimport tacit cache_get
func tacitCacheGet(key unsafe.Pointer, keyLen uint32, out, outLen unsafe.Pointer) uint32

//go:wasmimport tacit http
func tacitHTTP(request unsafe.Pointer, requestLen uint32, out, outLen unsafe.Pointer)

//go:wasmimport tacit worker
func tacitWorker(out unsafe.Pointer) uint32

//go:wasmimport tacit certificate
func tacitCertificate(out, outLen unsafe.Pointer)

// sealed is the Host inside an enclave.
type sealed struct{}

// Deploy runs the constructor that the input names. It does not return.
func (k *Contract) Deploy() { k.finish(k.Constructors) }

// Call runs the message that the input names. It does not return.
func (k *Contract) Call() { k.finish(k.Messages) }

func (k *Contract) finish(entries []Entry) {
	out, revert := k.Run(sealed{}, entries)
	flags := uint32(0)
	if revert {
		flags = 1
	}
	sealReturn(flags, ptr(out), uint32(len(out)))
}

func ptr(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// fixed reads a value whose length is known.
func fixed(read func(out, outLen unsafe.Pointer), out []byte) {
	n := uint32(len(out))
	read(ptr(out), unsafe.Pointer(&n))
}

// Inputs and values are at most these long; see the limits of the host.
const (
	maxInput    = 64 << 10
	maxValue    = 16 << 10
	maxResponse = 96 << 10
)

// The buffers lie in the memory that every call begins with: a heap that has to
// grow for them would cost the enclave a new instance at each call. A call is
// alone in its instance.
var (
	inputBuffer [maxInput]byte
	valueBuffer [maxValue]byte
)

func (sealed) Input() []byte {
	n := uint32(maxInput)
	sealInput(ptr(inputBuffer[:]), unsafe.Pointer(&n))
	return inputBuffer[:n]
}

func (sealed) Caller() (a AccountID) { fixed(sealCaller, a[:]); return a }
func (sealed) Self() (a AccountID)   { fixed(sealAddress, a[:]); return a }

func (sealed) Value() U128 {
	var b [16]byte
	fixed(sealValue, b[:])
	return Amount.Read(&Reader{b: b[:]})
}

func (sealed) Balance() U128 {
	var b [16]byte
	fixed(sealBalance, b[:])
	return Amount.Read(&Reader{b: b[:]})
}

func (sealed) Transfer(to AccountID, amount U128) bool {
	b := Amount.Append(nil, amount)
	return sealTransfer(ptr(to[:]), uint32(len(to)), ptr(b), uint32(len(b))) == 0
}

func (sealed) Now() uint64 {
	var b [8]byte
	fixed(sealNow, b[:])
	return Uint64.Read(&Reader{b: b[:]})
}

func (sealed) Block() uint32 {
	var b [4]byte
	fixed(sealBlock, b[:])
	return Uint32.Read(&Reader{b: b[:]})
}

func (sealed) Load(key []byte) ([]byte, bool) {
	n := uint32(maxValue)
	if sealGet(ptr(key), uint32(len(key)), ptr(valueBuffer[:]), unsafe.Pointer(&n)) != 0 {
		return nil, false
	}
	return append([]byte(nil), valueBuffer[:n]...), true
}

func (sealed) Store(key, value []byte) {
	sealSet(ptr(key), uint32(len(key)), ptr(value), uint32(len(value)))
}

func (sealed) Remove(key []byte) { sealClear(ptr(key), uint32(len(key))) }

func (sealed) Emit(topics []Hash, data []byte) {
	t := appendLength(nil, len(topics))
	for i := range topics {
		t = append(t, topics[i][:]...)
	}
	sealEvent(ptr(t), uint32(len(t)), ptr(data), uint32(len(data)))
}

func (sealed) Blake2b256(data []byte) (h Hash) {
	sealBlake(ptr(data), uint32(len(data)), unsafe.Pointer(&h))
	return h
}

// answers gets what other contracts answer. A contract reads one before it makes
// the next call.
var answers [maxInput]byte

func (sealed) CallContract(to AccountID, flags CallFlags, value U128, input []byte) ([]byte, CallStatus) {
	amount := Amount.Append(nil, value)
	n := uint32(maxInput)
	status := CallStatus(sealCall(uint32(flags), ptr(to[:]), 0, ptr(amount), ptr(input), uint32(len(input)), ptr(answers[:]), unsafe.Pointer(&n)))
	return answered(n, status), status
}

// answered is the output of a call that gave one.
func answered(n uint32, status CallStatus) []byte {
	if status != Done && status != Reverted {
		return nil
	}
	return append([]byte(nil), answers[:n]...)
}

func (sealed) Instantiate(code Hash, value U128, salt, input []byte) (made AccountID, out []byte, status CallStatus) {
	amount := Amount.Append(nil, value)
	n, size := uint32(maxInput), uint32(len(made))
	status = CallStatus(sealInstantiate(ptr(code[:]), 0, ptr(amount), ptr(input), uint32(len(input)),
		ptr(made[:]), unsafe.Pointer(&size), ptr(answers[:]), unsafe.Pointer(&n), ptr(salt), uint32(len(salt))))
	return made, answered(n, status), status
}

func (sealed) SetCode(code Hash) bool { return sealSetCode(ptr(code[:])) == 0 }

func (sealed) Terminate(heir AccountID) { sealTerminate(ptr(heir[:])) }

func (sealed) Owner() (a AccountID) { fixed(tacitOwner, a[:]); return a }
func (sealed) InTransaction() bool  { return tacitInTransaction() == 1 }
func (sealed) Random(b []byte)      { tacitRandom(ptr(b), uint32(len(b))) }

func (sealed) Worker() (key [32]byte, query bool) {
	query = tacitWorker(ptr(key[:])) == 1
	return key, query
}

func (sealed) Certificate() Certificate {
	b := make([]byte, maxCertificate)
	n := uint32(len(b))
	tacitCertificate(ptr(b), unsafe.Pointer(&n))
	return readCertificate(b[:n])
}

func (sealed) Log(level Level, text string) {
	tacitLog(uint32(level), unsafe.Pointer(unsafe.StringData(text)), uint32(len(text)))
}

func (sealed) Key(label string) (key [32]byte) {
	tacitDeriveKey(unsafe.Pointer(unsafe.StringData(label)), uint32(len(label)), ptr(key[:]))
	return key
}

func (sealed) PublicKey(scheme Scheme, key [32]byte) []byte {
	out := make([]byte, 65)
	return out[:tacitPublicKey(uint32(scheme), ptr(key[:]), ptr(out))]
}

func (sealed) Sign(scheme Scheme, key [32]byte, message []byte) []byte {
	out := make([]byte, 65)
	return out[:tacitSign(uint32(scheme), ptr(key[:]), ptr(message), uint32(len(message)), ptr(out))]
}

func (sealed) Verify(scheme Scheme, public, message, signature []byte) bool {
	sizes := [3][2]int{{32, 64}, {32, 64}, {33, 65}}
	if int(scheme) >= len(sizes) || len(public) != sizes[scheme][0] || len(signature) != sizes[scheme][1] {
		return false
	}
	return tacitVerify(uint32(scheme), ptr(public), ptr(message), uint32(len(message)), ptr(signature)) == 1
}

func (sealed) CacheSet(key, value []byte, seconds uint64) bool {
	return tacitCacheSet(ptr(key), uint32(len(key)), ptr(value), uint32(len(value)), seconds) == 1
}

func (sealed) CacheGet(key []byte) ([]byte, bool) {
	n := uint32(maxValue)
	if tacitCacheGet(ptr(key), uint32(len(key)), ptr(valueBuffer[:]), unsafe.Pointer(&n)) != 0 {
		return nil, false
	}
	return append([]byte(nil), valueBuffer[:n]...), true
}

// responses gets what servers answer.
var responses [maxResponse]byte

func (sealed) Fetch(r Request) Response {
	b := r.append(nil)
	n := uint32(maxResponse)
	tacitHTTP(ptr(b), uint32(len(b)), ptr(responses[:]), unsafe.Pointer(&n))
	return readResponse(responses[:n])
}

func (sealed) Debug(text string) {
	sealDebug(unsafe.Pointer(unsafe.StringData(text)), uint32(len(text)))
}
