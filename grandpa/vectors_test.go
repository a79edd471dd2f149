package grandpa

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/internal/vectors"
	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/scale"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func load(t testing.TB, v any, path ...string) {
	t.Helper()
	f, err := os.Open(filepath.Join(append([]string{vectors.Dir(t), "grandpa"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(f.Name(), ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.NewDecoder(r).Decode(v); err != nil {
		t.Fatal(err)
	}
}

func authorities(t testing.TB, rows [][2]any) (list []Authority) {
	t.Helper()
	for _, r := range rows {
		list = append(list, Authority{keys.GrandpaID(unhex(t, r[0].(string))), uint64(r[1].(float64))})
	}
	return list
}

// class is the name of the error that the vectors use.
func class(err error) string {
	if err == nil {
		return "ok"
	}
	for _, e := range []error{ErrTarget, ErrDuplicateAncestry, ErrRedundantVote, ErrUnknownAuthority, ErrDuplicateVote,
		ErrUnrelatedVote, ErrSignature, ErrLowWeight, ErrRedundantAncestry, ErrInvalidCommit, ErrBadSignature, ErrUnused} {
		if errors.Is(err, e) {
			return e.Error()
		}
	}
	return err.Error()
}

func TestSynthetic(t *testing.T) {
	var f struct {
		Vectors []struct {
			Name          string
			SetID         uint64 `json:"set_id"`
			Authorities   [][2]any
			Target        [2]any
			Justification string
			Expect        struct {
				Substrate string
				Bridge    string `json:"bridge_strict"`
				Smoldot   string
			}
		}
		DecodeErrors []struct{ Name, Bytes string } `json:"decode_errors"`
		Thresholds   [][2]uint64                    `json:"thresholds_unit_weights"`
	}
	load(t, &f, "synthetic", "justifications.json")
	for _, v := range f.Vectors {
		j, err := DecodeJustification(unhex(t, v.Justification))
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		set := AuthoritySet{v.SetID, authorities(t, v.Authorities)}
		target := Target{hash.H256(unhex(t, v.Target[0].(string))), uint32(v.Target[1].(float64))}
		e := j.Evidence()
		if err := e.Substrate(set, target); class(err) != v.Expect.Substrate {
			t.Errorf("%s: Substrate's rules: %v, want %s", v.Name, err, v.Expect.Substrate)
		}
		if err := e.Bridge(set, target); class(err) != v.Expect.Bridge {
			t.Errorf("%s: bridge rules: %v, want %s", v.Name, err, v.Expect.Bridge)
		}
		if err := e.Smoldot(set); (err == nil) != (v.Expect.Smoldot == "ok") {
			t.Errorf("%s: smoldot's rules: %v, want %s", v.Name, err, v.Expect.Smoldot)
		}
	}
	for _, v := range f.DecodeErrors {
		if _, err := DecodeJustification(unhex(t, v.Bytes)); err == nil {
			t.Errorf("%s decodes", v.Name)
		}
	}
	for _, row := range f.Thresholds {
		_, set := voters(t, 0, 1)
		set.Authorities[0].Weight = row[0]
		if got, err := set.Threshold(); err != nil || got != row[1] {
			t.Errorf("threshold of %d = %d, %v, want %d", row[0], got, err, row[1])
		}
	}
}

func TestDigests(t *testing.T) {
	var rows []struct {
		Name    string
		Data    string `json:"consensus_data"`
		Item    string `json:"digest_item"`
		Decoded *struct {
			Kind   string
			Median uint32 `json:"median_last_finalized"`
			Next   [][2]any
			Delay  uint32
			Index  uint64
		}
	}
	load(t, &rows, "synthetic", "digests.json")
	for _, row := range rows {
		l, err := DecodeLog(unhex(t, row.Data))
		if (err == nil) != (row.Decoded != nil) {
			t.Errorf("%s: %v, %v", row.Name, l, err)
		}
		if row.Decoded == nil || err != nil {
			continue
		}
		change := ScheduledChange{authorities(t, row.Decoded.Next), row.Decoded.Delay}
		want := map[string]Log{"ScheduledChange": change, "ForcedChange": ForcedChange{row.Decoded.Median, change},
			"OnDisabled": OnDisabled{row.Decoded.Index}, "Pause": Pause{row.Decoded.Delay}, "Resume": Resume{row.Decoded.Delay}}[row.Decoded.Kind]
		if fmt.Sprint(l) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", row.Name, l, want)
		}
		if got := hex.EncodeToString(chain.EncodeDigestItem(LogItem(l))); got != row.Item {
			t.Errorf("%s: item %s, want %s", row.Name, got, row.Item)
		}
	}
}

func TestWarpVectors(t *testing.T) {
	var f struct {
		Vectors []struct {
			Name, Proof string
			SetID       uint64   `json:"start_set_id"`
			Authorities [][2]any `json:"start_authorities"`
			Expect      struct {
				Result      string
				Finished    bool
				SetID       uint64 `json:"set_id"`
				Authorities []string
				Number      uint32
				Hash        string
			}
		}
	}
	load(t, &f, "synthetic", "warp_sync.json")
	for _, v := range f.Vectors {
		p, err := DecodeWarpProof(unhex(t, v.Proof))
		var set AuthoritySet
		var h chain.Header
		if err == nil {
			set, h, err = p.Verify(AuthoritySet{v.SetID, authorities(t, v.Authorities)})
		}
		if (err == nil) != (v.Expect.Result == "ok") {
			t.Errorf("%s: %v, want %s", v.Name, err, v.Expect.Result)
		}
		if err != nil {
			continue
		}
		if set.ID != v.Expect.SetID || h.Number != v.Expect.Number || h.Hash().String() != "0x"+v.Expect.Hash || len(set.Authorities) != len(v.Expect.Authorities) || p.Finished != v.Expect.Finished {
			t.Errorf("%s: set %d at block %d %v, want %+v", v.Name, set.ID, h.Number, h.Hash(), v.Expect)
		}
		if !bytes.Equal(p.Encode(), unhex(t, v.Proof)) {
			t.Errorf("%s does not encode back", v.Name)
		}
	}
}

// Justifications of real networks, and Avail's of hand-made forks.
func TestReal(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors.Dir(t), "grandpa", "real", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		var v struct {
			SetID         uint64 `json:"set_id"`
			Round         uint64
			TargetHash    string `json:"target_hash"`
			TargetNumber  uint32 `json:"target_number"`
			Authorities   [][2]any
			Signers       []string
			Size          int    `json:"real_set_size"`
			Justification string `json:"justification"`
			File          string `json:"justification_file"`
			Commit        string
			Payload       string
			PublicKey     string `json:"public_key"`
			Signature     string
			Fields        *fields `json:"justification_fields"`
			Expect        json.RawMessage
		}
		load(t, &v, "real", name)
		set := AuthoritySet{v.SetID, authorities(t, v.Authorities)}
		var e Evidence
		switch {
		case v.PublicKey != "":
			if !keys.GrandpaID(unhex(t, v.PublicKey)).Verify(unhex(t, v.Payload), unhex(t, v.Signature)) {
				t.Errorf("%s: the signature does not hold", name)
			}
			continue
		case v.Commit != "":
			id, e, err := DecodeFullCommit(unhex(t, v.Commit))
			if err != nil || id != v.SetID {
				t.Errorf("%s: set %d, %v", name, id, err)
			}
			for _, s := range v.Signers {
				set.Authorities = append(set.Authorities, Authority{keys.GrandpaID(unhex(t, s)), 1})
			}
			for i := range 3 { // stand-ins for those who did not sign
				set.Authorities = append(set.Authorities, Authority{keys.GrandpaID{byte(i), 1}, 1})
			}
			if err := e.Bridge(set, e.Commit.Target); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		case v.Fields != nil:
			e = v.Fields.evidence(t)
		case v.File != "":
			raw, err := os.ReadFile(filepath.Join(filepath.Dir(file), v.File))
			if err != nil {
				t.Fatal(err)
			}
			v.Justification = hex.EncodeToString(raw)
			for _, s := range v.Signers {
				set.Authorities = append(set.Authorities, Authority{keys.GrandpaID(unhex(t, s)), 1})
			}
			for i := range v.Size - len(v.Signers) {
				set.Authorities = append(set.Authorities, Authority{keys.GrandpaID(hash.Blake2b256(fmt.Appendf(nil, "filler-%d", i))), 1})
			}
			v.Expect = json.RawMessage(`{"substrate":"ok","bridge_strict":"ok","smoldot":"ok"}`)
		}
		if v.Fields == nil {
			j, err := DecodeJustification(unhex(t, v.Justification))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !bytes.Equal(j.Encode(), unhex(t, v.Justification)) || j.Round != v.Round || j.Commit.Target.Number != v.TargetNumber || j.Commit.Target.Hash.String() != "0x"+v.TargetHash {
				t.Errorf("%s: decodes to round %d, target %v", name, j.Round, j.Commit.Target)
			}
			e = j.Evidence()
		}
		var want map[string]string
		if err := json.Unmarshal(v.Expect, &want); err != nil {
			t.Fatal(err)
		}
		if err := e.Substrate(set, e.Commit.Target); class(err) != want["substrate"] {
			t.Errorf("%s: Substrate's rules: %v, want %s", name, err, want["substrate"])
		}
		if err := e.Bridge(set, e.Commit.Target); class(err) != want["bridge_strict"] {
			t.Errorf("%s: bridge rules: %v, want %s", name, err, want["bridge_strict"])
		}
		if err := e.Smoldot(set); (err == nil) != (want["smoldot"] == "ok") {
			t.Errorf("%s: smoldot's rules: %v, want %s", name, err, want["smoldot"])
		}
	}
}

// fields is a justification of a chain whose headers have another form.
type fields struct {
	Round        uint64
	TargetHash   string `json:"target_hash"`
	TargetNumber uint32 `json:"target_number"`
	Precommits   []struct {
		TargetHash   string `json:"target_hash"`
		TargetNumber uint32 `json:"target_number"`
		Signature    string
		ID           string
	}
	Ancestries []struct{ Raw, Hash, ParentHash string } `json:"votes_ancestries"`
}

func (f *fields) evidence(t testing.TB) Evidence {
	e := Evidence{Round: f.Round, Commit: Commit{Target: Target{hash.H256(unhex(t, f.TargetHash)), f.TargetNumber}}}
	for _, p := range f.Precommits {
		e.Commit.Precommits = append(e.Commit.Precommits, SignedPrecommit{
			Target{hash.H256(unhex(t, p.TargetHash)), p.TargetNumber}, [64]byte(unhex(t, p.Signature)), keys.GrandpaID(unhex(t, p.ID))})
	}
	for _, a := range f.Ancestries {
		raw := unhex(t, a.Raw)
		h, _, err := chain.DecodeHeaderPrefix(raw)
		if err != nil || hash.Blake2b256(raw).String() != "0x"+a.Hash {
			t.Errorf("ancestry %s: hash %v, %v", a.Hash, hash.Blake2b256(raw), err)
		}
		e.Links = append(e.Links, Link{hash.Blake2b256(raw), h.ParentHash})
	}
	return e
}

// Real headers that change sets, and one whose change stands behind other logs.
func TestRealChanges(t *testing.T) {
	var f map[string]json.RawMessage
	load(t, &f, "headers", "headers.json")
	var kusama struct{ Raw string }
	if err := json.Unmarshal(f["header-kusama-7472481"], &kusama); err != nil {
		t.Fatal(err)
	}
	h, err := chain.DecodeHeader(unhex(t, kusama.Raw))
	if err != nil {
		t.Fatal(err)
	}
	logs, err := Logs(h)
	if err != nil {
		t.Fatal(err)
	}
	scheduled, forced := FindChanges(logs)
	if len(logs) != 12 || forced != nil || scheduled == nil || len(scheduled.Next) != 900 {
		t.Errorf("%d logs, scheduled %v, forced %v", len(logs), scheduled != nil, forced)
	}
}

// Light-sync states of public networks decode and encode byte for byte.
func TestCheckpoints(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors.Dir(t), "grandpa", "checkpoints", "*.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		var f struct {
			State struct {
				Header string `json:"finalizedBlockHeader"`
				Set    string `json:"grandpaAuthoritySet"`
			} `json:"lightSyncState"`
			Expect struct {
				HeaderHash string `json:"header_hash"`
				SetID      uint64 `json:"set_id"`
				N          int    `json:"n_authorities"`
				Changes    int    `json:"n_changes"`
				Pending    []any  `json:"pending_standard"`
			}
		}
		load(t, &f, "checkpoints", filepath.Base(file))
		raw := unhex(t, f.State.Set)
		s, err := DecodeClientSet(raw)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		if !bytes.Equal(scale.Marshal(s), raw) || s.SetID != f.Expect.SetID || len(s.Authorities) != f.Expect.N ||
			len(s.Changes) != f.Expect.Changes || len(s.PendingStandard.Roots) != len(f.Expect.Pending) {
			t.Errorf("%s: set %d of %d, %d changes", filepath.Base(file), s.SetID, len(s.Authorities), len(s.Changes))
		}
		if err := s.Current().Check(); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
		h, err := chain.DecodeHeader(unhex(t, f.State.Header))
		if err != nil || h.Hash().String() != "0x"+f.Expect.HeaderHash {
			t.Errorf("%s: header %v, %v", filepath.Base(file), h.Hash(), err)
		}
	}
}
