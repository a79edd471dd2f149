package rpc

import (
	"maps"
	"slices"
	"strings"
)

// Version is the node's, as system_version tells it.
const Version = "0.1.0"

func (s *Server) systemMethods() map[string]method {
	spec := s.app.Spec()
	next := func(_ *call, a args) (any, error) {
		who, err := a.account(0)
		if err != nil {
			return nil, err
		}
		nonce, err := s.nonce(who)
		return nonce, err
	}
	return map[string]method{
		"system_name":                 fixed("Tacit Node"),
		"system_version":              fixed(Version),
		"system_chain":                fixed(spec.Name),
		"system_chainType":            fixed(spec.Kind),
		"system_nodeRoles":            fixed([]string{"Authority"}),
		"system_properties":           fixed(s.properties()),
		"system_health":               func(*call, args) (any, error) { return s.health(), nil },
		"system_syncState":            s.syncState,
		"system_localListenAddresses": func(*call, args) (any, error) { return s.addresses(), nil },
		"system_localPeerId":          s.peerID,
		"system_accountNextIndex":     next,
		"account_nextIndex":           next,
		"system_dryRun":               s.dryRun,
		"system_dryRunAt":             s.dryRun,
	}
}

func (s *Server) health() map[string]any {
	peers := 0
	if s.cfg.Peers != nil {
		peers = s.cfg.Peers()
	}
	syncing := s.cfg.Syncing != nil && s.cfg.Syncing()
	return map[string]any{"peers": peers, "isSyncing": syncing, "shouldHavePeers": s.cfg.Peers != nil}
}

// syncState tells from which block on the node came to the newest, since it
// was started. It knows no higher block than that, for who votes for a block
// has it.
func (s *Server) syncState(*call, args) (any, error) {
	head := s.app.Head().Number
	return map[string]any{"startingBlock": s.began, "currentBlock": head, "highestBlock": head}, nil
}

// addresses are the multiaddresses under which light clients reach the node.
func (s *Server) addresses() []string {
	if s.cfg.Light == nil {
		return []string{}
	}
	return s.cfg.Light()
}

// peerID is the name of the network key in them.
func (s *Server) peerID(*call, args) (any, error) {
	for _, a := range s.addresses() {
		if _, id, ok := strings.Cut(a, "/p2p/"); ok {
			return id, nil
		}
	}
	return nil, &Error{Code: codeServer, Message: "this node serves no light clients"}
}

func (s *Server) rpcMethods(*call, args) (any, error) {
	return map[string]any{"methods": slices.Sorted(maps.Keys(s.methods))}, nil
}

// dryRun applies a transaction to the state of a block and throws it away.
func (s *Server) dryRun(_ *call, a args) (any, error) {
	raw, err := a.bytes(0)
	if err != nil {
		return nil, err
	}
	at, err := s.state(a, 1)
	if err != nil {
		return nil, err
	}
	out, err := s.app.DryRun(at, raw)
	if err != nil {
		return nil, &Error{Code: codeFormat, Message: "Unable to dry run extrinsic: " + err.Error()}
	}
	return hexOf(out), nil
}
