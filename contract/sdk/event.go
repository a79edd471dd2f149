package sdk

// EventInfo describes an event to metadata.
type EventInfo struct {
	Name   string
	Fields []Param
	Topics []bool // which fields are topics
}

// Signature is what the first topic of the event is the hash of: as in ink! 5,
// its name and the types of its fields.
func (e *EventInfo) Signature() string {
	s := e.Name + "("
	for i, f := range e.Fields {
		if i > 0 {
			s += ","
		}
		s += f.Type.String()
	}
	return s + ")"
}

// Event is a kind of event.
type Event[E any] struct {
	EventInfo
	fields []FieldOf[E]
}

// NewEvent returns a kind of event, whose EventInfo is to be listed in
// Contract.Events. At most three fields are topics.
func NewEvent[E any](name string, fields ...FieldOf[E]) *Event[E] {
	e := &Event[E]{EventInfo{Name: name, Fields: params(fields)}, fields}
	n := 0
	for i := range fields {
		e.Topics = append(e.Topics, fields[i].topic)
		if fields[i].topic {
			n++
		}
	}
	if n > 3 {
		panic("event " + name + " has more than three topics")
	}
	return e
}

// Topic is a field of an event by which events can be looked for.
func Topic[S, T any](name string, codec Codec[T], at func(s *S) *T) FieldOf[S] {
	f := Field(name, codec, at)
	f.topic = true
	return f
}

// Emit deposits an event.
func (e *Event[E]) Emit(c *Call, v E) {
	topics := []Hash{c.Blake2b256([]byte(e.Signature()))}
	var data []byte
	for i := range e.fields {
		start := len(data)
		data = e.fields[i].append(data, &v)
		if !e.fields[i].topic {
			continue
		}
		// What is no longer than a hash is its own topic.
		if field := data[start:]; len(field) <= 32 {
			var t Hash
			copy(t[:], field)
			topics = append(topics, t)
		} else {
			topics = append(topics, c.Blake2b256(field))
		}
	}
	c.Emit(topics, data)
}
