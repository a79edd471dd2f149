package sdk

import (
	"bytes"
	"testing"

	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/scale"
)

// names are of a code of two chunks, a contract of it and its cluster's escrow,
// and the bytes of two actions.
type names struct {
	Code     string `json:"code"`
	Deployer string `json:"deployer"`
	Cluster  string `json:"cluster"`
	Salt     string `json:"salt"`
	Contract string `json:"contract"`
	Escrow   string `json:"escrow"`
	Transfer string `json:"transfer"`
	Withdraw string `json:"withdraw"`
}

// TestNames holds sdk/ts/testdata/names.json to how the chain and the enclave name
// codes, contracts and escrows. The code is 300,000 bytes of 7.
func TestNames(t *testing.T) {
	code := words.CodeHash(words.Chunks(bytes.Repeat([]byte{7}, 300_000)))
	who, cluster, salt := [32]byte{1}, [32]byte{2}, []byte("salt")
	contract, escrow := words.ContractID(who, code, cluster, salt), words.EscrowAccount(cluster)
	amount := scale.U64(5_000_000_000_000)
	hold(t, "names.json", names{
		Code: text(code[:]), Deployer: text(who[:]), Cluster: text(cluster[:]), Salt: text(salt), Contract: text(contract[:]), Escrow: text(escrow[:]),
		Transfer: text(scale.Encode[words.Action](words.Transfer{To: who, Amount: amount})),
		Withdraw: text(scale.Encode[words.Action](words.Withdraw{To: who, Amount: amount})),
	})
}
