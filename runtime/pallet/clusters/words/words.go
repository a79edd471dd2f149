// Package words has what both the chain and the enclave say of clusters and
// their contracts: the messages down, the messages up, and where the chain
// keeps a cluster's keys. The handlers are in the pallets, which the enclave
// does not link.
package words

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/storage"
	"github.com/tacit-network/tacit/scale"
)

// HPKEKey is a public key for a key encapsulation of RFC 9180, by the KEM's
// registered number.
type HPKEKey struct {
	Kem uint16
	Key []byte
}

// HashOfKeys names keys: BLAKE2b-256 of their SCALE encoding.
func HashOfKeys(keys []HPKEKey) hash.H256 { return hash.Blake2b256(scale.Marshal(keys)) }

// Member is a worker that may become one of a cluster, with its keys.
type Member struct {
	Identity [32]byte
	HPKE     []HPKEKey `name:"hpke"`
}

// ClusterMessage is what the chain tells all members of a cluster, which do it
// in the same order.
type ClusterMessage interface{ isClusterMessage() }

// The kinds of ClusterMessage, to which Terms belong too.
type (
	// Instantiate makes a contract of a code.
	Instantiate struct {
		Contract hash.H256
		Deployer chain.AccountID
		Code     hash.H256
		Salt     []byte
		Envelope []byte
	}
	// Command calls a contract. The origin of the queue's message is the caller.
	Command struct {
		Contract hash.H256
		Envelope []byte
	}
	// Code asks whether a code can run.
	Code struct {
		Hash hash.H256
		Size uint32
	}
	// Deposit says that tokens of an account were put into the cluster's escrow:
	// they are the account's in the ledger. The chain alone says so.
	Deposit struct {
		From   chain.AccountID
		Amount chain.Balance
	}
	// Return gives back a withdrawal that the chain could not pay out.
	Return struct {
		Seq    uint64 // of the withdrawal
		To     chain.AccountID
		Amount chain.Balance
	}
	// Transact does an encrypted Action. The origin of the queue's message does it.
	Transact struct{ Envelope []byte }
	// Epoch begins an epoch: the state is encrypted anew, and commands to earlier
	// epochs are refused from here on.
	Epoch struct{ Epoch uint32 }
	// MakeSnapshot asks for a snapshot of the state after this message.
	MakeSnapshot struct{}
)

func (Instantiate) isClusterMessage()  {}
func (Command) isClusterMessage()      {}
func (Code) isClusterMessage()         {}
func (Deposit) isClusterMessage()      {}
func (Return) isClusterMessage()       {}
func (Transact) isClusterMessage()     {}
func (Epoch) isClusterMessage()        {}
func (MakeSnapshot) isClusterMessage() {}

var _ = scale.Enum(scale.V[ClusterMessage]{
	0: Instantiate{}, 1: Command{}, 2: Code{}, 3: Deposit{}, 4: Return{}, 5: Transact{}, 6: Epoch{}, 7: MakeSnapshot{}, 8: Terms{},
})

// Receipt is how one message of a cluster's queue ended.
type Receipt struct {
	Seq      uint64
	Contract hash.H256
	Status   Status
	// Gas is what it cost, rounded up so that it tells little.
	Gas uint64
	// Output is sealed to the caller's reply key; it is empty where there is
	// none.
	Output []byte
	// Error says why a message was not executed. It never holds a secret.
	Error []byte
}

// Status is how a message ended.
type Status uint8

// The statuses.
const (
	// StatusOK means that the contract did it.
	StatusOK Status = iota
	// StatusReverted means that the contract refused; the output says why.
	StatusReverted
	// StatusTrapped means that the contract broke.
	StatusTrapped
	// StatusOutOfGas means that the gas did not suffice.
	StatusOutOfGas
	// StatusRejected means that the message was not executed at all.
	StatusRejected
)

// Variants implements scale.Units.
func (Status) Variants() []string {
	return []string{"Ok", "Reverted", "Trapped", "OutOfGas", "Rejected"}
}

