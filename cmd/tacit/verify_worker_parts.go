package main

import (
	"fmt"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/verdict"
	"github.com/tacit-network/tacit/runtime/pallet/registry/words"
)

// standing tells what the registration is worth, until when, and what to do.
func (s *workerCase) standing(now uint64) *verdict.Check {
	w := &s.worker
	c := verdict.Pass("standing", s.judged.Standing.String())
	advice := adviceOn(s.judged.Standing)
	switch st := s.judged.Standing; {
	case st == words.Good:
	case st.Speaks():
		c.State, c.Advice = verdict.Warned, advice
	case st == words.Expired: // its window says so
	default:
		c.State, c.Field, c.Have, c.Want, c.Advice = verdict.Failed, "standing", st.String(), words.Good.String(), advice
	}
	if c.State != verdict.Failed {
		c.SetWindow(w.AttestedAt/1000, w.ExpiresAt/1000, now, advice)
	}
	if w.DegradesAt == 0 {
		return c
	}
	grace := verdict.Pass("TCB recovery", "the platform is out of date; it gets new work for a while")
	grace.State, grace.Advice = verdict.Warned, adviceOn(words.Degraded)
	grace.SetWindow(w.OutdatedSince/1000, w.DegradesAt/1000, now, adviceOn(words.Degraded))
	if grace.State == verdict.Failed { // it goes on with what it has
		grace.State = verdict.Warned
	}
	c.Checks, c.State = []*verdict.Check{grace}, max(c.State, grace.State)
	return c
}

// adviceOn is what an operator does about a standing.
func adviceOn(s words.Standing) string {
	switch s {
	case words.Draining:
		return "`tacit worker drain ID --off` takes new work again"
	case words.Retired:
		return "run a program that the chain admits now, and register again"
	case words.Degraded:
		return "update the machine's firmware, microcode and TDX module, get a new certificate for it, and register again"
	case words.Expired:
		return "run its relay, or `tacit worker renew`; the relay's log says why it could not"
	case words.Distrusted:
		return "do not trust this worker: the chain has taken back its trust in the machine's vendor or authority"
	case words.Revoked:
		return "do not trust this machine: its vendor revoked its certificate; with a new certificate it may register again"
	case words.Banned:
		return "do not trust this machine: governance refuses it"
	}
	return ""
}

// program tells of the image, and when it retires.
func (s *workerCase) program() *verdict.Check {
	const name = "program"
	i := &s.image
	if i.Measurement == nil {
		return verdict.Fail(name, "image", fmt.Sprintf("%v is not admitted", s.worker.Image), "run a program that the chain admits")
	}
	c := verdict.Pass(name, fmt.Sprintf("%s, version %d, image %v, admitted since block %d", i.Name, i.Version, s.worker.Image.Short(), i.ActiveFrom))
	switch {
	case i.ActiveAt(s.head) && i.RetireAt != 0:
		c.State, c.Detail = verdict.Warned, fmt.Sprintf("%s; it retires at block %d, %d blocks from now", c.Detail, i.RetireAt, i.RetireAt-s.head)
		c.Advice = "run the next program before then, and register again: both may run until the older one retires"
	case !i.ActiveAt(s.head):
		c.State, c.Field, c.Advice = verdict.Warned, "block", adviceOn(words.Retired)
		c.Have, c.Want = fmt.Sprint(s.head), fmt.Sprintf("%d to %d", i.ActiveFrom, i.RetireAt)
	}
	if s.call == nil {
		return c
	}
	if q, err := attest.ParseQuote(s.call.Quote); err == nil {
		// The program alone: what the platform is worth stands elsewhere.
		alone := &attest.Evidence{TEE: q.TEE, SGX: q.SGX, TDX: q.TDX}
		measured := verdict.Pass("measurement", "every register that the chain lists, and the configuration of this chain")
		if _, err := attest.ApplyPolicy(alone, &attest.Policy{}, i, s.config.Hash(), s.worker.Class); err != nil {
			measured = verdict.Fail("measurement", "measurement", err.Error(), "do not believe this worker: it runs something else")
		}
		c.Checks, c.State = []*verdict.Check{measured}, max(c.State, measured.State)
	}
	return c
}

// root tells in whom the chain trusts for this worker.
func (s *workerCase) root() *verdict.Check {
	const name = "root of trust"
	if !s.judged.Facts.Trusted {
		return verdict.Fail(name, "trust", "the root is not enabled, or revoked the authority", adviceOn(words.Distrusted))
	}
	c := verdict.Pass(name, fmt.Sprintf("anchor %d, %s", s.worker.Anchor, s.anchor.Kind.Variants()[s.anchor.Kind]))
	if s.anchor.Kind.Simulated() {
		c.State, c.Detail = verdict.Warned, c.Detail+": "+simulated
		c.Advice = "never give a secret to simulated hardware"
	}
	return c
}

// machine tells of the platform.
func (s *workerCase) machine() *verdict.Check {
	const name = "machine"
	p := &s.judged.Facts.Platform
	if p.Banned {
		return verdict.Fail(name, "ban", "governance refuses it", adviceOn(words.Banned))
	}
	most := p.Cap
	if most == 0 {
		most = s.pallet.MaxPerPlatform
	}
	return verdict.Pass(name, fmt.Sprintf("%v, %d of at most %d workers, %d endorsements", s.worker.Platform.Short(), p.Workers, most, len(p.Endorsements)))
}

// tier tells what the worker lacks for tier 2.
func (s *workerCase) tier() *verdict.Check {
	f := &s.judged.Facts
	c := verdict.Pass("tier", fmt.Sprint(s.judged.Tier))
	switch {
	case s.judged.Tier == 2:
		c.Detail += ", endorsed, with " + tokens(f.Stake) + " staked"
	case s.worker.Class != attest.Production:
		c.Detail += ": simulated hardware reaches no other"
	case s.worker.TierMax < 2:
		c.Detail += ": the program is admitted for no other"
	case !f.Endorsers.Endorsed(&f.Platform):
		c.Detail += fmt.Sprintf("; for tier 2 the machine needs the word of %d of %d endorsers", f.Endorsers.Quorum, len(f.Endorsers.Accounts))
	default:
		c.Detail += fmt.Sprintf("; for tier 2 it needs a stake of %s and has %s", tokens(f.TierStake), tokens(f.Stake))
	}
	return c
}
