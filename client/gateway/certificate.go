package gateway

import (
	"context"

	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/worker/wire"
)

// maxCertified is in the names of how many accounts the gateway may ask.
const maxCertified = 1024

// defaultBlocks is for how many blocks a certificate is good.
const defaultBlocks = 10_000

// The gateway's own methods. By them a wallet, whose key the gateway has not, lets
// it ask in the name of an account: for its balance and nonce, and dry runs as it.
func (g *Gateway) certificateMethods() map[string]method {
	return map[string]method{
		"tacit_certificateText": g.certificateText,
		"tacit_certify":         g.certify,
	}
}

// certificateText takes an account, and returns the words that it is to sign and
// the block until which they hold.
func (g *Gateway) certificateText(_ context.Context, _ *conn, a args) (any, error) {
	who, err := param[keys.AccountID](a, 0)
	if err != nil {
		return nil, err
	}
	c := wire.Certificate{Key: [32]byte(g.session.Public()), Until: g.final.Load() + defaultBlocks}
	return map[string]any{"text": string(c.Text(g.client.Genesis(), who)), "until": c.Until}, nil
}

// certify takes an account, the block that certificateText returned, the scheme
// and the signature, which may be over the words as they are or as wallets wrap
// them.
func (g *Gateway) certify(_ context.Context, _ *conn, a args) (any, error) {
	who, err := param[keys.AccountID](a, 0)
	if err != nil {
		return nil, err
	}
	until, err := param[uint32](a, 1)
	if err != nil {
		return nil, err
	}
	name, err := param[string](a, 2)
	if err != nil {
		return nil, err
	}
	scheme, err := keys.ParseScheme(name)
	if err != nil {
		return nil, badParams("parameter 3: %v", err)
	}
	signature, err := bytesAt(a, 3)
	if err != nil {
		return nil, err
	}
	c := &wire.Certificate{Key: [32]byte(g.session.Public()), Until: until, Scheme: scheme, Signature: signature}
	if !c.SignedBy(who, g.client.Genesis()) {
		return nil, badParams("the signature is not %v's", who)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.askers[who]; !known && len(g.askers) >= maxCertified {
		return nil, badParams("there are %d accounts already", maxCertified)
	}
	g.askers[who] = wire.Asker{Account: who, Key: g.session, Certificate: c}
	return true, nil
}
