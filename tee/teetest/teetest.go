// Package teetest holds what every [tee.Backend] must do, real or simulated.
package teetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/tacit-network/tacit/attest"
	"github.com/tacit-network/tacit/attest/snp"
	"github.com/tacit-network/tacit/tee"
)

// Run checks a backend. It extends the backend's event register, where it has
// one.
func Run(t *testing.T, b tee.Backend) {
	t.Helper()
	t.Run("info", func(t *testing.T) {
		info := b.PlatformInfo()
		if info.Kind != tee.TDX && info.Kind != tee.SNP || info.Provider == "" {
			t.Errorf("platform info %+v", info)
		}
		if info.Simulated && info.Notice == "" {
			t.Error("a simulated backend says nothing about it")
		}
	})
	t.Run("quote", func(t *testing.T) {
		for _, d := range [][64]byte{{}, {1}, {0: 0xFF, 63: 0xFF}} {
			if q := quote(t, b, d); q.data != d {
				t.Errorf("report data %x, want %x", q.data, d)
			}
		}
		x, y := quote(t, b, [64]byte{1}), quote(t, b, [64]byte{2})
		x.data = y.data
		if x != y {
			t.Error("two quotes of one moment differ in more than the report data")
		}
		if x.program == [48]byte{} {
			t.Error("the program is not measured")
		}
	})
	t.Run("extend", func(t *testing.T) {
		for i := range 2 {
			before := quote(t, b, [64]byte{}).registers
			payload := fmt.Appendf(nil, "payload %d", i)
			err := b.ExtendEvent("teetest", payload)
			if errors.Is(err, tee.ErrNoRegisters) {
				if b.PlatformInfo().Kind == tee.TDX {
					t.Error("TDX has registers")
				}
				t.Skip("the hardware has no runtime measurements")
			}
			if err != nil {
				t.Fatal(err)
			}
			want := before
			want[tee.EventRegister] = tee.Extend(before[tee.EventRegister], tee.EventDigest("teetest", payload))
			if got := quote(t, b, [64]byte{}).registers; got != want {
				t.Errorf("registers %x, want %x", got, want)
			}
		}
	})
	t.Run("seal", func(t *testing.T) {
		a, err := b.SealingKey("a")
		if errors.Is(err, tee.ErrNoSealing) {
			t.Skip("the hardware has no sealing key")
		}
		if err != nil {
			t.Fatal(err)
		}
		again, err1 := b.SealingKey("a")
		other, err2 := b.SealingKey("b")
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if len(a.Bytes()) != 32 || !bytes.Equal(a.Bytes(), again.Bytes()) || bytes.Equal(a.Bytes(), other.Bytes()) {
			t.Error("sealing keys are not one for each context")
		}
		if s := fmt.Sprintf("%v %x %+v", a, a, a); s != "[secret] [secret] [secret]" {
			t.Error("a sealing key prints itself")
		}
	})
	t.Run("concurrent", func(t *testing.T) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				d := [64]byte{byte(i)}
				raw, err := b.Quote(d)
				if err != nil {
					t.Error(err)
					return
				}
				if q, err := read(b, raw); err != nil || q.data != d {
					t.Errorf("quote %d is about something else: %v", i, err)
				}
			})
		}
		wg.Wait()
	})
}

// said is what a quote says, of whatever hardware.
type said struct {
	data      [64]byte
	program   [48]byte
	registers [4][48]byte // of TDX
	rest      string      // all but report data and signatures
}

func quote(t *testing.T, b tee.Backend, data [64]byte) said {
	t.Helper()
	raw, err := b.Quote(data)
	if err != nil {
		t.Fatal(err)
	}
	q, err := read(b, raw)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func read(b tee.Backend, raw []byte) (said, error) {
	if b.PlatformInfo().Kind == tee.SNP {
		r, err := snp.ParseReport(raw)
		if err != nil {
			return said{}, err
		}
		return said{data: r.ReportData, program: r.Measurement, rest: string(raw[:0x50]) + string(raw[0x90:0x2A0])}, nil
	}
	q, err := attest.ParseQuote(raw)
	if err != nil {
		return said{}, err
	}
	if q.TDX == nil {
		return said{}, errors.New("not a quote of TDX")
	}
	rest := *q.TDX
	rest.ReportData = [64]byte{}
	return said{q.TDX.ReportData, q.TDX.MRTD, q.TDX.RTMR, fmt.Sprint(rest)}, nil
}
