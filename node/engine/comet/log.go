package comet

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/cometbft/cometbft/libs/log"
)

// logger passes what CometBFT says to the node's log. Most of what it calls
// an error is what peers sent, so that nothing of it is one here; that the
// consensus stopped is told by Run.
type logger struct {
	log *slog.Logger
	// quiet is set for the network and for what fetches old blocks: they call
	// every end of a peer, and their own, an error.
	quiet bool
	// failed is told why the consensus stopped; nil tells nobody.
	failed func(error)
}

// failure is what CometBFT says when it stops the consensus, which it does
// about whatever goes wrong inside. It tells the cause nowhere else.
const failure = "CONSENSUS FAILURE!!!"

func (l logger) say(level slog.Level, msg string, kv []any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, msg, kv...)
	}
}

// Debug implements log.Logger. It is dropped: it is more than a disk takes.
func (l logger) Debug(string, ...any) {}

// Info implements log.Logger.
func (l logger) Info(msg string, kv ...any) { l.say(slog.LevelDebug, msg, kv) }

// Warn implements log.Logger.
func (l logger) Warn(msg string, kv ...any) { l.say(slog.LevelDebug, msg, kv) }

// Error implements log.Logger.
func (l logger) Error(msg string, kv ...any) {
	if msg == failure && l.failed != nil && len(kv) > 1 {
		l.failed(fmt.Errorf("%v", kv[1]))
	}
	if l.quiet {
		l.say(slog.LevelDebug, msg, kv)
		return
	}
	l.say(slog.LevelWarn, msg, kv)
}

// With implements log.Logger.
func (l logger) With(kv ...any) log.Logger {
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i] == "module" && (kv[i+1] == "p2p" || kv[i+1] == "blocksync") {
			l.quiet = true
		}
	}
	return logger{l.log.With(kv...), l.quiet, l.failed}
}
