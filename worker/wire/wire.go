// Package wire is the language between a worker, the relay that feeds it, and
// the users who query it: requests and replies in SCALE over HTTP, the errors
// with their numbers, and a client.
//
//	GET  /v1/info      Info
//	POST /v1/query     Query        → Reply
//	POST /v1/register  Register     → Registration
//	POST /v1/sync      Sync         → Synced
//	POST /v1/code      Code         → nothing
//	POST /v1/snapshot  Snapshot     → nothing
//	GET  /v1/up        Up
//
// A reply with another status than 200 carries an [Error]. Nothing here is
// secret or believed: envelopes are sealed by package seal, and a worker checks
// what a relay brings against justifications and proofs.
package wire

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// Paths of the API.
const (
	PathInfo     = "/v1/info"
	PathQuery    = "/v1/query"
	PathRegister = "/v1/register"
	PathSync     = "/v1/sync"
	PathCode     = "/v1/code"
	PathSnapshot = "/v1/snapshot"
	PathUp       = "/v1/up"
)

// Limits of bodies, in bytes.
const (
	MaxSync  = 16 << 20
	MaxCode  = 4 << 20
	MaxSnap  = 300 << 10
	MaxQuery = 512 << 10
	MaxReply = 16 << 20
)

// ContentType is that of all bodies.
const ContentType = "application/octet-stream"

// Info says who a worker is and how far it is. It is not signed: what matters
// of it is on the chain.
type Info struct {
	Identity   [32]byte
	HPKE       []clusters.HPKEKey
	Genesis    hash.H256
	BootEpoch  uint64
	Registered bool // the chain said so, for this boot epoch
	Simulated  bool
	Platform   string
	ImageID    hash.H256
	Block      chain.BlockNumber // the last finalised block that it has seen proof of
	BlockHash  hash.H256
	SetID      uint64 // of GRANDPA's voters after that block
	Queues     []Position
	Clusters   []Cluster
	NeedCode   []hash.H256
	Pending    uint32 // messages up that the chain has not taken
	// Promised is the greatest boot epoch of which it gave evidence: when the
	// chain takes that, it goes on in it.
	Promised uint64
	// NeedWorkers are those whose registration the worker wants proof of, and
	// NeedSnapshots the chunks of snapshots that clusters begin with.
	NeedWorkers   [][32]byte
	NeedSnapshots []SnapshotNeed
}

// SnapshotNeed says which chunk a worker wants next of which snapshot.
type SnapshotNeed struct {
	Cluster hash.H256
	Name    hash.H256
	Next    uint32
}

// Position is how far a worker has got in a queue.
type Position struct {
	To   queue.Destination
	Next uint64
}

// Cluster is a cluster that a worker is a member of.
type Cluster struct {
	ID    hash.H256
	Epoch uint32
	Keys  bool // it has the cluster's secret
}

// Register asks for evidence that registers the worker.
type Register struct {
	Operator   keys.AccountID
	Block      chain.BlockNumber // a recent block, and its hash
	BlockHash  hash.H256
	LeastEpoch uint64 // the boot epoch has to be at least this
}

// Registration is that evidence: the arguments of the call Registry.register.
type Registration struct {
	Info      report.RegistrationInfo
	Quote     []byte
	Nonce     [32]byte
	Signature [64]byte
}

// Fragment is a block that changed GRANDPA's voters, with its justification.
type Fragment struct {
	Header        []byte
	Justification []byte
}

// Sync brings a worker forward: the blocks that changed the voters since the
// last time, one justified block, and the queues as its state has them. The
// worker's own is there when others are, which are executed when all of it is.
//
// Proof is a read proof of the worker's Queue.Ingress, of Queue.Outbox for each
// of Queues, of Registry.Workers for each of Workers and of Attestation.Images
// for each of Images, and of nothing else. Images are the programs of those of
// Workers that run another than this worker, and this worker's.
type Sync struct {
	Changes       []Fragment
	Header        []byte
	Justification []byte
	Proof         [][]byte
	Queues        []Batch
	Workers       [][32]byte
	Images        []hash.H256
}

// MaxQueues is the most queues in a Sync. One that has nothing new may be left out.
const MaxQueues = 256

// Batch is a part of a queue, beginning with the first message that the worker
// does not have. Messages to execute now come first; of those that follow up to
// the queue's end, only the links are given.
type Batch struct {
	To       queue.Destination
	Messages []queue.Message
	Links    []Link
}

// Link is what the hash chain needs of a message.
type Link struct {
	Seq     uint64
	Block   chain.BlockNumber
	Time    uint64
	Origin  queue.MessageOrigin
	Payload hash.H256
}

// Synced says how far a worker has got.
type Synced struct {
	BootEpoch uint64 // another one than before tells that the worker was started again
	Block     chain.BlockNumber
	SetID     uint64
	Queues    []Position // as Info has it: new queues may have come up
	NeedCode  []hash.H256
	Pending   uint32
	// More says that the worker stopped at a message that it goes on with at once
	// when it is given the rest again.
	More          bool
	NeedWorkers   [][32]byte
	NeedSnapshots []SnapshotNeed
}

// Code brings the chunks of a compressed code.
type Code struct {
	Hash   hash.H256
	Chunks [][]byte
}

// Snapshot brings the chunk of a snapshot that a worker wants next.
type Snapshot struct {
	Cluster hash.H256
	Index   uint32
	Chunk   clusters.KeptChunk
}

// Up lists messages for the chain, in order.
type Up struct{ Messages []queue.SignedMessage }

// Query is a call whose changes are dropped. Envelope is sealed to the worker.
type Query struct {
	Contract  hash.H256
	Origin    keys.AccountID
	Least     chain.BlockNumber // the worker must have seen this block
	Envelope  []byte
	Scheme    keys.Scheme
	Signature []byte // of the origin, or of the certificate's key, over SigningHash
	// Certificate lets another key sign for the origin; nil is none.
	Certificate *Certificate
}

