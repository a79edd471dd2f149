package main

import (
	"unsafe"

	"github.com/tacit-network/tacit/hash"
)

// What the host offers. A function that answers with bytes returns their
// length, or -1 for none; ext_take brings them.

//go:wasmimport env ext_take
func extTake(to unsafe.Pointer)

//go:wasmimport env ext_storage_get
func extGet(key unsafe.Pointer, n uint32) int64

//go:wasmimport env ext_storage_next_key
func extNextKey(key unsafe.Pointer, n uint32) int64

//go:wasmimport env ext_storage_set
func extSet(key unsafe.Pointer, n uint32, value unsafe.Pointer, m uint32)

//go:wasmimport env ext_storage_clear
func extClear(key unsafe.Pointer, n uint32)

//go:wasmimport env ext_storage_append
func extAppend(key unsafe.Pointer, n uint32, item unsafe.Pointer, m uint32)

//go:wasmimport env ext_storage_root
func extRoot(version uint32, to unsafe.Pointer)

//go:wasmimport env ext_storage_start_transaction
func extBegin()

//go:wasmimport env ext_storage_commit_transaction
func extCommit()

//go:wasmimport env ext_storage_rollback_transaction
func extRollback()

//go:wasmimport env ext_crypto_verify
func extVerify(scheme uint32, account unsafe.Pointer, n uint32, message unsafe.Pointer, m uint32, signature unsafe.Pointer, s uint32) uint32

//go:wasmimport env ext_offchain_index_set
func extIndexSet(key unsafe.Pointer, n uint32, value unsafe.Pointer, m uint32)

// host is the runtime's door to the world.
type host struct{}

func at(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

func taken(n int64) ([]byte, bool) {
	if n < 0 {
		return nil, false
	}
	b := make([]byte, n)
	if n > 0 {
		extTake(at(b))
	}
	return b, true
}

// Get implements storage.Reader.
func (host) Get(key []byte) ([]byte, bool) { return taken(extGet(at(key), uint32(len(key)))) }

// NextKey implements storage.Reader.
func (host) NextKey(key []byte) ([]byte, bool) { return taken(extNextKey(at(key), uint32(len(key)))) }

// Set implements storage.Store.
func (host) Set(key, value []byte) { extSet(at(key), uint32(len(key)), at(value), uint32(len(value))) }

// Clear implements storage.Store.
func (host) Clear(key []byte) { extClear(at(key), uint32(len(key))) }

// Append implements storage.Host.
func (host) Append(key, item []byte) {
	extAppend(at(key), uint32(len(key)), at(item), uint32(len(item)))
}

// Root implements storage.Host.
func (host) Root(version uint8) (h hash.H256) {
	extRoot(uint32(version), unsafe.Pointer(&h))
	return h
}

// Begin implements storage.Host.
func (host) Begin() { extBegin() }

// Commit implements storage.Host.
func (host) Commit() { extCommit() }

// Rollback implements storage.Host.
func (host) Rollback() { extRollback() }

// VerifySignature implements storage.Host.
func (host) VerifySignature(scheme uint8, account, message, signature []byte) bool {
	return extVerify(uint32(scheme), at(account), uint32(len(account)), at(message), uint32(len(message)),
		at(signature), uint32(len(signature))) == 1
}

// IndexSet implements storage.Host.
func (host) IndexSet(key, value []byte) {
	extIndexSet(at(key), uint32(len(key)), at(value), uint32(len(value)))
}
