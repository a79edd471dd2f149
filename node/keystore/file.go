package keystore

import (
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tacit-network/tacit/internal/strictjson"
	"github.com/tacit-network/tacit/keys"
)

// fileJSON is the file of one key. Its name is the role, a dash, the first
// bytes of the public key, and ".key".
type fileJSON struct {
	Role   role   `json:"role"`
	Scheme string `json:"scheme"`
	Public string `json:"public"`
	Seed   string `json:"seed"`
}

// ErrDevelopment means that keys which everybody knows are not written down.
var ErrDevelopment = errors.New("development keys have no files")

// Write writes the keys into a folder, which it makes, beside those that are
// there already. A file that is there is never overwritten.
func (s Session) Write(dir string) error {
	if s.seeds == nil {
		return ErrDevelopment
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of keys: %w", err)
	}
	for _, r := range roles {
		seed := s.seeds[r.name]
		pair, err := keys.NewPair(r.scheme, seed)
		if err != nil {
			return err
		}
		data, err := json.MarshalIndent(fileJSON{
			r.name, r.scheme.String(), "0x" + hex.EncodeToString(pair.Public()), "0x" + hex.EncodeToString(seed[:]),
		}, "", "  ")
		if err != nil {
			return err
		}
		path := filepath.Join(dir, fmt.Sprintf("%s-%x.key", r.name, pair.Public()[:8]))
		if err := writeNew(path, append(data, '\n')); err != nil {
			return fmt.Errorf("write a key: %w", err)
		}
	}
	return nil
}

func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// Keys are all the keys of a folder.
type Keys struct {
	Grandpa []keys.GrandpaPair
	Engine  []keys.Pair
	Beacon  []keys.Pair
}

// Add adds a set of session keys.
func (k *Keys) Add(s Session) {
	k.Grandpa, k.Engine, k.Beacon = append(k.Grandpa, s.Grandpa), append(k.Engine, s.Engine), append(k.Beacon, s.Beacon)
}

// Load reads all keys of a folder. No folder is no key. A file that others can
// read, or that is not what its public key says, is a fault; all are told.
func Load(dir string) (Keys, error) {
	var all Keys
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, fmt.Errorf("read the folder of keys: %w", err)
	}
	var faults []error
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".key") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if err := all.load(path); err != nil {
			faults = append(faults, fmt.Errorf("key file %s: %w", path, err))
		}
	}
	return all, errors.Join(faults...)
}

// maxFile is the most bytes of a key file.
const maxFile = 4 << 10

func (k *Keys) load(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("its mode is %v, and others must not read it: chmod 600", info.Mode().Perm())
	}
	if info.Size() > maxFile {
		return fmt.Errorf("it has %d bytes, %d are the most", info.Size(), maxFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var f fileJSON
	if err := strictjson.Decode(data, &f); err != nil {
		return err
	}
	for _, r := range roles {
		if r.name == f.Role {
			return k.add(f, r.scheme)
		}
	}
	return fmt.Errorf("the role %q is none of grandpa, engine, beacon", f.Role)
}

func (k *Keys) add(f fileJSON, scheme keys.Scheme) error {
	if f.Scheme != scheme.String() {
		return fmt.Errorf("a %s key is of %s, not %q", f.Role, scheme, f.Scheme)
	}
	seed, err := hex.DecodeString(strings.TrimPrefix(f.Seed, "0x"))
	if err != nil || len(seed) != 32 {
		return errors.New("its seed is not 64 hex digits")
	}
	pair, err := keys.NewPair(scheme, [32]byte(seed))
	if err != nil {
		return err
	}
	if want := "0x" + hex.EncodeToString(pair.Public()); subtle.ConstantTimeCompare([]byte(want), []byte(f.Public)) != 1 {
		return fmt.Errorf("its seed makes the public key %s, and it says %.80s", want, f.Public)
	}
	switch f.Role {
	case grandpa:
		g, err := keys.NewGrandpaPair(pair)
		k.Grandpa = append(k.Grandpa, g)
		return err
	case engine:
		k.Engine = append(k.Engine, pair)
	case beacon:
		k.Beacon = append(k.Beacon, pair)
	}
	return nil
}

// ErrNoKeys means that a folder has no whole set of session keys.
var ErrNoKeys = errors.New("no session keys")

// Newest returns the session keys that were written last into a folder.
func Newest(dir string) (Session, error) {
	if _, err := Load(dir); err != nil {
		return Session{}, err
	}
	seeds := map[role][32]byte{}
	for _, r := range roles {
		files, err := filepath.Glob(filepath.Join(dir, string(r.name)+"-*.key"))
		if err != nil {
			return Session{}, err
		}
		var newest os.FileInfo
		for _, path := range files {
			info, err := os.Stat(path)
			if err != nil {
				return Session{}, err
			}
			if newest == nil || info.ModTime().After(newest.ModTime()) {
				newest = info
			}
		}
		if newest == nil {
			return Session{}, fmt.Errorf("%w: %s has no %s key", ErrNoKeys, dir, r.name)
		}
		if seeds[r.name], err = readSeed(filepath.Join(dir, newest.Name())); err != nil {
			return Session{}, err
		}
	}
	return fromSeeds(seeds)
}

// readSeed reads the seed of a file that Load has checked.
func readSeed(path string) (seed [32]byte, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return seed, err
	}
	var f fileJSON
	if err := strictjson.Decode(data, &f); err != nil {
		return seed, err
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(f.Seed, "0x"))
	if err != nil || len(raw) != 32 {
		return seed, errors.New("its seed is not 64 hex digits")
	}
	return [32]byte(raw), nil
}
