package gateway_test

import (
	"fmt"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/client/gateway"
	"github.com/tacit-network/tacit/contract/frame"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/keys"
)

func ExampleNew() {
	alice, err := keys.FromURI(keys.Sr25519, "//Alice")
	if err != nil {
		panic(err)
	}
	// A client that is connected comes from client.With.
	chain, cluster := new(client.Client), hash.H256{1}
	g, err := gateway.New(gateway.Config{Client: chain, Cluster: cluster, Payer: alice})
	if err != nil {
		panic(err)
	}
	first := frame.First(chain.Genesis(), cluster)
	fmt.Println("clients sign for the cluster's block 0:", g.Genesis() == first.Hash())
	// Output: clients sign for the cluster's block 0: true
}
