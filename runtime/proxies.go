package runtime

import (
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/proxy"
)

// permit says which calls the types of proxies allow on this chain. A pallet
// that no line names is for Any alone.
type permit struct{}

// The pallets by index whose calls a type of proxy may make. Utility is
// harmless, since the filter goes with the calls that it makes; Multisig acts
// on behalf of other accounts. Not one of these lists has Balances or Sudo, and
// only forContracts has what takes deposits at the contracts' will.
var (
	forGovernance = pallets{1, 11, 16, 18, 19} // Utility, Treasury, Preimage, Council, TechnicalCommittee
	forStaking    = pallets{1, 6, 8, 15}       // Utility, Staking, Session, ImOnline
	forContracts  = pallets{1, 23, 24}         // Utility, Clusters, Contracts
	// System, Timestamp, Grandpa, Multisig, Proxy, Attestation, Registry and Queue besides the first two.
	forNonTransfer = pallets{0, 1, 2, 6, 8, 9, 11, 13, 14, 15, 16, 18, 19, 20, 21, 22}
)

// pallets are indices of pallets.
type pallets []uint8

func (p pallets) have(call frame.AnyCall) bool {
	for _, index := range p {
		if index == call.Pallet {
			return true
		}
	}
	return false
}

// Allows implements proxy.Permit.
func (permit) Allows(t proxy.ProxyType, call frame.AnyCall) bool {
	switch t {
	case proxy.Any:
		return true
	case proxy.NonTransfer:
		return forNonTransfer.have(call)
	case proxy.Governance:
		return forGovernance.have(call)
	case proxy.Staking:
		return forStaking.have(call)
	case proxy.Contracts:
		return forContracts.have(call) && !spends(call)
	case proxy.CancelProxy:
		_, is := call.Args.(proxy.RejectAnnouncement)
		return is
	}
	return false
}

// spends says whether a call moves money into or out of a cluster's ledger, or
// decides what is paid there and to whom, which is more than contracts need.
func spends(call frame.AnyCall) bool {
	switch call.Args.(type) {
	case clusters.Deposit, clusters.Transact, clusters.SetTerms:
		return true
	}
	return false
}

// Includes implements proxy.Permit.
func (permit) Includes(t, other proxy.ProxyType) bool {
	switch {
	case t == other || t == proxy.Any:
		return true
	case t == proxy.NonTransfer:
		return other != proxy.Any && other != proxy.Contracts
	}
	return false
}
