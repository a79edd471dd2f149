package chain

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/tacit-network/tacit/scale"
)

// ErrEra means that two bytes are no era.
var ErrEra = errors.New("not a valid era")

// Era says in which blocks a transaction is valid. The zero Era is immortal.
// A mortal one holds for Period blocks, a power of two from 4 to 65,536, from
// each block that is Phase above a multiple of Period:
//
//	immortal: 00
//	mortal:   u16 LE: bits 0–3 log2(Period) - 1, bits 4–15 Phase / max(1, Period/4096)
type Era struct {
	Period, Phase uint64
}

// MortalEra is the era of about period blocks that a transaction made at the
// block with the given number starts in.
func MortalEra(period uint64, current BlockNumber) Era {
	p := uint64(4)
	for p < period && p < 1<<16 {
		p <<= 1
	}
	q := max(p>>12, 1)
	return Era{p, uint64(current) % p / q * q}
}

// Immortal says that the era never ends.
func (e Era) Immortal() bool { return e.Period == 0 }

// Birth is the first block of the era that holds the given one. Its hash is
// part of what is signed.
func (e Era) Birth(current uint64) uint64 {
	if e.Immortal() {
		return 0
	}
	return (max(current, e.Phase)-e.Phase)/e.Period*e.Period + e.Phase
}

// Death is the first block after the era that holds the given one.
func (e Era) Death(current uint64) uint64 {
	if e.Immortal() {
		return math.MaxUint64
	}
	return e.Birth(current) + e.Period
}

// EncodeSCALE implements scale.Encoder.
func (e Era) EncodeSCALE(dst []byte) []byte {
	if e.Immortal() {
		return append(dst, 0)
	}
	log := uint16(min(15, max(1, bits.TrailingZeros64(e.Period)-1)))
	return scale.AppendUint16(dst, log|uint16(e.Phase/max(e.Period>>12, 1))<<4)
}

// DecodeSCALE implements scale.Unmarshaler.
func (e *Era) DecodeSCALE(d *scale.Decoder) error {
	first, err := d.Byte()
	if err != nil {
		return err
	}
	if first == 0 {
		*e = Era{}
		return nil
	}
	second, err := d.Byte()
	if err != nil {
		return err
	}
	code := uint64(first) | uint64(second)<<8
	period := uint64(2) << (code % 16)
	phase := code >> 4 * max(period>>12, 1)
	if period < 4 || phase >= period {
		return fmt.Errorf("era %02x%02x: %w", first, second, ErrEra)
	}
	*e = Era{period, phase}
	return nil
}
