package relay_test

import (
	"context"
	"fmt"
	"time"

	"github.com/tacit-network/tacit/relay"
)

// A relay outlives its node and its worker: here there is neither.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	r := relay.New(relay.Config{Node: "ws://127.0.0.1:1", Worker: "http://127.0.0.1:1"})
	fmt.Println(r.Run(ctx))
	// Output: <nil>
}