// Cluster is a set of contracts with one key tree and the workers that run it.
type Cluster struct {
	Owner   chain.AccountID
	Members [][32]byte
	// Epoch counts the changes of the cluster's key.
	Epoch uint32
	// Keys are those of the epoch; empty until the first member made them.
	Keys []HPKEKey
	// Holders are the members that have said that they have its secret.
	Holders [][32]byte
	// Next is the number after the last message that was executed.
	Next uint64
	// StateRoot is the blinded root of its state after it.
	StateRoot hash.H256
	// Tier is the least that a worker must have to see the cluster's secrets.
	Tier uint8
	// Keepers is how many workers that are no members are to keep shares of the
	// cluster's secrets, Threshold how many of them are needed to recover these.
	Keepers, Threshold uint8
	// Attempt counts how often the members were asked for a new secret; Asked says
	// that they are.
	Attempt uint32
	Asked   bool
	// Candidate is the secret of the next epoch, while members learn it.
	Candidate *Candidate
	// Sharing says who keeps the shares that count, of the epoch's secret or of the
	// next one's with it; nil when there are none.
	Sharing *Sharing
	// Recovering says that fresh members wait for the keepers' shares.
	Recovering bool
	// Dispute is what the members disagree about; the cluster is frozen until it is
	// settled.
	Dispute *Dispute
}

// Ready says whether commands can be encrypted to the cluster.
func (c Cluster) Ready() bool { return len(c.Keys) > 0 }

// State is what pallet Clusters stores.
type State struct {
	// The clusters.
	Clusters storage.OptMap[hash.H256, Cluster, storage.Blake2Concat]
	// How many clusters there ever were.
	ClusterCount storage.Value[uint64]
	// The clusters that each worker is a member of.
	Memberships storage.Map[[32]byte, []hash.H256, storage.Blake2Concat]
	// What is in escrow for each cluster's ledger.
	Ledgers storage.Map[hash.H256, Ledger, storage.Blake2Concat]
	// The tokens that are on their way into each cluster, by number.
	Arrivals storage.OptDoubleMap[hash.H256, uint64, Arrival, storage.Blake2Concat, storage.Twox64Concat]
	// What the members of each cluster say that its state is, by the number of the message after which.
	Roots storage.OptDoubleMap[hash.H256, uint64, Claim, storage.Blake2Concat, storage.Twox64Concat]
	// The sealed shares of each cluster's secrets, by who keeps them.
	Shares storage.DoubleMap[hash.H256, [32]byte, []SealedShare, storage.Blake2Concat, storage.Blake2Concat]
	// The workers that said that a cluster's state is another than it is, and in which cluster. They are not drawn any more.
	Deviants storage.OptMap[[32]byte, hash.H256, storage.Blake2Concat]
	// The shares that are being made of each cluster's secrets, which count when all are there.
	Pending storage.OptMap[hash.H256, Sharing, storage.Blake2Concat]
	// The snapshots of each cluster's state.
	Snapshots storage.Map[hash.H256, Snapshots, storage.Blake2Concat]
	// What is paid in each cluster for gas and storage. The cluster was told of it, and may not have come to it yet.
	Terms storage.Map[hash.H256, Terms, storage.Blake2Concat]
	// The frozen clusters about which each worker, member or not, said what is open whether it is true.
	Accusations storage.Map[[32]byte, []hash.H256, storage.Blake2Concat]
	// What is to be paid in a cluster, and from which block on, where that was announced.
	Notices storage.OptMap[hash.H256, Notice, storage.Blake2Concat]
}

// NewState returns the items, bound to their places.
func NewState() *State {
	s := new(State)
	storage.Bind("Clusters", s)
	return s
}

// ChunkSize is the most bytes in one chunk of a code, MaxChunks the most
// chunks.
const (
	ChunkSize = 256 << 10
	MaxChunks = 8
)

// CodeHash names a code by its chunks, which are its compressed bytes.
func CodeHash(chunks [][]byte) hash.H256 {
	list := make([]hash.H256, len(chunks))
	for i, c := range chunks {
		list[i] = hash.Blake2b256(c)
	}
	return hash.Blake2b256(scale.Encode(list))
}

// Chunks cuts a compressed code.
func Chunks(code []byte) [][]byte {
	var list [][]byte
	for len(code) > ChunkSize {
		list = append(list, code[:ChunkSize])
		code = code[ChunkSize:]
	}
	return append(list, code)
}

// ChunkKey is where, beside the state, a chunk lies.
func ChunkKey(code hash.H256, index uint8) []byte {
	return append(append([]byte("code/"), code[:]...), index)
}

// ContractID is the address of a contract.
func ContractID(deployer chain.AccountID, code, cluster hash.H256, salt []byte) hash.H256 {
	return hash.Blake2b256(deployer[:], code[:], cluster[:], salt)
}
