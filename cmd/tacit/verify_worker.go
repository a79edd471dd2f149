package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/report"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/attest/verdict"
	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/runtime/frame"
	"github.com/tacit-network/tacit/runtime/pallet/attestation"
	"github.com/tacit-network/tacit/runtime/pallet/registry"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

// errNotGood means that a worker's registration does not hold.
var errNotGood = errors.New("the worker is not to be believed")

func verifyWorkerCommand() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use:   "worker ID",
		Short: "Verify a registered worker from its quote to its registration",
		Long: "Verify a registered worker: its quote, as the block that registered it has it, against the collateral and the\n" +
			"rules that the chain has now; and whether its registration counts, how long, and what it lacks for tier 2.\n" +
			"Everything is checked here; the node is believed for the state and the block that it shows.\n" +
			"The command fails unless the quote is accepted and the registration counts.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseWorker(args[0])
			if err != nil {
				return err
			}
			var v *verdict.Verdict
			err = f.run(cmd, func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				s, err := lookUpWorker(ctx, c, id)
				if err != nil {
					return nil, nil, err
				}
				v = s.verdict()
				return v, func(w io.Writer) { _, _ = v.WriteTo(w) }, nil
			})
			if err == nil && !v.PolicyAccept {
				err = hint(fmt.Errorf("%w: %s", errNotGood, v.PolicyReason), "%s", adviceIn(v))
			}
			return err
		},
	}
	f.add(cmd)
	return cmd
}

// parseWorker reads a worker's identity.
func parseWorker(s string) ([32]byte, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil || len(raw) != 32 {
		return [32]byte{}, hint(fmt.Errorf("%.80q is no worker", s), "a worker is 32 bytes in hexadecimal, as `tacit worker status` prints them")
	}
	return [32]byte(raw), nil
}

func unregistered(id [32]byte) error {
	return hint(fmt.Errorf("no worker 0x%x is registered", id),
		"`tacit worker status` lists the workers; one that left or was removed registers again with `tacit worker register`")
}

// workerCase is all that the chain knows of a worker.
type workerCase struct {
	id       [32]byte
	worker   words.Worker
	judged   words.Judgement
	call     *registry.Register // that registered it; nil where its block is not there
	genesis  hash.H256
	recent   hash.H256 // of the block that the quote binds
	head     chain.BlockNumber
	image    attest.Image
	policy   attest.Policy
	anchor   attestation.Anchor
	recovery attestation.Recovery
	config   report.WorkerConfig
	prepared *attest.Prepared // nil for AMD, and where a part is missing
	amd      snp.Authority
	firmware []snp.MinTCB
	pallet   *registry.Pallet
	grace    uint64 // ms
}

