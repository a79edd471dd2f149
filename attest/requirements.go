package attest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tacit-network/tacit/attest/verdict"
)

const secondsOfDay = 86400

// DefaultMaxAge is the greatest age of collateral that [Requirements] admit by
// themselves: 7 days, in seconds. Intel's is valid for 30.
const DefaultMaxAge = 7 * secondsOfDay

// DefaultGrace is how long [Requirements] bear with a platform that went out of
// date: 14 days, in seconds.
const DefaultGrace = 14 * secondsOfDay

// Requirements are what somebody outside of the chain demands of evidence: the
// rules of a [Policy], and those about time and lists. The zero value is a
// production policy: up to date, no debugging, collateral not above
// [DefaultMaxAge] and with revocation lists, any program.
type Requirements struct {
	Policy
	Statuses []Status // admitted beside UpToDate
	Allowed  []FMSPC  // families of platforms that are admitted; nil for all
	// Measurements are the programs that are admitted, as MRENCLAVE, MRTD or
	// AMD's MEASUREMENT; nil leaves the program unjudged.
	Measurements [][]byte
	// Attributes are those of TDX that are demanded beside the sound ones: of
	// the bits in AttributesMask, exactly these.
	Attributes     [8]byte
	AttributesMask [8]byte
	// Features are the bits that XFAM of TDX, or XFRM of SGX, may have; nil for
	// any.
	Features *[8]byte
	MaxAge   uint64 // seconds since collateral was issued; 0 for DefaultMaxAge
	// RecoveryAt is when a TCB recovery made platforms out of date, in Unix
	// seconds. Until Grace seconds later, 0 for DefaultGrace, OutOfDate ones
	// are admitted. 0 for none.
	RecoveryAt uint64
	Grace      uint64
	// Unrevoked admits evidence without revocation lists.
	Unrevoked bool
}

// CheckMeasurement judges a program by the list of those that are admitted.
func (r *Requirements) CheckMeasurement(name string, value []byte) *verdict.Check {
	c := &verdict.Check{Name: name, Detail: fmt.Sprintf("%x", value)}
	switch {
	case r.Measurements == nil:
		c.State, c.Advice = verdict.NotChecked, "name the program that you expect: its measurement alone says nothing"
	case !slices.ContainsFunc(r.Measurements, func(m []byte) bool { return string(m) == string(value) }):
		c.State, c.Field, c.Advice = verdict.Failed, name, "this is another program than the ones that are admitted"
	}
	return c
}

// CheckAge judges the age of collateral.
func (r *Requirements) CheckAge(issued, now uint64) *verdict.Check {
	most := r.MaxAge
	if most == 0 {
		most = DefaultMaxAge
	}
	age := now - min(issued, now)
	c := &verdict.Check{Name: "collateral's age", Detail: verdict.Span(age)}
	if age > most {
		c.State, c.Field, c.Have, c.Want = verdict.Failed, "age", verdict.Span(age), "at most "+verdict.Span(most)
		c.Behind, c.Advice = verdict.Span(age-most)+" too old", "fetch the collateral anew: it may know of flaws that this one does not"
	}
	return c
}

// check judges evidence of Intel's. Listed tells that revocation was looked up.
func (r *Requirements) check(e *Evidence, listed bool, now uint64) *verdict.Check {
	return verdict.Group("policy", r.checkDebug(e), r.checkStatus(e, now), r.checkAdvisories(e, now), r.checkEval(e), r.checkFamily(e),
		r.CheckAge(e.Issued, now), r.CheckListed(listed))
}

// CheckListed judges whether revocation was looked up.
func (r *Requirements) CheckListed(listed bool) *verdict.Check {
	switch {
	case listed:
		return verdict.Pass("revocation", "looked up")
	case r.Unrevoked:
		return verdict.Skip("revocation", "there is no list, and none is demanded", "")
	}
	return verdict.Fail("revocation", "revocation list", "it was not looked up", "add the revocation lists to the collateral")
}

func (r *Requirements) checkDebug(e *Evidence) *verdict.Check {
	const name = "no debugging, attributes as they must be"
	const advice = "start the program as for production: nothing that can be looked into keeps a secret"
	var err error
	var features [8]byte
	detail := ""
	if e.TDX != nil {
		err, features = e.TDX.sound(), e.TDX.XFAM
		detail = fmt.Sprintf("TDATTRIBUTES %x, XFAM %x", e.TDX.Attributes, e.TDX.XFAM)
	} else {
		err, features = e.SGX.sound(), [8]byte(e.SGX.Attributes[8:])
		detail = fmt.Sprintf("ATTRIBUTES %x, MISCSELECT %x", e.SGX.Attributes, e.SGX.MiscSelect)
	}
	switch {
	case err != nil:
		return verdict.Fail(name, "attributes", err.Error(), advice)
	case e.TDX != nil && !matches(e.TDX.Attributes[:], r.AttributesMask[:], r.Attributes[:]):
		c := verdict.Fail(name, "TDATTRIBUTES", "they are others than are admitted", "start the trust domain with other attributes")
		c.Have, c.Want = fmt.Sprintf("%x", e.TDX.Attributes), fmt.Sprintf("%x under the mask %x", r.Attributes, r.AttributesMask)
		return c
	case r.Features != nil && !within(features, *r.Features):
		c := verdict.Fail(name, "XFAM or XFRM", "the processor offers features that are not admitted", "start the program with fewer features of the processor")
		c.Have, c.Want = fmt.Sprintf("%x", features), fmt.Sprintf("at most %x", *r.Features)
		return c
	}
	return verdict.Pass(name, detail)
}

