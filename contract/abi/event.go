package abi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tacit-network/tacit/hash"
	"github.com/tacit-network/tacit/scale"
)

// Event is an event that a contract deposits.
type Event struct {
	Args           []EventArg `json:"args"`
	Docs           []string   `json:"docs"`
	Label          string     `json:"label"`
	ModulePath     string     `json:"module_path,omitempty"`
	SignatureTopic string     `json:"signature_topic,omitempty"`
}

// EventArg is a field of an event.
type EventArg struct {
	Docs    []string `json:"docs"`
	Indexed bool     `json:"indexed"`
	Label   string   `json:"label"`
	Type    TypeRef  `json:"type"`
}

// ErrNoEvent is returned for an event that the metadata does not have.
var ErrNoEvent = errors.New("the metadata has no such event")

// DecodeEvent reads an event that was deposited as ink! 5 does, which names
// events by their first topic.
func (m *Metadata) DecodeEvent(topics []hash.H256, data []byte) (string, error) {
	if len(topics) == 0 {
		return "", ErrNoEvent
	}
	for _, e := range m.Spec.Events {
		if e == nil || e.SignatureTopic != topics[0].String() {
			continue
		}
		d := scale.NewDecoder(data)
		var parts []string
		for _, a := range e.Args {
			s, err := m.value(d, a.Type.Type, 0)
			if err != nil {
				return "", fmt.Errorf("event %s: %w", e.Label, err)
			}
			parts = append(parts, a.Label+": "+s)
		}
		if err := d.Finish(); err != nil {
			return "", fmt.Errorf("event %s: %w", e.Label, err)
		}
		return e.Label + "{" + strings.Join(parts, ", ") + "}", nil
	}
	return "", ErrNoEvent
}
