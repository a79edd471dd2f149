package story

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
)

// server NAME PAIR=PRICE…
//
// starts a server on this machine that tells prices, or changes what it tells.
// @NAME is its URL in the arguments of contracts.
func (w *World) server(l *line) error {
	name, err := l.arg(0)
	if err != nil {
		return err
	}
	prices := map[string]string{}
	for pair := range l.opts {
		prices[pair] = l.opt(pair, "")
	}
	answer := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		price, ok := prices[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		fmt.Fprintf(rw, `{"price": %s}`, price)
	})
	if s := w.servers[name]; s != nil {
		s.Config.Handler = answer
		return nil
	}
	s := httptest.NewServer(answer)
	w.tb.Cleanup(s.Close)
	w.servers[name] = s
	return nil
}
