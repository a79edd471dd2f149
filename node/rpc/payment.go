package rpc

import (
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/runtime/pallet/payment"
	"github.com/tacit-network/tacit/scale"
)

func (s *Server) paymentMethods() map[string]method {
	return map[string]method{"payment_queryInfo": s.queryInfo, "payment_queryFeeDetails": s.queryFeeDetails}
}

// fee calls a method of TransactionPaymentApi with an extrinsic and its length.
func (s *Server) fee(method string, a args) ([]byte, error) {
	raw, err := a.bytes(0)
	if err != nil {
		return nil, err
	}
	var at hash.H256
	if at, err = s.state(a, 1); err != nil {
		return nil, err
	}
	out, err := s.app.Call(at, method, scale.AppendUint32(raw, uint32(len(raw))))
	if err != nil {
		return nil, &Error{Code: 9001, Message: "Unable to query dispatch info.", Data: err.Error()}
	}
	return out, nil
}

func (s *Server) queryInfo(_ *call, a args) (any, error) {
	out, err := s.fee("TransactionPaymentApi_query_info", a)
	if err != nil {
		return nil, err
	}
	info, err := scale.Decode[payment.RuntimeDispatchInfo](out)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"weight": map[string]any{"ref_time": info.Weight.RefTime, "proof_size": info.Weight.ProofSize},
		"class":  []string{"normal", "operational", "mandatory"}[info.Class], "partialFee": info.PartialFee.String(),
	}, nil
}

func (s *Server) queryFeeDetails(_ *call, a args) (any, error) {
	out, err := s.fee("TransactionPaymentApi_query_fee_details", a)
	if err != nil {
		return nil, err
	}
	d, err := scale.Decode[payment.FeeDetails](out)
	if err != nil {
		return nil, err
	}
	if d.InclusionFee == nil {
		return map[string]any{"inclusionFee": nil}, nil
	}
	return map[string]any{"inclusionFee": map[string]any{
		"baseFee":           "0x" + d.InclusionFee.BaseFee.Big().Text(16),
		"lenFee":            "0x" + d.InclusionFee.LenFee.Big().Text(16),
		"adjustedWeightFee": "0x" + d.InclusionFee.AdjustedWeightFee.Big().Text(16),
	}}, nil
}
