package words

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// WorkerMessage is what the chain tells a worker.
type WorkerMessage interface{ isWorkerMessage() }

// The kinds of WorkerMessage.
type (
	// Registered says that the worker is registered.
	Registered struct {
		BootEpoch uint64
		Block     chain.BlockNumber
	}
	// ClusterJoin says that the worker is a member of a cluster. With Make it is
	// asked for the cluster's first secret; else others give it theirs. Snapshot is
	// the state that it begins with, nil for an empty one.
	ClusterJoin struct {
		Cluster  hash.H256
		Tier     uint8
		Members  [][32]byte
		Make     bool
		Attempt  uint32
		Snapshot *Snapshot
	}
	// Removed says that the worker is registered no longer.
	Removed struct{}
	// ClusterSecret brings a cluster's secrets from another member, sealed to the
	// worker, and the public keys that those of the epoch have to lead to.
	ClusterSecret struct {
		Cluster  hash.H256
		Epoch    uint32
		From     [32]byte
		Keys     []HPKEKey
		Envelope []byte
	}
	// EpochWanted asks a member for the secret of a new epoch.
	EpochWanted struct {
		Cluster hash.H256
		Epoch   uint32
		Attempt uint32
	}
	// EpochChosen says whose secret was the first to come. Its maker gives it to
	// the members, and shares of it to the keepers.
	EpochChosen struct {
		Cluster   hash.H256
		Epoch     uint32
		Attempt   uint32
		Maker     [32]byte
		Keys      hash.H256 // that it leads to, see HashOfKeys
		Members   [][32]byte
		Keepers   [][32]byte
		Threshold uint8
	}
	// Newcomer says that a cluster has another member, or one that lost what it
	// had, which is to be given the secrets.
	Newcomer struct {
		Cluster hash.H256
		Epoch   uint32
		Member  [32]byte
	}
	// ClusterLeft says that the worker is no member any more.
	ClusterLeft struct{ Cluster hash.H256 }
	// SnapshotWanted asks a member for the chunks of a snapshot that it made.
	SnapshotWanted struct {
		Cluster hash.H256
		Name    hash.H256
	}
	// SnapshotKept says that the chain has a snapshot.
	SnapshotKept struct {
		Cluster  hash.H256
		Snapshot Snapshot
	}
	// ShareWanted asks a keeper to give its share to the new members of a cluster
	// that lost all others. From made the share.
	ShareWanted struct {
		Cluster  hash.H256
		Tier     uint8
		Epoch    uint32
		Attempt  uint32
		From     [32]byte
		Envelope []byte
		Takers   [][32]byte
	}
	// Share brings a share from a keeper, sealed to the worker. So many of them as
	// the threshold make the secrets, of which those of the epoch lead to the keys.
	Share struct {
		Cluster   hash.H256
		Sharing   uint32 // the epoch in which the shares were made
		Attempt   uint32
		From      [32]byte
		Threshold uint8
		Epoch     uint32
		Keys      []HPKEKey
		Envelope  []byte
	}
)

func (Registered) isWorkerMessage()     {}
func (ClusterJoin) isWorkerMessage()    {}
func (Removed) isWorkerMessage()        {}
func (ClusterSecret) isWorkerMessage()  {}
func (EpochWanted) isWorkerMessage()    {}
func (EpochChosen) isWorkerMessage()    {}
func (Newcomer) isWorkerMessage()       {}
func (ClusterLeft) isWorkerMessage()    {}
func (SnapshotWanted) isWorkerMessage() {}
func (SnapshotKept) isWorkerMessage()   {}
func (ShareWanted) isWorkerMessage()    {}
func (Share) isWorkerMessage()          {}

var _ = scale.Enum(scale.V[WorkerMessage]{
	0: Registered{}, 1: ClusterJoin{}, 2: Removed{}, 3: ClusterSecret{}, 4: EpochWanted{}, 5: EpochChosen{}, 6: Newcomer{},
	7: ClusterLeft{}, 8: SnapshotWanted{}, 9: SnapshotKept{}, 10: ShareWanted{}, 11: Share{},
})

