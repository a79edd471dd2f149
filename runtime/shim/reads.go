package shim

import "github.com/tacit-network/tacit/hash"

// Reads returns the keys of the state that a call of the module reads; ok is
// false where the module has no such method, or not with such arguments. Who
// proves these to a light client lets it make the call.
func (r Runtime) Reads(method string, args []byte) (keys [][]byte, ok bool) {
	switch method {
	case "Core_version", "Metadata_metadata", "Metadata_metadata_versions", "AuraApi_slot_duration",
		"TaggedTransactionQueue_validate_transaction":
		return nil, true
	case "Metadata_metadata_at_version":
		return nil, len(args) == 4
	case "GrandpaApi_grandpa_authorities":
		return [][]byte{r.Authorities}, true
	case "GrandpaApi_current_set_id":
		return [][]byte{r.SetID}, true
	case "AuraApi_authorities":
		return [][]byte{r.AuraAuthorities}, true
	case "AccountNonceApi_account_nonce":
		h := hash.Blake2b128(args)
		return [][]byte{append(append(append([]byte{}, r.Account...), h[:]...), args...)}, len(args) == 32
	case "TransactionPaymentApi_query_info":
		return [][]byte{r.Multiplier}, len(args) >= 4
	}
	return nil, false
}
