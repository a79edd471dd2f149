//go:build wasip1

// Command rich is a contract that uses what could differ between machines.
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"
	mrand "math/rand/v2"
	"sync"
	"time"

	"github.com/tacit-network/tacit/contract/sdk"
)

var contract = sdk.Contract{
	Name:         "rich",
	Constructors: []sdk.Entry{sdk.Constructor0("new", func(*sdk.Call) error { return nil })},
	Messages: []sdk.Entry{
		sdk.View0("all", sdk.String, func(*sdk.Call) (string, error) { return all(), nil }),
		sdk.View0("secret", sdk.Bytes, func(*sdk.Call) ([]byte, error) {
			b := make([]byte, 16)
			_, err := rand.Read(b)
			return b, err
		}),
		sdk.View0("forever", sdk.Unit, func(*sdk.Call) (struct{}, error) { select {} }),
		sdk.View0("panic", sdk.Unit, func(*sdk.Call) (struct{}, error) { panic("told to") }),
	},
}

func all() string {
	m := map[int]string{}
	for i := range 50 {
		m[i] = fmt.Sprint(i)
	}
	order := ""
	for _, v := range m {
		order += v
	}
	start := time.Now()
	time.Sleep(3 * time.Second)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var list []int
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				time.Sleep(time.Duration(mrand.IntN(100)) * time.Microsecond)
			}
			mu.Lock()
			list = append(list, i)
			mu.Unlock()
		})
	}
	wg.Wait()
	waste := 0
	for i := range 200 {
		waste += len(make([]byte, 10_000+i))
	}
	zero := 0.0
	out, _ := json.Marshal(map[string]any{
		"order": order, "list": list, "waste": waste, "slept": time.Since(start).String(), "now": time.Now().UnixNano(),
		"nan": math.Float64bits(zero / zero), "inf": math.Float64bits(math.Inf(1) - math.Inf(1)), "sqrt": math.Sqrt(2),
	})
	return string(out)
}

//go:wasmexport deploy
func deploy() { contract.Deploy() }

//go:wasmexport call
func call() { contract.Call() }

func main() {}
