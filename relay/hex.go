package relay

import (
	"encoding/hex"
	"strings"
)

// bytes are written in hex after 0x in JSON.
type bytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b bytes) MarshalText() ([]byte, error) { return []byte("0x" + hex.EncodeToString(b)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *bytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(strings.TrimPrefix(string(text), "0x"))
	return err
}