// UpMessage is what a worker tells the chain.
type UpMessage interface{ isUpMessage() }

// The kinds of UpMessage.
type (
	// ClusterKey offers the secret of an epoch, by the keys to which commands will
	// be encrypted. The first offer is taken.
	ClusterKey struct {
		Cluster hash.H256
		Epoch   uint32
		Attempt uint32
		HPKE    []HPKEKey `name:"hpke"`
	}
	// Receipts says how messages of a cluster's queue ended.
	Receipts struct {
		Cluster hash.H256
		// From is the number of the first message that it tells of, Next the number
		// after the last one.
		From, Next uint64
		// StateRoot is the blinded root of the cluster's state after the last one,
		// Held the sum of its ledger. Roots are the roots after each, the last
		// included.
		StateRoot hash.H256
		Held      chain.Balance
		Roots     []hash.H256
		Receipts  []Receipt
		// Withdrawals are what the ledger gave up, in the order of the messages.
		Withdrawals []Withdrawal
	}
	// CodeChecked says whether a code can run, and why not.
	CodeChecked struct {
		Cluster hash.H256
		Hash    hash.H256
		OK      bool
		Reason  []byte
	}
	// HandOver gives a cluster's secrets to another member, sealed to the key that
	// it was registered with.
	HandOver struct {
		Cluster  hash.H256
		Epoch    uint32
		To       [32]byte
		Envelope []byte
	}
	// ClusterOpened says that the worker has the secret of an epoch that leads to
	// keys: another may be chosen for the epoch since.
	ClusterOpened struct {
		Cluster hash.H256
		Epoch   uint32
		Keys    hash.H256 // see HashOfKeys
	}
	// HandOverRefused says why the worker does not give another a secret: what the
	// chain has on it is not good enough.
	HandOverRefused struct {
		Cluster hash.H256
		To      [32]byte
		Reason  []byte
	}
	// ShareSealed gives a share of a cluster's secrets to a keeper.
	ShareSealed struct {
		Cluster  hash.H256
		Epoch    uint32
		Attempt  uint32
		To       [32]byte
		Envelope []byte
	}
	// ShareGiven is a keeper's share, sealed to a new member.
	ShareGiven struct {
		Cluster  hash.H256
		Epoch    uint32
		Attempt  uint32
		To       [32]byte
		Envelope []byte
	}
	// SnapshotMade describes a snapshot that the worker made.
	SnapshotMade struct {
		Cluster  hash.H256
		Snapshot Snapshot
	}
	// SnapshotChunk brings a chunk of a snapshot, with the proof that it is one.
	SnapshotChunk struct {
		Cluster hash.H256
		Name    hash.H256
		Index   uint32
		Bytes   []byte
		Proof   []hash.H256
	}
	// SecretWanted says that the worker was put back to a time when it did not have
	// the secret of an epoch, and asks the others for it.
	SecretWanted struct {
		Cluster hash.H256
		Epoch   uint32
	}
)

func (ClusterKey) isUpMessage()      {}
func (Receipts) isUpMessage()        {}
func (CodeChecked) isUpMessage()     {}
func (HandOver) isUpMessage()        {}
func (ClusterOpened) isUpMessage()   {}
func (HandOverRefused) isUpMessage() {}
func (ShareSealed) isUpMessage()     {}
func (ShareGiven) isUpMessage()      {}
func (SnapshotMade) isUpMessage()    {}
func (SnapshotChunk) isUpMessage()   {}
func (SecretWanted) isUpMessage()    {}

var _ = scale.Enum(scale.V[UpMessage]{
	0: ClusterKey{}, 1: Receipts{}, 2: CodeChecked{}, 3: HandOver{}, 4: ClusterOpened{}, 5: HandOverRefused{}, 6: ShareSealed{},
	7: ShareGiven{}, 8: SnapshotMade{}, 9: SnapshotChunk{}, 10: SecretWanted{},
})

// MaxHandOver is the most bytes of a sealed secret or share, MaxReason of a
// refusal.
const (
	MaxHandOver = 4096
	MaxReason   = 128
)
