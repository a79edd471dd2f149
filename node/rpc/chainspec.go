package rpc

import "github.com/tacit-network/tacit/runtime"

// chainSpecMethods are the group chainSpec_v1 of the JSON-RPC interface:
// https://paritytech.github.io/json-rpc-interface-spec/api/chainSpec.html.
func (s *Server) chainSpecMethods() map[string]method {
	return map[string]method{
		"chainSpec_v1_chainName":   fixed(s.app.Spec().Name),
		"chainSpec_v1_genesisHash": fixed(s.app.Genesis()),
		"chainSpec_v1_properties":  fixed(s.properties()),
	}
}

// fixed is a method with always the same answer.
func fixed(v any) method { return func(*call, args) (any, error) { return v, nil } }

// properties tell wallets how to write the chain's addresses and amounts.
func (s *Server) properties() map[string]any {
	return map[string]any{"ss58Format": 42, "tokenDecimals": runtime.Decimals, "tokenSymbol": s.app.Spec().Symbol}
}
