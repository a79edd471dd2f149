package main

import (
	"encoding/json"

	"github.com/tacit-network/tacit/examples/hello/bundle"
	clusters "github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	"github.com/tacit-network/tacit/web"
)

// consoleConfig is what the console's page has to know.
func (o *devOptions) consoleConfig(enclave *process, dir, token string) any {
	v := map[string]any{
		"rpc": o.rpcURL, "worker": enclave.url(), "chain": "tacit-dev", "contract": nil, "cluster": nil,
		"metadata": json.RawMessage(bundle.Metadata()), "code": clusters.CodeHash(clusters.Chunks(bundle.Packed())),
		"development": web.Development{Token: token},
	}
	if d, ok := loadDeployed(dir); ok {
		v["contract"], v["cluster"] = d.Contract, d.Cluster
	}
	return v
}
