package trie

import (
	"slices"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// RootOf returns the root of a trie with the given entries, built at once and
// without a Trie. Of entries with one key the last counts.
func RootOf(v Version, entries []Entry) hash.H256 {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, compareEntries)
	list := make([]Entry, 0, len(sorted))
	for i, e := range sorted {
		if i+1 < len(sorted) && string(sorted[i+1].Key) == string(e.Key) {
			continue
		}
		list = append(list, Entry{appendNibbles(nil, e.Key), e.Value})
	}
	if len(list) == 0 {
		return EmptyRoot
	}
	return hash.Blake2b256(build(v, list, 0))
}

// OrderedRoot returns the root of the trie that has each item under its index
// in compact form: with V0 that is the extrinsics root of a block whose whole
// extrinsics are the items.
func OrderedRoot(v Version, items [][]byte) hash.H256 {
	entries := make([]Entry, len(items))
	for i, item := range items {
		entries[i] = Entry{scale.AppendCompact(nil, uint64(i)), item}
	}
	return RootOf(v, entries)
}

// build returns the bytes of the node over sorted entries, whose keys are
// nibbles and agree in the first depth of them.
func build(v Version, list []Entry, depth int) []byte {
	first, last := list[0].Key, list[len(list)-1].Key
	branchAt := depth + commonPrefix(first[depth:], last[depth:])
	partial := first[depth:branchAt]
	var value *Entry
	rest := list
	if len(first) == branchAt {
		value, rest = &list[0], list[1:]
	}
	hashed := value != nil && v.hashes(len(value.Value))
	var h header
	switch {
	case len(rest) == 0 && hashed:
		h = headerLeafHashed
	case len(rest) == 0:
		h = headerLeaf
	case hashed:
		h = headerBranchHashed
	case value != nil:
		h = headerBranchValue
	default:
		h = headerBranch
	}
	var bitmap uint16
	var children []byte
	for len(rest) > 0 {
		nibble := rest[0].Key[branchAt]
		end := 1
		for end < len(rest) && rest[end].Key[branchAt] == nibble {
			end++
		}
		child := build(v, rest[:end], branchAt+1)
		if len(child) >= 32 {
			sum := hash.Blake2b256(child)
			child = sum[:]
		}
		bitmap |= 1 << nibble
		children = scale.AppendBytes(children, child)
		rest = rest[end:]
	}
	out := appendPartial(h.append(nil, len(partial)), partial)
	if bitmap != 0 {
		out = scale.AppendUint16(out, bitmap)
	}
	if hashed {
		sum := hash.Blake2b256(value.Value)
		out = append(out, sum[:]...)
	} else if value != nil {
		out = scale.AppendBytes(out, value.Value)
	}
	return append(out, children...)
}
