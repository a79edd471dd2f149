package cert

import (
	"testing"
	"time"
)

// The calendar agrees with package time.
func TestUnixDate(t *testing.T) {
	for at := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2405; at = at.Add(17*time.Hour + 59*time.Minute + 31*time.Second + 30*24*time.Hour) {
		got, ok := unixDate(at.Year(), int(at.Month()), at.Day(), at.Hour(), at.Minute(), at.Second())
		if !ok || got != uint64(at.Unix()) {
			t.Fatalf("%v: %d, want %d", at, got, at.Unix())
		}
		if text := at.Format(time.RFC3339); FormatDate(got) != text {
			t.Fatalf("%v is written %s", at, FormatDate(got))
		}
	}
	for _, s := range []string{"20230229000000", "20231301000000", "19691231235959", "2023010100000x", "20230101240000"} {
		if v, ok := compactDate(s); ok {
			t.Errorf("%s is taken as %d", s, v)
		}
	}
}
