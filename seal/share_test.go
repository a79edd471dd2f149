package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

// Shares that package shamir of github.com/hashicorp/vault v1.1.0 made of this
// secret: 5 of them, threshold 3. There the number of a share stands at its end,
// here in front.
const vaultSecret = "the secret of a cluster, 32 byte"

var vaultShares = []string{
	"a8f2c862cbfc10171158e11bcddef9614da2d400745fb965355d90987ba2d4964e",
	"ffde826a64061060a91bd766f0411cce4a77f868bc8b9a20416b37d2cbd355590d",
	"a3cac55e65ade18bed7a9e3a7290bf8a229881731dfd8d8459b858616a49e7b4fc",
	"3b81d8f9848f64e31bc196e29ab0bf72793721b71dfea1d7a8b1502cd85576c3f7",
	"e18bb970bf295f4595d713a64cacefd05c80d0fd12f291413287b3b1cbd1a86dc7",
}

func TestCombineVault(t *testing.T) {
	var all [][]byte
	for _, s := range vaultShares {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	if len(all) != 5 {
		t.Fatalf("%d shares", len(all))
	}
	for i := range all {
		for j := range i {
			for k := range j {
				got, err := Combine([][]byte{all[i], all[j], all[k]})
				if err != nil || string(got) != vaultSecret {
					t.Errorf("shares %d %d %d: %q, %v", i, j, k, got, err)
				}
			}
			if got, _ := Combine([][]byte{all[i], all[j]}); string(got) == vaultSecret {
				t.Errorf("two shares are enough")
			}
		}
	}
}

// FIPS 197, section 4.2: {57} • {83} = {c1}, {57} • {13} = {fe}.
func TestField(t *testing.T) {
	if gfMul(0x57, 0x83) != 0xc1 || gfMul(0x57, 0x13) != 0xfe {
		t.Errorf("{57} • {83} = %x, {57} • {13} = %x", gfMul(0x57, 0x83), gfMul(0x57, 0x13))
	}
	for a := 1; a < 256; a++ {
		if gfMul(byte(a), gfInverse(byte(a))) != 1 {
			t.Errorf("%x has no inverse", a)
		}
	}
}

func TestSplit(t *testing.T) {
	secret := []byte{0, 1, 255, 7}
	for n := 1; n <= 5; n++ {
		for threshold := 1; threshold <= n; threshold++ {
			shares, err := Split(secret, n, threshold)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Combine(shares[n-threshold:]); err != nil || !bytes.Equal(got, secret) {
				t.Errorf("%d of %d: %x, %v", threshold, n, got, err)
			}
		}
	}
	for _, bad := range [][2]int{{0, 0}, {1, 2}, {256, 2}, {3, 0}} {
		if _, err := Split(secret, bad[0], bad[1]); err == nil {
			t.Errorf("%d shares with threshold %d", bad[0], bad[1])
		}
	}
	good := []byte{1, 5}
	for name, bad := range map[string][][]byte{
		"none": nil, "empty": {{}}, "number 0": {{0, 5}}, "twice": {good, good}, "lengths": {good, {2, 5, 6}},
	} {
		if _, err := Combine(bad); !errors.Is(err, ErrShares) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
