package scale

import "encoding/binary"

// AppendCompact appends n in compact form.
func AppendCompact(dst []byte, n uint64) []byte { return AppendCompactU128(dst, U64(n)) }

// AppendCompactU128 appends n in compact form.
func AppendCompactU128(dst []byte, n U128) []byte {
	switch {
	case n.Hi == 0 && n.Lo < 1<<6:
		return append(dst, byte(n.Lo<<2))
	case n.Hi == 0 && n.Lo < 1<<14:
		return binary.LittleEndian.AppendUint16(dst, uint16(n.Lo<<2|1))
	case n.Hi == 0 && n.Lo < 1<<30:
		return binary.LittleEndian.AppendUint32(dst, uint32(n.Lo<<2|2))
	}
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], n.Lo)
	binary.LittleEndian.PutUint64(b[8:], n.Hi)
	size := 16
	for size > 4 && b[size-1] == 0 {
		size--
	}
	dst = append(dst, byte(size-4)<<2|3)
	return append(dst, b[:size]...)
}

// AppendBytes appends b as a Vec<u8>.
func AppendBytes(dst, b []byte) []byte {
	return append(AppendCompact(dst, uint64(len(b))), b...)
}

// AppendUint16 appends a fixed-width u16.
func AppendUint16(dst []byte, n uint16) []byte { return binary.LittleEndian.AppendUint16(dst, n) }

// AppendUint32 appends a fixed-width u32.
func AppendUint32(dst []byte, n uint32) []byte { return binary.LittleEndian.AppendUint32(dst, n) }

// AppendUint64 appends a fixed-width u64.
func AppendUint64(dst []byte, n uint64) []byte { return binary.LittleEndian.AppendUint64(dst, n) }

// AppendBool appends a bool.
func AppendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}