// lookUpWorker reads what the chain knows.
func lookUpWorker(ctx context.Context, c *client.Client, id [32]byte) (*workerCase, error) {
	rt := c.Runtime()
	s := &workerCase{id: id, genesis: c.Genesis(), pallet: rt.Registry, grace: rt.Attestation.RecoveryGrace}
	head, err := c.Header(ctx, nil)
	if err != nil {
		return nil, err
	}
	at := head.Hash()
	s.head = head.Number
	judged, err := judge(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if judged == nil {
		return nil, unregistered(id)
	}
	s.judged = *judged
	a := &rt.Attestation.State
	r := &finder{ctx: ctx, c: c, at: &at}
	find(r, &s.worker, rt.Registry.Workers.Key(id))
	find(r, &s.image, a.Images.Key(s.worker.Image))
	find(r, &s.policy, a.Policy.Key())
	find(r, &s.anchor, a.TrustAnchors.Key(s.worker.Anchor))
	find(r, &s.firmware, a.AmdFirmware.Key())
	var authorities []report.Authority
	find(r, &authorities, rt.Registry.FirstAuthorities.Key())
	s.config = report.WorkerConfig{Genesis: s.genesis, Authorities: authorities, CheckpointHash: s.genesis}
	if r.err == nil {
		s.call, r.err = registrationOf(ctx, c, s.worker.Block, id)
	}
	if r.err != nil || s.call == nil {
		return s, r.err
	}
	var recent *hash.H256
	if r.err = c.Call(ctx, &recent, "chain_getBlockHash", s.call.Info.RecentBlock); r.err == nil && recent != nil {
		s.recent = *recent
	}
	if _, ok := s.image.Measurement.(attest.SNPMeasurement); ok {
		find(r, &s.amd, a.AmdAuthorities.Key(s.worker.Anchor))
		return s, r.err
	}
	q, err := attest.ParseQuote(s.call.Quote)
	if err != nil {
		return s, r.err
	}
	need, err := q.Need()
	if err != nil {
		return s, r.err
	}
	p := &attest.Prepared{Anchor: s.anchor.Certificate, CA: need.CA}
	all := find(r, &p.RootCRL, a.RootCrl.Key(s.worker.Anchor))
	all = find(r, &p.PCKCRL, a.PckCrl.Key(attestation.CAKey{Anchor: s.worker.Anchor, CA: need.CA})) && all
	all = find(r, &p.QE, a.QeIdentities.Key(attestation.QEKey{Anchor: s.worker.Anchor, TEE: need.TEE})) && all
	all = find(r, &p.TCB, a.TcbInfos.Key(attestation.TCBKey{Anchor: s.worker.Anchor, TEE: need.TEE, FMSPC: need.FMSPC})) && all
	find(r, &s.recovery, a.Recoveries.Key(attestation.QEKey{Anchor: s.worker.Anchor, TEE: need.TEE}))
	if all {
		s.prepared = p
	}
	return s, r.err
}

// finder reads items of one block; the first error stays.
type finder struct {
	ctx context.Context
	c   *client.Client
	at  *hash.H256
	err error
}

func find[V any](r *finder, into *V, key []byte) (ok bool) {
	if r.err == nil {
		*into, ok, r.err = client.Find[V](r.ctx, r.c, key, r.at)
	}
	return ok
}

// registrationOf finds the call that registered a worker in a block, however
// deep it stands in others; nil where there is none, or no such block.
func registrationOf(ctx context.Context, c *client.Client, number chain.BlockNumber, id [32]byte) (*registry.Register, error) {
	var block *hash.H256
	if err := c.Call(ctx, &block, "chain_getBlockHash", number); err != nil || block == nil {
		return nil, err
	}
	b, err := c.Block(ctx, block)
	if err != nil {
		return nil, nil // a node that begins with a snapshot has no older blocks
	}
	var found *registry.Register
	for _, raw := range b.Body {
		x, err := chain.DecodeExtrinsic(raw)
		if err != nil {
			continue
		}
		if call, err := c.Runtime().DecodeCall(x.Call); err == nil {
			inner(reflect.ValueOf(call.Args), func(r registry.Register) {
				if r.Info.Identity == id {
					found = &r
				}
			})
		}
	}
	return found, nil
}

// inner calls f for each registration in a call.
func inner(v reflect.Value, f func(registry.Register)) {
	switch x := v.Interface().(type) {
	case registry.Register:
		f(x)
		return
	case frame.AnyCall:
		inner(reflect.ValueOf(x.Args), f)
		return
	case []frame.AnyCall:
		for _, c := range x {
			inner(reflect.ValueOf(c.Args), f)
		}
		return
	}
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				inner(v.Field(i), f)
			}
		}
	}
}

// verdict checks the quote and the registration, and makes one tree of both.
func (s *workerCase) verdict() *verdict.Verdict {
	now := s.judged.Facts.Now / 1000
	var v *verdict.Verdict
	if s.call == nil {
		v = verdict.New("worker", now)
		missing := fmt.Errorf("the node does not have the registration of block %d", s.worker.Block)
		v.Close(missing, []*verdict.Check{verdict.Fail("quote", "", missing.Error(), "ask a node that keeps all blocks")})
	} else {
		v = s.quote(now)
	}
	v.Simulated = s.anchor.Kind.Simulated()
	v.Tree.Name = fmt.Sprintf("worker 0x%x: %s", s.id, v.Tree.Name)
	own := verdict.Group("registration", s.standing(now), s.binding(), s.signature(), s.epoch(), s.program(), s.root(), s.machine(), s.tier())
	v.Tree.Checks = append(v.Tree.Checks, own)
	if !v.PolicyAccept {
		return v
	}
	if own.State == verdict.Failed {
		v.PolicyAccept, v.PolicyReason = false, own.FirstFailure().Reason()
		v.Tree.Detail = fmt.Sprintf("quote accepted at %s; registration: refused", v.At)
		v.Tree.State = verdict.Failed
	} else {
		v.Tree.Detail = fmt.Sprintf("accepted at %s; registration: %s, tier %d", v.At, s.judged.Standing, s.judged.Tier)
		v.Tree.State = verdict.Passed
	}
	return v
}

