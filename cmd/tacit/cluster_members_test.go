package main

import (
	"strings"
	"testing"

	"github.com/tacit-network/tacit/runtime/pallet/clusters"
)

// Who makes a cluster is told when losing its workers loses it: with nobody who
// keeps shares, with fewer than are needed, and with none to spare.
func TestShareWarning(t *testing.T) {
	for _, tt := range []struct {
		keepers, threshold uint8
		others             int
		want               string
	}{
		{0, 0, 5, "nobody keeps shares of its secrets, as --keepers says"},
		{3, 2, 0, "nobody keeps shares of its secrets (0 other workers, 2 are needed)"},
		{3, 2, 1, "nobody keeps shares of its secrets (1 other workers, 2 are needed)"},
		{3, 2, 2, "2 workers keep shares of its secrets and all of them are needed"},
		{3, 3, 9, "3 workers keep shares of its secrets and all of them are needed"},
		{3, 2, 3, ""},
		{3, 2, 9, ""},
	} {
		got := shareWarning(clusters.Create{Keepers: tt.keepers, Threshold: tt.threshold}, tt.others)
		if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%d of %d with %d others: %q, want %q", tt.threshold, tt.keepers, tt.others, got, tt.want)
		}
	}
}
