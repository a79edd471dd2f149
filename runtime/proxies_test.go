package runtime

import (
	"testing"

	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/balances"
	"github.com/tacit-network/tacit/runtime/pallet/clusters"
	"github.com/tacit-network/tacit/runtime/pallet/proxy"
	"github.com/tacit-network/tacit/runtime/pallet/sudo"
	"github.com/tacit-network/tacit/runtime/pallet/system"
	"github.com/tacit-network/tacit/runtime/pallet/treasury"
	"github.com/tacit-network/tacit/runtime/pallet/utility"
)

var proxyTypes = []proxy.ProxyType{proxy.Any, proxy.NonTransfer, proxy.Governance, proxy.Staking, proxy.Contracts, proxy.CancelProxy}

func TestProxyTypes(t *testing.T) {
	r := New()
	for _, c := range []struct {
		name string
		call any
		want [6]bool // by proxyTypes
	}{
		{"transfer", balances.TransferKeepAlive{}, [6]bool{true}},
		{"burn", balances.Burn{}, [6]bool{true}},
		{"sudo", sudo.Sudo{Call: r.CallOf(system.Remark{})}, [6]bool{true}},
		{"remark", system.Remark{}, [6]bool{true, true}},
		{"batch", utility.Batch{}, [6]bool{true, true, true, true, true, false}},
		{"payout", treasury.Payout{}, [6]bool{true, true, true}},
		{"cluster", clusters.Create{}, [6]bool{true, false, false, false, true}},
		{"deposit", clusters.Deposit{}, [6]bool{true}},
		{"transact", clusters.Transact{}, [6]bool{true}},
		{"terms", clusters.SetTerms{}, [6]bool{true}},
		{"reject", proxy.RejectAnnouncement{}, [6]bool{true, true, false, false, false, true}},
		{"remove an announcement", proxy.RemoveAnnouncement{}, [6]bool{true, true}},
	} {
		for i, p := range proxyTypes {
			if got := (permit{}).Allows(p, r.CallOf(c.call)); got != c.want[i] {
				t.Errorf("%s by a proxy for %s: %v", c.name, p.Variants()[p], got)
			}
		}
	}
}

// A type includes another only if it allows all that the other allows.
func TestIncludes(t *testing.T) {
	r := New()
	calls := []frame.AnyCall{r.CallOf(proxy.RejectAnnouncement{})}
	for i := range 256 {
		calls = append(calls, frame.AnyCall{Pallet: uint8(i)})
	}
	for _, a := range proxyTypes {
		for _, b := range proxyTypes {
			all := true
			for _, call := range calls {
				all = all && ((permit{}).Allows(a, call) || !(permit{}).Allows(b, call))
			}
			if (permit{}).Includes(a, b) && !all {
				t.Errorf("%s includes %s, and does not allow all of it", a.Variants()[a], b.Variants()[b])
			}
		}
	}
}
