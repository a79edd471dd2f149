package comet_test

import (
	"context"
	"fmt"

	"github.com/tacit-network/tacit/keys"
	"github.com/tacit-network/tacit/node/engine"
	"github.com/tacit-network/tacit/node/engine/comet"
	"github.com/tacit-network/tacit/node/keystore"
	"github.com/tacit-network/tacit/node/store"
	"github.com/tacit-network/tacit/runtime"
	"github.com/tacit-network/tacit/runtime/pallet/session"
)

// A chain of one validator runs until its first block is final.
func Example() {
	alice, validator, _ := keystore.DevelopValidator("//Alice")
	spec := engine.Spec{Name: "Example", ID: "example", Kind: engine.Development, Symbol: "TACIT", BlockTime: 50}
	spec.Genesis.Validators = []session.Validator{validator}
	spec.GenesisTime = 1_700_000_000_000

	db, err := store.Open(store.Config{})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	app, err := engine.NewApp(engine.Config{Spec: spec, Runtime: runtime.New(), Store: db})
	if err != nil {
		panic(err)
	}
	node, err := comet.New(comet.Config{App: app, Validators: []keys.Pair{alice.Engine}, Grandpa: []keys.GrandpaPair{alice.Grandpa}})
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	changed, stop := app.Hub.Listen()
	defer stop()
	go func() {
		for app.Final() < 1 {
			<-changed
		}
		cancel()
	}()
	fmt.Println(node.Run(ctx), app.Final() >= 1)
	// Output: <nil> true
}
