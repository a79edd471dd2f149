//go:build !linux

package snp

import "github.com/tacit-network/tacit/tee"

// ask has nobody to ask: guests of SEV-SNP that this program knows run Linux.
func ask(keyRequest) (keyAnswer, error) { return keyAnswer{}, tee.ErrNoSealing }
