package executor

import (
	"github.com/tacit-network/tacit/contract/host"
	"github.com/tacit-network/tacit/contract/vm"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// The two processes talk over lanes: pairs of sockets that the executor
// inherits, each for one call at a time. A frame is
//
//	length u32 of what follows ‖ kind u8 ‖ SCALE of the kind's type
//
// The executor says hello on the first lane. Then the worker sends run or load
// on a lane; the executor asks as often as it likes, each time waiting for one
// answer, and ends with done, failed or native. Who says something else, or
// more than is allowed, is not talked to again.
const version = 4

// Kinds of frames.
const (
	kindHello  = 1 // executor: hello
	kindRun    = 2 // worker: run
	kindLoad   = 3 // worker: load
	kindDone   = 4 // executor: done
	kindFailed = 5 // executor: failed
	kindNative = 6 // executor: machine code, or nothing, as bytes

	// What an executor asks, and the answer.
	kindGet         = 16 // place → value
	kindContract    = 17 // id → record
	kindCode        = 18 // code → bool
	kindModule      = 19 // code → load
	kindKey         = 20 // id → 32 bytes
	kindBalance     = 21 // id → u128
	kindAddress     = 22 // making → 32 bytes
	kindCacheGet    = 23 // place → value
	kindCacheSet    = 24 // cached → bool
	kindCacheRemove = 25 // place → true
	kindWeb         = 26 // host.WebRequest → host.WebResponse
	kindWebAll      = 27 // batch → a host.WebResponse for each of its requests

	kindAnswer = 32 // worker: what was asked for
	kindFault  = 33 // worker: this machine cannot answer
)

// Limits of frames. A command writes host.MaxWritten to storage; results, and
// the balances and contracts that its gas can change, are less than that again.
const (
	maxAsk    = 256 << 10
	maxResult = 8 << 20 // without changes
	maxDone   = 3 * host.MaxWritten
	maxLoad   = 256 << 20
)

type hello struct {
	Version uint32
	Sandbox string // what confines the executor
}

// run is a call. What it sees of the world else comes when it asks.
type run struct {
	Code    hash.H256
	Export  string
	Gas     uint64
	Owner   [32]byte
	Own     hash.H256 // the name of the contract's code
	Caller  [32]byte
	Address [32]byte
	Cluster [32]byte
	Worker  [32]byte
	Proof   host.Proof
	Value   scale.U128
	Block   uint32
	Time    uint64
	Input   []byte
	Seed    hash.H256
	Quota   uint64
	Stored  uint64
	Prices  host.Prices
	Query   bool
	// What there is.
	Around, Keys, Cache, Web, Money bool
	// What is stored that it probably reads.
	Foreseen []foreseen
}

// load is a code and perhaps its machine code, or why it can never run.
type load struct{ Packed, Native, Refused []byte }

type place struct {
	Contract [32]byte
	Key      []byte
}

type value struct {
	Found bool
	Bytes []byte
}

type record struct {
	Found bool
	host.Record
}

type making struct {
	Deployer [32]byte
	Code     hash.H256
	Salt     []byte
}

type cached struct {
	At    place
	Value []byte
	Until uint64
}

// batch are requests that may take so many ms together.
type batch struct {
	Requests []host.WebRequest
	Most     uint64
}

// done is what came of a call. Its changes are to be made in their order.
type done struct {
	Outcome vm.Outcome
	Grown   []host.Growth
	Events  []host.Event
	Lines   []host.Line
	Debug   []byte
	Changes []change
	// What it read of storage, at most maxForeseen.
	Read []place
}

// Kinds of changes.
const (
	changeSet     = 0
	changeClear   = 1
	changeBalance = 2 // the value is a u128
	changeRecord  = 3 // the value is a host.Record
)

type change struct {
	Kind     uint8
	Contract [32]byte
	Key      []byte
	Value    []byte
}

// failed says why there is no outcome.
type failed struct {
	Refused bool // the code can never run, for the reason; else a fault was answered
	Reason  string
}
