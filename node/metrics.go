package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is what a node tells Prometheus of itself, beside what CometBFT
// tells. Docs: docs/metrics.md.
type Metrics struct {
	Head        float64 `name:"tacit_block_head" help:"Number of the newest block."`
	Final       float64 `name:"tacit_block_final" help:"Number of the newest block that is proven final."`
	Lag         float64 `name:"tacit_justification_lag" help:"Blocks between the head and the newest that is final; 1 is healthy."`
	HeadAge     float64 `name:"tacit_head_age_seconds" help:"Seconds since the time of the newest block."`
	SetID       float64 `name:"tacit_grandpa_set_id" help:"Number of the GRANDPA authority set."`
	Validators  float64 `name:"tacit_validators" help:"Validators in the set."`
	Validates   float64 `name:"tacit_validates" help:"1 where this node has the keys of a validator in the set."`
	Ready       float64 `name:"tacit_pool_ready" help:"Transactions in the pool that could be in the next block."`
	Future      float64 `name:"tacit_pool_future" help:"Transactions in the pool that wait for others."`
	Peers       float64 `name:"tacit_peers" help:"Peers that are connected."`
	Light       float64 `name:"tacit_light_followers" help:"Light clients that follow the chain."`
	Syncing     float64 `name:"tacit_syncing" help:"1 while old blocks are fetched from peers."`
	StatesFrom  float64 `name:"tacit_state_oldest" help:"Number of the oldest block whose state is kept."`
	RefusedVote float64 `name:"tacit_votes_refused" help:"Votes of others that came without a good GRANDPA precommit, since the start."`
	GuardStops  float64 `name:"tacit_guard_refusals" help:"Precommits that the node's guard refused to sign, since the start."`
}

// Metrics reads the node's numbers.
func (n *Node) Metrics() Metrics {
	head := n.app.Head()
	m := Metrics{Head: float64(head.Number), Final: float64(n.app.Final()), Peers: float64(n.node.Peers())}
	m.Lag = m.Head - m.Final
	if ms, err := n.app.Time(); err == nil && head.Number > 0 {
		m.HeadAge = time.Since(time.UnixMilli(int64(ms))).Seconds()
	}
	if v, err := n.app.Voters(head.Number); err == nil {
		m.SetID, m.Validators = float64(v.ID), float64(len(v.Authorities))
		for _, a := range v.Authorities {
			for _, k := range n.cfg.Keys.Grandpa {
				if k.ID() == a.ID {
					m.Validates = 1
				}
			}
		}
	}
	ready, future := n.pool.Count()
	m.Ready, m.Future = float64(ready), float64(future)
	if n.light != nil {
		m.Light = float64(n.light.Followers())
	}
	if n.node.Syncing() {
		m.Syncing = 1
	}
	if oldest, err := n.db.Oldest(); err == nil {
		m.StatesFrom = float64(oldest)
	}
	refused, stops := n.node.Refusals()
	m.RefusedVote, m.GuardStops = float64(refused), float64(stops)
	return m
}

// collector gives Metrics to Prometheus.
type collector struct{ node *Node }

// Describe implements prometheus.Collector: the metrics are known by looking.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	v := reflect.ValueOf(c.node.Metrics())
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		desc := prometheus.NewDesc(tag.Get("name"), tag.Get("help"), nil, nil)
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v.Field(i).Float())
	}
}

// Limits of a node that is ready for users.
const (
	maxHeadAge = 10 // block times
	minHeadAge = 15 * time.Second
	maxLag     = 20 // blocks
)

// Unready says why the node should get no users now, or nil.
func (n *Node) Unready() error {
	m := n.Metrics()
	old := max(maxHeadAge*n.cfg.Spec.Interval(), minHeadAge)
	switch {
	case m.Syncing > 0:
		return errors.New("it fetches old blocks from peers")
	case m.Head > 0 && m.HeadAge > old.Seconds():
		return fmt.Errorf("its newest block is %.0f s old", m.HeadAge)
	case m.Lag > maxLag:
		return fmt.Errorf("its newest final block is %.0f blocks behind", m.Lag)
	}
	return nil
}

// serveMetrics answers /metrics, /health and /ready until ctx ends.
func (n *Node) serveMetrics(ctx context.Context, l net.Listener) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{n})
	mux := http.NewServeMux()
	gather := prometheus.Gatherers{registry, prometheus.DefaultGatherer} // the second is CometBFT's
	mux.Handle("GET /metrics", promhttp.HandlerFor(gather, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil) })
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) { answer(w, n.Unready()) })
	srv := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}

func answer(w http.ResponseWriter, why error) {
	w.Header().Set("Content-Type", "application/json")
	body := map[string]any{"ok": why == nil}
	if why != nil {
		body["reason"] = why.Error()
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(body) // who went away needs no answer
}
