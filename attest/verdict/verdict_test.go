package verdict_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/attest/verdict"
)

const (
	day = 86400
	now = 1795305600 // 2026-11-22T00:00:00Z
)

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to uint64
		state    verdict.State
		days     int64
		behind   string
	}{
		{"inside", now - day, now + 3*day + 5, verdict.Passed, 3, ""},
		{"first second", now, now + 1, verdict.Passed, 0, ""},
		{"last second", now - 1, now, verdict.Passed, 0, ""},
		{"just over", now - day, now - 1, verdict.Failed, -1, "ended 1 seconds ago"},
		{"long over", now - 9*day, now - 5*day, verdict.Failed, -5, "ended 5 days ago"},
		{"to come", now + 3*3600, now + 9*day, verdict.Failed, 9, "3 hours too early"},
	} {
		p := verdict.Pass("x", "")
		p.SetWindow(c.from, c.to, now, "renew it")
		if p.State != c.state || *p.DaysLeft != c.days || p.Behind != c.behind || (p.Advice == "") != (c.state == verdict.Passed) || p.Expires == "" {
			t.Errorf("%s: %+v, %d days", c.name, p, *p.DaysLeft)
		}
	}
	f := verdict.Fail("x", "signature", "bad", "")
	f.SetWindow(now-9*day, now-5*day, now, "renew it")
	if f.Field != "signature" || f.Detail != "bad" || *f.DaysLeft != -5 {
		t.Errorf("a window hides what failed before: %+v", f)
	}
}

// What verification refuses is refused, though no check of the tree failed.
func TestCloseSaysNoLess(t *testing.T) {
	v := verdict.New("quote", now)
	v.Close(errors.New("something else"), []*verdict.Check{verdict.Pass("a", "")}, verdict.Pass("policy", ""))
	if v.Accept || v.PolicyAccept || !strings.Contains(v.Reason, "something else") || v.Tree.FirstFailure().Name != "verification" {
		t.Errorf("%+v", v)
	}
	// Nor is anything accepted of which a check failed.
	v = verdict.New("quote", now)
	v.Close(nil, []*verdict.Check{verdict.Fail("a", "", "no", "")}, verdict.Pass("policy", ""))
	if v.Accept || v.PolicyAccept || v.Reason != "a: no" || v.PolicyReason != v.Reason {
		t.Errorf("%+v", v)
	}
	v = verdict.New("quote", now)
	v.Close(nil, []*verdict.Check{verdict.Skip("a", "nothing there", "")}, verdict.Group("policy", verdict.Fail("b", "field", "", "")))
	if !v.Accept || v.PolicyAccept || v.Reason != "accepted" || v.PolicyReason != "b: field" || v.Tree.State != verdict.Passed {
		t.Errorf("%+v", v)
	}
}

func TestGroup(t *testing.T) {
	pass, skip, fail := verdict.Pass("p", ""), verdict.Skip("s", "", ""), verdict.Fail("f", "", "", "")
	for _, c := range []struct {
		parts []*verdict.Check
		want  verdict.State
	}{
		{nil, verdict.Passed}, {[]*verdict.Check{pass, nil}, verdict.Passed}, {[]*verdict.Check{pass, skip}, verdict.NotChecked},
		{[]*verdict.Check{skip, fail, pass}, verdict.Failed}, {[]*verdict.Check{{State: verdict.Warned}, skip}, verdict.Warned},
	} {
		if g := verdict.Group("g", c.parts...); g.State != c.want || len(g.Checks) > len(c.parts) {
			t.Errorf("%v: %v", c.parts, g.State)
		}
	}
	tree := verdict.Group("g", verdict.Group("h", pass, fail), skip)
	if tree.FirstFailure() != fail || tree.Find("s") != skip || tree.Find("none") != nil || pass.FirstFailure() != nil {
		t.Error("checks are not found")
	}
}

func TestJSON(t *testing.T) {
	v := verdict.New("quote", now)
	p := verdict.Pass("a", "detail")
	p.SetWindow(now, now+day, now, "")
	v.Close(nil, []*verdict.Check{p, verdict.Skip("b", "", "")})
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	back := new(verdict.Verdict)
	if err := json.Unmarshal(data, back); err != nil || back.Tree.Find("b").State != verdict.NotChecked || *back.Tree.Find("a").DaysLeft != 1 {
		t.Errorf("%s: %v", data, err)
	}
	if !strings.Contains(string(data), `"advisories":[]`) || !strings.Contains(string(data), `"state":"not checked"`) {
		t.Errorf("%s", data)
	}
	if err := json.Unmarshal([]byte(`{"tree":{"state":"fine"}}`), back); err == nil {
		t.Error("an unknown outcome is read")
	}
}

func Example() {
	v := verdict.New("a certificate", now)
	c := verdict.Pass("certificate", "of somebody")
	c.SetWindow(now-10*day, now-2*day, now, "renew it")
	v.Close(nil, []*verdict.Check{verdict.Pass("signature", "good"), c, verdict.Skip("revocation", "there is no list", "get one")})
	v.WriteTo(os.Stdout)
	// Output:
	// ✗ a certificate: refused at 2026-11-22T00:00:00Z; policy: refused
	// ├─ ✓ signature: good
	// ├─ ✗ certificate: of somebody
	// │        end of validity: is 2026-11-22T00:00:00Z, until 2026-11-20T00:00:00Z belongs
	// │        behind: ended 2 days ago
	// │        do: renew it
	// └─ ○ revocation [not checked]: there is no list
	//          do: get one
	// refused: certificate: of somebody (end of validity is 2026-11-22T00:00:00Z, until 2026-11-20T00:00:00Z belongs), ended 2 days ago
}
