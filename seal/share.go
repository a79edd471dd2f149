package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
)

// A secret is shared as Shamir did (How to Share a Secret, 1979), byte by byte
// over GF(2^8) with AES's polynomial: each byte is the value at 0 of a random
// polynomial of degree t-1, and share i has the values at i. t shares make the
// secret; fewer say nothing about it.
//
//	share: i u8, from 1 ‖ a byte for each of the secret

// ErrShares tells that shares do not fit together.
var ErrShares = errors.New("the shares do not fit together")

// Split makes n shares of a secret, of which threshold make it again.
func Split(secret []byte, n, threshold int) ([][]byte, error) {
	if threshold < 1 || threshold > n || n > 255 {
		return nil, fmt.Errorf("%d of %d shares are not possible", threshold, n)
	}
	shares := make([][]byte, n)
	for i := range shares {
		shares[i] = append(make([]byte, 0, 1+len(secret)), byte(i+1))
	}
	coefficients := make([]byte, threshold)
	for _, b := range secret {
		_, _ = rand.Read(coefficients) // does not fail
		coefficients[0] = b
		for i := range shares {
			x, y := byte(i+1), byte(0)
			for k := threshold - 1; k >= 0; k-- {
				y = gfMul(y, x) ^ coefficients[k]
			}
			shares[i] = append(shares[i], y)
		}
	}
	return shares, nil
}

// Combine makes the secret of as many shares as the threshold. It cannot tell
// wrong shares from right ones: whoever asks checks what the secret leads to.
func Combine(shares [][]byte) ([]byte, error) {
	if len(shares) == 0 || len(shares) > 255 || len(shares[0]) == 0 {
		return nil, ErrShares
	}
	seen := [256]bool{}
	for _, s := range shares {
		if len(s) != len(shares[0]) || s[0] == 0 || seen[s[0]] {
			return nil, ErrShares
		}
		seen[s[0]] = true
	}
	secret := make([]byte, len(shares[0])-1)
	for i, s := range shares {
		// Lagrange's polynomial of share i at 0: the numbers of the shares are
		// public, so that dividing may take a time that follows from them.
		weight := byte(1)
		for j, o := range shares {
			if i != j {
				weight = gfMul(weight, gfMul(o[0], gfInverse(o[0]^s[0])))
			}
		}
		for k := range secret {
			secret[k] ^= gfMul(weight, s[k+1])
		}
	}
	return secret, nil
}

// gfMul multiplies in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, in constant time.
func gfMul(a, b byte) (p byte) {
	for range 8 {
		p ^= -(b & 1) & a
		a = a<<1 ^ -(a>>7)&0x1b
		b >>= 1
	}
	return p
}

// gfInverse is a^254, by the order of the field; 0 for 0.
func gfInverse(a byte) byte {
	r := byte(1)
	for range 254 {
		r = gfMul(r, a)
	}
	return r
}
