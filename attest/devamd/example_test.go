package devamd_test

import (
	"fmt"

	"github.com/tacit-network/tacit/attest/devamd"
	"github.com/tacit-network/tacit/attest/snp"
)

// A cloud's report of a processor, for tests.
func Example() {
	pki := devamd.New(snp.Turin)
	chip := pki.Chip(snp.VLEK, snp.TCB{FMC: 1, SNP: 4})
	report, err := snp.ParseReport(chip.Report(devamd.Fields{Version: 5}))
	if err != nil {
		fmt.Println(err)
		return
	}
	product, _ := report.Product()
	fmt.Println(product, report.SigningKey, report.ReportedTCB(product))
	// Output: Turin VLEK fmc 1, bl 0, tee 0, snp 4, ucode 0
}
