package keys

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/cosmos/go-bip39"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// DevPhrase is the phrase that a secret URI without one stands on, known to
// all the world: //Alice is derived from it.
const DevPhrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk"

// devSeed is what DevPhrase stretches to without a password. Knowing it saves
// development chains and tests the milliseconds that stretching takes.
const devSeed = "0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e"

// junction is one step of a derivation: a chain code, hard or soft.
type junction struct {
	hard bool
	code [32]byte
}

// parseJunction makes a chain code from the text of one step: a number
// becomes its u64, other text its SCALE string, and what is longer than 32
// bytes its blake2b-256.
func parseJunction(text string, hard bool) junction {
	var raw []byte
	if n, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 10, 64); err == nil {
		raw = scale.AppendUint64(nil, n)
	} else {
		raw = scale.AppendBytes(nil, []byte(text))
	}
	j := junction{hard: hard}
	if len(raw) > 32 {
		j.code = hash.Blake2b256(raw)
	} else {
		copy(j.code[:], raw)
	}
	return j
}

// FromURI makes a pair from a Substrate secret URI:
//
//	[phrase | 0xseed] [//hard | /soft]… [///password]
//
// Without a phrase it stands on DevPhrase. Soft steps are for sr25519 only.
// Specification: https://docs.rs/sp-core (SecretUri).
func FromURI(scheme Scheme, uri string) (Pair, error) {
	rest, password, _ := strings.Cut(uri, "///")
	phrase, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		phrase, path = rest[:i], rest[i:]
	}
	steps, err := parsePath(path)
	if err != nil {
		return Pair{}, err
	}
	seed, err := seedOf(phrase, password)
	if err != nil {
		return Pair{}, err
	}
	s, err := newSigner(scheme, seed)
	if err != nil {
		return Pair{}, fmt.Errorf("make the key of a secret URI: %w", err)
	}
	for i, j := range steps {
		if s, err = s.derive(j); err != nil {
			return Pair{}, fmt.Errorf("derive step %d of a secret URI: %w", i+1, err)
		}
	}
	return Pair{scheme, s}, nil
}

func parsePath(path string) ([]junction, error) {
	var steps []junction
	for path != "" {
		path = path[1:]
		hard := strings.HasPrefix(path, "/")
		if hard {
			path = path[1:]
		}
		end := strings.IndexByte(path, '/')
		if end < 0 {
			end = len(path)
		}
		if end == 0 {
			return nil, fmt.Errorf("secret URI: step %d of the path is empty", len(steps)+1)
		}
		steps = append(steps, parseJunction(path[:end], hard))
		path = path[end:]
	}
	return steps, nil
}

func seedOf(phrase, password string) ([32]byte, error) {
	if phrase == "" && password == "" {
		phrase = devSeed
	}
	if digits, ok := strings.CutPrefix(phrase, "0x"); ok {
		raw, err := hex.DecodeString(digits)
		if err != nil || len(raw) != 32 {
			return [32]byte{}, fmt.Errorf("secret URI: a seed is 64 hex digits after 0x")
		}
		return [32]byte(raw), nil
	}
	if phrase == "" {
		phrase = DevPhrase
	}
	entropy, err := entropyOf(phrase)
	if err != nil {
		return [32]byte{}, err
	}
	seed, err := pbkdf2.Key(sha512.New, string(entropy), []byte("mnemonic"+password), 2048, 64)
	if err != nil {
		return [32]byte{}, fmt.Errorf("stretch the phrase: %w", err)
	}
	return [32]byte(seed), nil
}

// entropyOf turns the words of a BIP-39 phrase, 11 bits each, into its
// entropy and checks the checksum behind it.
func entropyOf(phrase string) ([]byte, error) {
	words := strings.Fields(phrase)
	if n := len(words); n < 12 || n > 24 || n%3 != 0 {
		return nil, fmt.Errorf("phrase of %d words: want 12, 15, 18, 21 or 24", n)
	}
	bits := make([]byte, (len(words)*11+7)/8)
	for i, word := range words {
		n, ok := bip39.ReverseWordMap[word]
		if !ok {
			return nil, fmt.Errorf("word %d of the phrase is not in the BIP-39 list", i+1)
		}
		for b := range 11 {
			if n>>(10-b)&1 == 1 {
				at := i*11 + b
				bits[at/8] |= 0x80 >> (at % 8)
			}
		}
	}
	size := len(words) * 4 / 3
	entropy := bits[:size]
	sum := sha256.Sum256(entropy)
	if check := size / 4; (bits[size]^sum[0])>>(8-check) != 0 {
		return nil, fmt.Errorf("the words of the phrase are known, but its checksum is wrong")
	}
	return entropy, nil
}

// NewPhrase makes a phrase of 12 words from fresh randomness. It is a secret,
// which its caller shows once and keeps nowhere else.
func NewPhrase() (string, error) {
	var entropy [16]byte
	if _, err := rand.Read(entropy[:]); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	phrase, err := bip39.NewMnemonic(entropy[:])
	if err != nil {
		return "", fmt.Errorf("make a phrase: %w", err)
	}
	return phrase, nil
}
