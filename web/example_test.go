package web_test

import (
	"fmt"
	"net/http/httptest"

	"github.com/tacit-network/tacit/web"
)

func ExampleHandler() {
	h := web.Handler(func() any { return web.Config{RPC: "ws://127.0.0.1:9944", Chain: "dev"} })
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/config.json", nil)
	r.Host = "127.0.0.1:8080"
	h.ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: {"rpc":"ws://127.0.0.1:9944","worker":null,"chain":"dev","contract":null,"cluster":null}
}
