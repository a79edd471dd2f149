package sdk

import (
	"reflect"
	"testing"

	"github.com/tacit-network/tacit/chain"
	"github.com/tacit-network/tacit/runtime/pallet/clusters/words"
	queue "github.com/tacit-network/tacit/runtime/pallet/queue/words"
	"github.com/tacit-network/tacit/scale"
)

// queued is a message of a queue.
type queued struct {
	To      string `json:"to"`
	Bytes   string `json:"bytes"`
	Seq     uint64 `json:"seq"`
	Block   uint32 `json:"block"`
	Time    uint64 `json:"time"`
	Tag     string `json:"tag"`
	From    string `json:"from"`
	Kind    string `json:"kind"`
	Payload string `json:"payload"`
}

// TestQueue holds sdk/ts/testdata/queue.json to how the chain encodes the messages
// of its queues: one of each kind.
func TestQueue(t *testing.T) {
	var list []queued
	add := func(to string, payload []byte, kind any, origin queue.MessageOrigin, tag, from string) {
		n := uint64(len(list))
		m := queue.Message{Seq: n + 1<<40, Block: chain.BlockNumber(n + 7), Time: 1_700_000_000_000 + n, Origin: origin, Payload: payload}
		list = append(list, queued{to, text(scale.Marshal(m)), m.Seq, uint32(m.Block), m.Time, tag, from, reflect.TypeOf(kind).Name(), text(payload)})
	}
	worker, account := [32]byte{5}, chain.AccountID{6}
	for _, m := range []words.WorkerMessage{
		words.Registered{}, words.ClusterJoin{}, words.Removed{}, words.ClusterSecret{}, words.EpochWanted{}, words.EpochChosen{}, words.Newcomer{},
		words.ClusterLeft{}, words.SnapshotWanted{}, words.SnapshotKept{}, words.ShareWanted{}, words.Share{},
	} {
		add("worker", scale.Encode(m), m, queue.OriginPallet{Name: []byte("Clusters")}, "pallet", "Clusters")
	}
	for i, m := range []words.ClusterMessage{
		words.Instantiate{}, words.Command{}, words.Code{}, words.Deposit{}, words.Return{}, words.Transact{}, words.Epoch{}, words.MakeSnapshot{}, words.Terms{},
	} {
		switch i % 3 {
		case 0:
			add("cluster", scale.Encode(m), m, queue.OriginAccount{ID: account}, "account", text(account[:]))
		case 1:
			add("cluster", scale.Encode(m), m, queue.OriginWorker{Identity: worker}, "worker", text(worker[:]))
		default:
			add("cluster", scale.Encode(m), m, queue.OriginCluster{ID: worker}, "cluster", text(worker[:]))
		}
	}
	hold(t, "queue.json", list)
}
