package vm

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"sync"
	"unsafe"

	"github.com/tetratelabs/wazero"
)

// Native is machine code that was made of a module, for whoever keeps it. It is
// executed as it is: who hands it to [Engine.LoadNative] answers for it. Its
// name follows the module, the version of the compiler and the processor, so
// that under other circumstances it is left unused.
//
//	name [32] ‖ code
type Native []byte

const nativeName = 32

// slot is how machine code gets into the compiler and out of it: wazero's
// store of compiled modules, with room for the one that is being loaded.
type slot struct {
	loading sync.Mutex // held while a module is loaded

	mu   sync.Mutex // guards code
	code Native
}

// Get implements wazero's filecache.Cache.
func (s *slot) Get(name [nativeName]byte) (io.ReadCloser, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.code) < nativeName || [nativeName]byte(s.code[:nativeName]) != name {
		return nil, false, nil
	}
	return io.NopCloser(bytes.NewReader(s.code[nativeName:])), true, nil
}

// Add implements wazero's filecache.Cache.
func (s *slot) Add(name [nativeName]byte, content io.Reader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := bytes.NewBuffer(name[:])
	_, err := b.ReadFrom(content)
	s.code = b.Bytes()
	return err
}

// Delete implements wazero's filecache.Cache.
func (s *slot) Delete([nativeName]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code = nil
	return nil
}

// put makes code what the compiler finds, and returns what was there.
func (s *slot) put(code Native) (before Native) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.code = s.code, code
	return before
}

var errCache = errors.New("this version of wazero keeps compiled modules otherwise")

// cacheOf makes s the store of a compilation cache. wazero itself offers
// folders only: of files, which would have to be open to whoever executes
// contracts, and are neither encrypted nor authenticated.
func cacheOf(s *slot) (wazero.CompilationCache, error) {
	c := wazero.NewCompilationCache()
	v := reflect.ValueOf(c)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, errCache
	}
	f := v.Elem().FieldByName("fileCache")
	if !f.IsValid() || f.Kind() != reflect.Interface || !reflect.TypeOf(s).Implements(f.Type()) {
		return nil, errCache
	}
	reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Set(reflect.ValueOf(s))
	return c, nil
}