// Certificate is an account's word that a key may ask for it, until a block. It
// lets a page ask many times while a wallet signs once.
type Certificate struct {
	Key       [32]byte          // sr25519, of a session
	Until     chain.BlockNumber // the last block that the worker may have seen
	Scheme    keys.Scheme       // of the account's signature
	Signature []byte            // of the account, over Text
}

// MaxCertificate is for how many blocks at most a certificate is good. Nothing
// takes one back before, and a number in a wallet's window is not read.
const MaxCertificate = 100_000

// Text is what the account signs, as it is or between <Bytes> and </Bytes>: words
// that a wallet can show.
func (c Certificate) Text(genesis hash.H256, who keys.AccountID) []byte {
	return fmt.Appendf(nil, "Tacit: the key 0x%x may ask contracts in the name of 0x%x on the chain 0x%x until block %d.", c.Key, who[:], genesis[:], c.Until)
}

// SignedBy says whether who signed the certificate.
func (c Certificate) SignedBy(who keys.AccountID, genesis hash.H256) bool {
	return Signed(c.Scheme, who, c.Text(genesis, who), c.Signature)
}

// Signed verifies an account's signature of a message, as it is or as wallets
// sign one.
func Signed(scheme keys.Scheme, who keys.AccountID, message, signature []byte) bool {
	wrapped := slices.Concat([]byte("<Bytes>"), message, []byte("</Bytes>"))
	return keys.VerifyAccount(scheme, who, message, signature) || keys.VerifyAccount(scheme, who, wrapped, signature)
}

// SigningHash is what the origin of a query signs, as it is or between <Bytes>
// and </Bytes>, as wallets do. message is the SCALE encoding of the envelope's
// message, without padding.
func (q Query) SigningHash(genesis hash.H256, worker [32]byte, message []byte) hash.H256 {
	inner := hash.Blake2b256(message)
	return hash.Blake2b256([]byte(chain.ContextQuery), genesis[:], worker[:], q.Contract[:], q.Origin[:],
		scale.AppendUint32(nil, q.Least), inner[:])
}

// LogRequest is the input of a query of kind seal.KindLog, which only the
// contract's owner may make: the log from an entry on.
type LogRequest struct{ From uint64 }

// BalanceRequest is the input of a query of kind seal.KindLedger, which names a
// cluster in place of a contract: what an account holds in its ledger. The
// origin may ask for its own balance and for those of contracts that it owns.
type BalanceRequest struct{ Of [32]byte }

// Log is what a query of kind seal.KindLog gives: as much of the log as is kept.
// Next is the number of the entry that will be written next.
type Log struct {
	Next    uint64
	Entries []LogEntry
}

// LogEntry is a line that a contract logged in a command, or an event that it
// deposited.
type LogEntry struct {
	Seq    uint64
	Block  chain.BlockNumber
	Time   uint64 // ms, of the block
	Level  uint8  // 1 error, 2 warning, 3 information, 4 and 5 for developers; 0 is an event
	Text   []byte
	Topics []hash.H256
	Data   []byte // of an event
}

// Reply is the answer to a query: an envelope to the reply key that holds a
// SignedAnswer.
type Reply struct{ Envelope []byte }

// Answer is what a query gave.
type Answer struct {
	Block     chain.BlockNumber // the last finalised block that the worker had seen proof of
	BlockHash hash.H256
	Next      uint64    // the number after the last message of the cluster that it had executed
	StateRoot hash.H256 // the blinded root of the cluster's state after it, as the chain has it
	Request   hash.H256 // of the message that is answered; see seal.Message.Hash
	Status    uint8     // as the VM numbers outcomes
	Gas       uint64
	Output    []byte
	Error     []byte
}

// SignedAnswer is an answer with the signature of the worker's identity key.
type SignedAnswer struct {
	Answer    Answer
	Signature [64]byte
}

// SigningBytes are what the worker signs about an answer; request is the
// blake2_256 hash of the query's envelope.
func (a Answer) SigningBytes(genesis, request hash.H256) []byte {
	b := append([]byte(chain.ContextAnswer), genesis[:]...)
	return scale.Append(append(b, request[:]...), a)
}

// Kind is a kind of error.
type Kind uint16

// The kinds of errors. Numbers never change their meaning.
const (
	KindInternal      Kind = 1  // the worker has a fault
	KindBadRequest    Kind = 2  // it does not decode, or is no request
	KindTooLarge      Kind = 3  // more bytes than the limit
	KindBusy          Kind = 4  // try later
	KindJustification Kind = 5  // a header is not justified
	KindProof         Kind = 6  // the read proof does not hold
	KindQueue         Kind = 7  // messages are missing, more, reordered or others
	KindBehind        Kind = 8  // the block is behind what the worker has seen
	KindBadCode       Kind = 9  // the chunks are not those of the code
	KindNoContract    Kind = 10 // the worker has no such contract
	KindSignature     Kind = 11 // the origin did not sign the query
	KindEnvelope      Kind = 12 // the envelope does not open
	KindTooOld        Kind = 13 // the worker has not seen the least block yet
	KindNoCode        Kind = 14 // the contract's code is still missing
	KindReplayed      Kind = 17 // a query with this nonce was answered before
	KindBadSnapshot   Kind = 16 // the chunk is not the next one of the newest snapshot
	KindNotOwner      Kind = 15 // only the contract's owner may read its log, and only its holder a balance
)

// Error is an error that crosses the wire.
type Error struct {
	Kind Kind
	Text string
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// Errorf makes an error of a kind.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{kind, fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of an error, KindInternal for one that has none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}
