// Package verdict is what the verification of evidence tells people: a tree of
// checks with the outcome of each, and two answers on top of it.
//
// Packages attest and attest/snp fill it in; command line, console and metrics
// show it. It decides nothing: what is accepted, the verifiers say.
package verdict

import (
	"fmt"
	"io"
	"strings"

	"github.com/tacit-network/tacit/attest/cert"
)

// State is how one check came out. A greater value is worse.
type State uint8

// The outcomes of a check. One that was not made shows as such, so that nobody
// takes silence for consent.
const (
	Passed     State = iota
	NotChecked       // what it needs is missing
	Warned           // true, and not as it should be
	Failed
)

var stateNames = [...]string{"passed", "not checked", "warning", "failed"}

// String returns the outcome in words.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// MarshalText writes the outcome in words, for JSON.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [State.MarshalText] writes.
func (s *State) UnmarshalText(text []byte) error {
	for i, n := range stateNames {
		if n == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("unknown outcome %.32q", text)
}

// Check is one thing that was looked at, and its outcome. With what is below it
// it makes a tree.
type Check struct {
	Name   string `json:"name"`
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"` // what was found
	// Field is what differs first, Have what it is, and Want what it must be.
	Field    string   `json:"field,omitempty"`
	Have     string   `json:"have,omitempty"`
	Want     string   `json:"want,omitempty"`
	Behind   string   `json:"behind,omitempty"`    // how far from what is wanted
	Advice   string   `json:"advice,omitempty"`    // what to do about it
	Expires  string   `json:"expires,omitempty"`   // when it ends, as RFC 3339 has it
	DaysLeft *int64   `json:"days_left,omitempty"` // whole days until then, negative when it is past
	Checks   []*Check `json:"checks,omitempty"`
}

// Group returns a check that is as good as the worst of its parts. Parts that
// are nil are left out.
func Group(name string, parts ...*Check) *Check {
	g := &Check{Name: name}
	for _, p := range parts {
		if p != nil {
			g.Checks = append(g.Checks, p)
			g.State = max(g.State, p.State)
		}
	}
	return g
}

// Pass returns a check that passed, with what was found.
func Pass(name, detail string) *Check { return &Check{Name: name, Detail: detail} }

// Fail returns a check that failed at a field, for a reason, with what to do
// about it.
func Fail(name, field, reason, advice string) *Check {
	return &Check{Name: name, State: Failed, Field: field, Detail: reason, Advice: advice}
}

// Skip returns a check that was not made, with why and what to do.
func Skip(name, why, advice string) *Check {
	return &Check{Name: name, State: NotChecked, Detail: why, Advice: advice}
}

const day = 86400

// SetWindow says when what was checked ends, and makes it fail when now is
// outside of its window.
func (c *Check) SetWindow(from, to, now uint64, advice string) {
	left := int64((to - min(to, now)) / day)
	if now > to {
		left = -int64((now - to + day - 1) / day)
	}
	c.Expires, c.DaysLeft = cert.FormatDate(to), &left
	switch {
	case c.State == Failed:
	case now < from:
		c.State, c.Field = Failed, "begin of validity"
		c.Have, c.Want = cert.FormatDate(now), "from "+cert.FormatDate(from)
		c.Behind, c.Advice = fmt.Sprintf("%s too early", Span(from-now)), "check the time that is asked about; what is issued in the future is refused"
	case now > to:
		c.State, c.Field = Failed, "end of validity"
		c.Have, c.Want = cert.FormatDate(now), "until "+cert.FormatDate(to)
		c.Behind, c.Advice = fmt.Sprintf("ended %s ago", Span(now-to)), advice
	}
}

// Span writes a duration for people.
func Span(seconds uint64) string {
	switch {
	case seconds >= 2*day:
		return fmt.Sprintf("%d days", seconds/day)
	case seconds >= 2*3600:
		return fmt.Sprintf("%d hours", seconds/3600)
	}
	return fmt.Sprintf("%d seconds", seconds)
}

// FirstFailure returns the first check of the tree that failed and has no
// failed part, or nil.
func (c *Check) FirstFailure() *Check {
	if c.State != Failed {
		return nil
	}
	for _, p := range c.Checks {
		if f := p.FirstFailure(); f != nil {
			return f
		}
	}
	return c
}

// Find returns the first check of that name, in the order in which the tree is
// printed, or nil.
func (c *Check) Find(name string) *Check {
	if c.Name == name {
		return c
	}
	for _, p := range c.Checks {
		if f := p.Find(name); f != nil {
			return f
		}
	}
	return nil
}

// Reason says in one line what failed.
func (c *Check) Reason() string {
	s := c.Name
	if c.Detail != "" {
		s += ": " + c.Detail
	}
	if c.Field != "" && c.Have != "" {
		s += fmt.Sprintf(" (%s is %s, %s belongs)", c.Field, c.Have, c.Want)
	} else if c.Field != "" && c.Detail == "" {
		s += ": " + c.Field
	}
	if c.Behind != "" {
		s += ", " + c.Behind
	}
	return s
}

// Verdict is what became of evidence at one moment: whether it holds, whether
// it is good enough, and why. Console, metrics and command line show it.
type Verdict struct {
	// Accept: every signature, chain and window that the tree shows holds, and
	// nothing is known to be revoked. A check that could not be made for want
	// of a revocation list is in the tree as not checked.
	Accept bool `json:"accept"`
	// PolicyAccept: it is also good enough for the requirements.
	PolicyAccept bool `json:"policy_accept"`
	// Genuine: every signature from the root to the report holds at the moment,
	// whether or not there is anything that rates the platform.
	Genuine      bool     `json:"genuine"`
	Reason       string   `json:"reason"`        // why it is refused, or that it is accepted
	PolicyReason string   `json:"policy_reason"` // the same of the policy
	At           string   `json:"at"`            // the moment, as RFC 3339 has it
	TEE          string   `json:"tee"`
	Version      uint16   `json:"version"` // of the quote's format
	Status       string   `json:"status"`  // of the TCB; empty when it is not known
	Advisories   []string `json:"advisories"`
	FMSPC        string   `json:"fmspc"`    // hexadecimal; empty for AMD
	Product      string   `json:"product"`  // of AMD's processors; empty for Intel
	Platform     string   `json:"platform"` // hash of the machine's identifier
	Eval         uint32   `json:"evaluation_number"`
	TCBDate      string   `json:"tcb_date"`
	Until        string   `json:"valid_until"` // when the first part of the collateral ends
	Debug        bool     `json:"debug"`
	Simulated    bool     `json:"simulated"`
	ReportData   string   `json:"report_data"`
	Measurement  string   `json:"measurement"` // MRENCLAVE, MRTD or MEASUREMENT
	Tree         *Check   `json:"tree"`
}

// New begins the verdict on something of a moment. It accepts nothing.
func New(name string, now uint64) *Verdict {
	return &Verdict{At: cert.FormatDate(now), Advisories: []string{}, Tree: &Check{Name: name, State: Failed}}
}

// Close puts the tree together and the two answers on top of it. Err is why
// verification failed, nil when it did not; policy is the part of the tree that
// does not count for it.
func (v *Verdict) Close(err error, parts []*Check, policy ...*Check) {
	all := Group(v.Tree.Name, append(append([]*Check(nil), parts...), policy...)...)
	facts, judged := Group("", parts...), Group("", policy...)
	if err != nil && facts.State != Failed {
		// Never say less than the verifier itself.
		all.Checks = append([]*Check{Fail("verification", "", err.Error(), "")}, all.Checks...)
	}
	v.Tree = all
	v.Accept = err == nil && facts.State != Failed
	v.PolicyAccept = v.Accept && judged.State != Failed
	switch {
	case v.Accept:
		all.State, v.Reason = Passed, "accepted"
	default:
		all.State = Failed
		v.Reason = all.FirstFailure().Reason()
	}
	switch {
	case v.PolicyAccept:
		v.PolicyReason = "accepted"
	case !v.Accept:
		v.PolicyReason = v.Reason
	default:
		if judged.State == Failed {
			v.PolicyReason = judged.FirstFailure().Reason()
		}
	}
	all.Detail = fmt.Sprintf("%s at %s; policy: %s", yes(v.Accept), v.At, yes(v.PolicyAccept))
	if v.Status != "" {
		all.Detail += "; " + v.Status
	}
}

func yes(ok bool) string {
	if ok {
		return "accepted"
	}
	return "refused"
}

var marks = [...]string{"✓", "○", "!", "✗"}

// WriteTo writes the verdict for people: a line for each check, below it what
// differs and what to do.
func (v *Verdict) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	v.Tree.write(&b, "", "")
	if v.Simulated {
		b.WriteString("SIMULATED TEE: no confidentiality\n")
	}
	if !v.Accept {
		fmt.Fprintf(&b, "refused: %s\n", v.Reason)
	} else if !v.PolicyAccept {
		fmt.Fprintf(&b, "accepted, but not good enough for the policy: %s\n", v.PolicyReason)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// Write writes the check and what is below it, a line each.
func (c *Check) Write(w io.Writer) error {
	var b strings.Builder
	c.write(&b, "", "")
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *Check) write(b *strings.Builder, first, rest string) {
	mark := "?"
	if int(c.State) < len(marks) {
		mark = marks[c.State]
	}
	fmt.Fprintf(b, "%s%s %s", first, mark, c.Name)
	if c.State == NotChecked {
		b.WriteString(" [not checked]")
	}
	if c.Detail != "" {
		b.WriteString(": " + c.Detail)
	}
	if c.DaysLeft != nil && *c.DaysLeft >= 0 && c.State != Failed {
		fmt.Fprintf(b, " (until %s, %d days left)", c.Expires, *c.DaysLeft)
	}
	b.WriteByte('\n')
	below := rest + "  "
	if len(c.Checks) > 0 {
		below = rest + "│ "
	}
	if c.Have != "" || c.Want != "" {
		fmt.Fprintf(b, "%s    %s: is %s, %s belongs\n", below, c.Field, c.Have, c.Want)
	} else if c.Field != "" {
		fmt.Fprintf(b, "%s    at: %s\n", below, c.Field)
	}
	if c.Behind != "" {
		fmt.Fprintf(b, "%s    behind: %s\n", below, c.Behind)
	}
	if c.Advice != "" && c.State != Passed {
		fmt.Fprintf(b, "%s    do: %s\n", below, c.Advice)
	}
	for i, p := range c.Checks {
		if i == len(c.Checks)-1 {
			p.write(b, rest+"└─ ", rest+"   ")
		} else {
			p.write(b, rest+"├─ ", rest+"│  ")
		}
	}
}