// quote judges the quote by the chain's collateral and rules.
func (s *workerCase) quote(now uint64) *verdict.Verdict {
	if m, ok := s.image.Measurement.(attest.SNPMeasurement); ok {
		host := s.config.HostData()
		p := snp.Policy{Measurements: [][]byte{m.Measurement[:]}, HostData: &host, Least: s.firmware}
		if m.IDKey != nil {
			p.IDKeys = [][48]byte{*m.IDKey}
		}
		return snp.Explain(snp.Case{
			Report: s.call.Quote, Anchors: []snp.Anchor{{Root: s.anchor.Certificate}}, Now: now, Policy: p,
			Endorsements: snp.Endorsements{Leaf: s.call.Endorsement, Intermediate: s.amd.Intermediate, List: s.amd.List},
		})
	}
	q := attest.Requirements{Policy: s.policy, MaxAge: math.MaxUint64}
	switch m := s.image.Measurement.(type) {
	case attest.TDXMeasurement:
		q.Measurements = [][]byte{m.MRTD[:]}
		q.Attributes, q.AttributesMask, q.Features = m.AttributesValue, m.AttributesMask, &m.XFAMMax
	case attest.SGXMeasurement:
		q.Measurements, q.Features = [][]byte{m.MREnclave[:]}, &m.XFRMMax
	}
	if s.worker.OutdatedSince != 0 {
		q.RecoveryAt, q.Grace = s.worker.OutdatedSince/1000, 2*s.grace/1000
	} else if s.recovery.At != 0 {
		q.RecoveryAt, q.Grace = s.recovery.At/1000, 2*s.grace/1000
	}
	return attest.Explain(attest.Case{Quote: s.call.Quote, Prepared: s.prepared, Anchor: s.anchor.Certificate, Now: now, Requirements: q})
}

// binding checks that the quote is about this worker, on this chain.
func (s *workerCase) binding() *verdict.Check {
	const name = "report data"
	if s.call == nil {
		return verdict.Skip(name, "there is no quote", "")
	}
	got, ok := reportData(s.call.Quote)
	want := report.Data(&s.call.Info, report.Register, s.genesis, s.recent, s.call.Nonce)
	if !ok || got != want {
		c := verdict.Fail(name, "report data", "the quote is about something else", "do not believe this worker: its quote is not about its keys on this chain")
		c.Have, c.Want = hex.EncodeToString(got[:]), hex.EncodeToString(want[:])
		return c
	}
	return verdict.Pass(name, fmt.Sprintf("about these keys, this chain, block %d", s.call.Info.RecentBlock))
}

// reportData reads what a quote of either vendor's is about.
func reportData(quote []byte) (out [64]byte, ok bool) {
	if q, err := attest.ParseQuote(quote); err == nil {
		if q.TDX != nil {
			return q.TDX.ReportData, true
		}
		return q.SGX.ReportData, true
	}
	r, err := snp.ParseReport(quote)
	if err != nil {
		return out, false
	}
	return r.ReportData, true
}

func (s *workerCase) signature() *verdict.Check {
	const name = "identity"
	if s.call == nil {
		return verdict.Skip(name, "there is no registration to look at", "")
	}
	if !keys.Verify(keys.Sr25519, s.id[:], s.call.Info.SigningPayload(s.genesis), s.call.Signature[:]) {
		return verdict.Fail(name, "signature", "the worker's key did not sign its registration", "do not believe this worker")
	}
	return verdict.Pass(name, fmt.Sprintf("0x%x signed its registration, operator %s", s.id, s.worker.Operator))
}

func (s *workerCase) epoch() *verdict.Check {
	const name = "boot epoch"
	if s.call != nil && s.call.Info.BootEpoch != s.worker.BootEpoch {
		c := verdict.Fail(name, "boot epoch", "another instance of the worker is registered", "")
		c.Have, c.Want = fmt.Sprint(s.call.Info.BootEpoch), fmt.Sprint(s.worker.BootEpoch)
		return c
	}
	return verdict.Pass(name, fmt.Sprint(s.worker.BootEpoch))
}
