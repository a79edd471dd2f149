package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tacit-network/tacit/client"
	"github.com/tacit-network/tacit/contract/abi"
	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/worker/wire"
)

func contractLogs() *cobra.Command {
	var f userFlags
	var s signerFlags
	var meta, cluster string
	var since uint64
	var follow bool
	cmd := &cobra.Command{
		Use: "logs CONTRACT", Short: "Read what a contract logged, as its owner; nobody else can", Args: cobra.ExactArgs(1),
		Example: "  tacit contract logs 0x… --metadata hello.json --follow",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := hash.ParseH256(args[0])
			if err != nil {
				return hint(err, "a contract is named by the 64 hex digits that `contract instantiate` prints")
			}
			var m *abi.Metadata
			if meta != "" {
				if m, err = readMetadata(meta); err != nil {
					return err
				}
			}
			who, err := s.pair()
			if err != nil {
				return err
			}
			read := func(ctx context.Context, c *client.Client) (any, func(io.Writer), error) {
				final, err := c.Finalized(ctx)
				if err != nil {
					return nil, nil, err
				}
				where, err := clusterOf(ctx, c, id, cluster)
				if err != nil {
					return nil, nil, err
				}
				log, err := c.ContractLog(ctx, who, where, id, final.Number, since)
				if err != nil {
					if wire.KindOf(err) == wire.KindNotOwner {
						err = hint(err, "sign as whoever made the contract, with --from or --key-file")
					}
					return nil, nil, err
				}
				since = log.Next
				lines := logLines(m, log)
				return map[string]any{"next": log.Next, "entries": lines}, func(w io.Writer) { writeLog(w, lines) }, nil
			}
			for {
				err := f.run(cmd, read)
				if err != nil || !follow {
					return err
				}
				select {
				case <-cmd.Context().Done():
					return nil
				case <-time.After(time.Second):
				}
			}
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().StringVar(&meta, "metadata", "", "the contract's metadata, JSON, by which events are read")
	cmd.Flags().StringVar(&cluster, "cluster", "", "the contract's cluster, for a contract that another one made")
	cmd.Flags().Uint64Var(&since, "since", 0, "the first entry; the oldest that is kept by default")
	cmd.Flags().BoolVar(&follow, "follow", false, "go on as entries are added")
	return cmd
}

// logLine is an entry of a log for people.
type logLine struct {
	Seq   uint64 `json:"seq"`
	Block uint32 `json:"block"`
	Time  string `json:"time"`
	Level string `json:"level"`
	Text  string `json:"text"`
}

var levels = []string{"event", "error", "warn", "info", "debug", "trace"}

func logLines(m *abi.Metadata, log wire.Log) []logLine {
	lines := []logLine{}
	for _, e := range log.Entries {
		l := logLine{Seq: e.Seq, Block: e.Block, Time: time.UnixMilli(int64(e.Time)).UTC().Format(time.RFC3339), Level: "?", Text: string(e.Text)}
		if int(e.Level) < len(levels) {
			l.Level = levels[e.Level]
		}
		if e.Level == 0 {
			l.Text = eventText(m, e)
		}
		lines = append(lines, l)
	}
	return lines
}

// writeLog writes each entry as one line.
func writeLog(w io.Writer, lines []logLine) {
	for _, l := range lines {
		fmt.Fprintf(w, "%d  block %d  %s  %s  %s\n", l.Seq, l.Block, l.Time, l.Level, oneLine(l.Text))
	}
}

func eventText(m *abi.Metadata, e wire.LogEntry) string {
	if m != nil {
		if s, err := m.DecodeEvent(e.Topics, e.Data); err == nil {
			return s
		}
	}
	return "0x" + hex.EncodeToString(e.Data)
}
