package words

import (
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Action is what an account asks of a cluster by a Transact. Only the cluster
// reads it.
type Action interface{ isAction() }

// The kinds of Action.
type (
	// Transfer gives tokens of the ledger to an account or a contract.
	Transfer struct {
		To     chain.AccountID
		Amount chain.Balance
	}
	// Withdraw takes tokens out of the ledger, to an account of the chain.
	Withdraw struct {
		To     chain.AccountID
		Amount chain.Balance
	}
	// Call calls any contract of the cluster, also one that the chain does not
	// know since another contract made it, and gives it tokens.
	Call struct {
		Contract hash.H256
		Value    chain.Balance
		Input    []byte
	}
)

func (Transfer) isAction() {}
func (Withdraw) isAction() {}
func (Call) isAction()     {}

var _ = scale.Enum(scale.V[Action]{0: Transfer{}, 1: Withdraw{}, 2: Call{}})

// Withdrawal is what message Seq of a cluster's queue, sent by From, took out of
// the ledger. The chain pays it to To, or returns it.
type Withdrawal struct {
	Seq    uint64
	From   chain.AccountID
	To     chain.AccountID
	Amount chain.Balance
}

// Limits of one message Receipts: what the chain does about it takes a time that
// does not follow from its bytes.
const (
	MaxWithdrawals = 64
	MaxReceipts    = 512
)

// Ledger is what the chain knows of a cluster's ledger. What accounts hold in
// it, it does not.
type Ledger struct {
	// Escrow is what the chain holds for the cluster. It lies in the account that
	// EscrowAccount gives.
	Escrow chain.Balance
	// Coming is the part of Escrow that is queued to the cluster, which has not
	// said yet that it knows. The rest is the sum of the cluster's ledger.
	Coming chain.Balance
	// First and Last number the Arrivals that are queued: from First to before
	// Last.
	First, Last uint64
	// Settled is the number after the last message whose withdrawals were paid.
	Settled uint64
}

// Arrival is a message that brings tokens to a cluster.
type Arrival struct {
	Seq    uint64
	Amount chain.Balance
}

// EscrowAccount is the account of the chain that holds what is in a cluster's
// ledger. Nobody has its key.
func EscrowAccount(cluster hash.H256) chain.AccountID {
	return chain.AccountID(hash.Blake2b256([]byte(chain.ContextEscrow), cluster[:]))
}