func (r *Requirements) checkStatus(e *Evidence, now uint64) *verdict.Check {
	c := &verdict.Check{Name: "TCB status", Detail: e.Status.String()}
	left, borne := r.bears(e, now)
	switch {
	case e.Status == UpToDate, slices.Contains(r.Statuses, e.Status):
	case e.Status == SWHardeningNeeded && len(e.Advisories) > 0:
		c.State = verdict.Warned // the advisories decide
	case borne:
		c.State, c.Detail = verdict.Warned, fmt.Sprintf("%s, borne with for %s more", e.Status, verdict.Span(left))
	default:
		c.State, c.Field, c.Have, c.Want = verdict.Failed, "status", e.Status.String(), r.wantStatus()
		c.Advice = adviceOf(e.Status)
	}
	return c
}

// bears reports whether a platform is out of date only since a short while, and
// how many seconds it has left.
func (r *Requirements) bears(e *Evidence, now uint64) (left uint64, ok bool) {
	grace := r.Grace
	if grace == 0 {
		grace = DefaultGrace
	}
	if e.Status != OutOfDate || r.RecoveryAt == 0 || now < r.RecoveryAt || now-r.RecoveryAt > grace {
		return 0, false
	}
	return grace - (now - r.RecoveryAt), true
}

func (r *Requirements) wantStatus() string {
	want := UpToDate.String()
	for _, s := range r.Statuses {
		want += " or " + s.String()
	}
	return want
}

// adviceOf says what an operator does about a state of the platform.
func adviceOf(s Status) string {
	switch s {
	case SWHardeningNeeded:
		return "the program itself must work around the advisories; when it does, waive them one by one"
	case ConfigurationNeeded:
		return "change the machine's configuration (firmware settings, often hyper-threading) as the advisories say"
	case ConfigurationAndSWHardeningNeeded:
		return "change the machine's configuration as the advisories say, and check that the program works around the rest"
	case OutOfDate:
		return "update the machine's firmware, microcode and TDX module, and make its certificate anew"
	case OutOfDateConfigurationNeeded:
		return "update the machine's firmware and microcode, then its configuration as the advisories say"
	case Revoked:
		return "this platform is not to be trusted any more"
	}
	return ""
}

func (r *Requirements) checkAdvisories(e *Evidence, now uint64) *verdict.Check {
	c := &verdict.Check{Name: "advisories", Detail: "none"}
	if len(e.Advisories) > 0 {
		c.Detail = strings.Join(e.Advisories, ", ")
	}
	if _, borne := r.bears(e, now); borne {
		c.State = verdict.Warned
		return c
	}
	for _, a := range e.Advisories {
		if !slices.Contains(r.Advisories, a) {
			c.State, c.Field, c.Detail = verdict.Failed, "advisory", "platform is subject to "+a
			c.Advice = "read the advisory; when it cannot hurt the program, waive it"
			break
		}
	}
	return c
}

func (r *Requirements) checkEval(e *Evidence) *verdict.Check {
	least := r.MinEvalSGX
	if e.TEE == TDX {
		least = r.MinEvalTDX
	}
	c := &verdict.Check{Name: "evaluation number", Detail: fmt.Sprintf("%d, at least %d", e.Eval, least)}
	if e.Eval < least {
		c.State, c.Field, c.Have, c.Want = verdict.Failed, "tcbEvaluationDataNumber", fmt.Sprint(e.Eval), fmt.Sprintf("at least %d", least)
		c.Behind, c.Advice = fmt.Sprintf("%d TCB recoveries", least-e.Eval), "fetch the collateral anew"
	}
	return c
}

func (r *Requirements) checkFamily(e *Evidence) *verdict.Check {
	c := &verdict.Check{Name: "family of platforms", Detail: "FMSPC " + e.FMSPC.String()}
	if slices.Contains(r.Denied, e.FMSPC) || r.Allowed != nil && !slices.Contains(r.Allowed, e.FMSPC) {
		c.State, c.Field, c.Advice = verdict.Failed, "FMSPC", "platforms of this family are not admitted: use another machine"
	}
	return c
}
