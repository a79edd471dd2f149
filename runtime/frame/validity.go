package frame

import (
	"fmt"

	"github.com/tacit-network/tacit/scale"
)

// Source says where a transaction that is judged comes from.
type Source uint8

// The sources.
const (
	InBlock Source = iota
	Local
	External
)

// Variants implements scale.Units.
func (Source) Variants() []string { return []string{"InBlock", "Local", "External"} }

// Validity is what the pool has to know of a good transaction
// (sp_runtime::transaction_validity::ValidTransaction).
type Validity struct {
	Priority  uint64
	Requires  [][]byte
	Provides  [][]byte
	Longevity uint64
	Propagate bool
}

// Valid is the Validity that demands nothing.
func Valid() Validity {
	return Validity{Requires: [][]byte{}, Provides: [][]byte{}, Longevity: ^uint64(0), Propagate: true}
}

// And joins what two judges demand.
func (v Validity) And(w Validity) Validity {
	return Validity{
		Priority:  addSat(v.Priority, w.Priority),
		Requires:  append(append([][]byte{}, v.Requires...), w.Requires...),
		Provides:  append(append([][]byte{}, v.Provides...), w.Provides...),
		Longevity: min(v.Longevity, w.Longevity), Propagate: v.Propagate && w.Propagate,
	}
}

// ValidityError is why a transaction may not be in a block
// (TransactionValidityError).
type ValidityError interface {
	error
	isValidityError()
}

// The two kinds of ValidityError.
type (
	// Invalid means that it is bad.
	Invalid struct {
		Reason InvalidReason `name:"-"`
	}
	// Unknown means that it cannot be judged.
	Unknown struct {
		Reason UnknownReason `name:"-"`
	}
)

func (Invalid) isValidityError() {}
func (Unknown) isValidityError() {}

var _ = scale.Enum(scale.V[ValidityError]{0: Invalid{}, 1: Unknown{}})

// Error is the text that Substrate's author RPC gives as data.
func (e Invalid) Error() string {
	if c, ok := e.Reason.(Custom); ok {
		return fmt.Sprintf("Custom error: %d", c.Code)
	}
	return invalidTexts[e.Reason]
}

// Error implements error.
func (e Unknown) Error() string {
	switch r := e.Reason.(type) {
	case CannotLookup:
		return "Could not lookup information required to validate the transaction"
	case NoUnsignedValidator:
		return "Could not find an unsigned validator for the unsigned transaction"
	case CustomUnknown:
		return fmt.Sprintf("Custom error: %d", r.Code)
	}
	return "unknown"
}

// InvalidReason is why a transaction is bad (InvalidTransaction).
type InvalidReason interface{ isInvalid() }

// The reasons.
type (
	// BadCall means that the call may not be made.
	BadCall struct{}
	// Payment means that the fee cannot be paid.
	Payment struct{}
	// Future means that the nonce is too high.
	Future struct{}
	// Stale means that the nonce is used.
	Stale struct{}
	// BadProof means that the signature does not hold.
	BadProof struct{}
	// AncientBirthBlock means that the transaction has died of age.
	AncientBirthBlock struct{}
	// ExhaustsResources means that it does not fit into the block.
	ExhaustsResources struct{}
	// Custom is a reason of a pallet.
	Custom struct {
		Code uint8 `name:"-"`
	}
	// BadMandatory means that a mandatory call failed.
	BadMandatory struct{}
	// MandatoryValidation means that a mandatory call came from outside.
	MandatoryValidation struct{}
	// BadSigner means that the signer may not sign.
	BadSigner struct{}
)

func (BadCall) isInvalid()             {}
func (Payment) isInvalid()             {}
func (Future) isInvalid()              {}
func (Stale) isInvalid()               {}
func (BadProof) isInvalid()            {}
func (AncientBirthBlock) isInvalid()   {}
func (ExhaustsResources) isInvalid()   {}
func (Custom) isInvalid()              {}
func (BadMandatory) isInvalid()        {}
func (MandatoryValidation) isInvalid() {}
func (BadSigner) isInvalid()           {}

var _ = scale.Enum(scale.V[InvalidReason]{
	0: BadCall{}, 1: Payment{}, 2: Future{}, 3: Stale{}, 4: BadProof{}, 5: AncientBirthBlock{}, 6: ExhaustsResources{},
	7: Custom{}, 8: BadMandatory{}, 9: MandatoryValidation{}, 10: BadSigner{},
})

var invalidTexts = map[InvalidReason]string{
	BadCall{}:             "Transaction call is not expected",
	Payment{}:             "Inability to pay some fees (e.g. account balance too low)",
	Future{}:              "Transaction will be valid in the future",
	Stale{}:               "Transaction is outdated",
	BadProof{}:            "Transaction has a bad signature",
	AncientBirthBlock{}:   "Transaction has an ancient birth block",
	ExhaustsResources{}:   "Transaction would exhaust the block limits",
	BadMandatory{}:        "A call was labelled as mandatory, but resulted in an Error.",
	MandatoryValidation{}: "Transaction dispatch is mandatory; transactions must not be validated.",
	BadSigner{}:           "Invalid signing address",
}

// UnknownReason is why a transaction cannot be judged (UnknownTransaction).
type UnknownReason interface{ isUnknown() }

// The reasons.
type (
	// CannotLookup means that something it needs was not found.
	CannotLookup struct{}
	// NoUnsignedValidator means that nobody judges this bare call.
	NoUnsignedValidator struct{}
	// CustomUnknown is a reason of a pallet.
	CustomUnknown struct {
		Code uint8 `name:"-"`
	}
)

func (CannotLookup) isUnknown()        {}
func (NoUnsignedValidator) isUnknown() {}
func (CustomUnknown) isUnknown()       {}

var _ = scale.Enum(scale.V[UnknownReason]{0: CannotLookup{}, 1: NoUnsignedValidator{}, 2: CustomUnknown{}})
