// Package strictjson reads configuration: unknown and repeated keys are faults,
// and all faults are told at once, each with the place where it stands. It writes
// nothing, and knows none of the structs that it fills.
package strictjson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Decode reads one JSON value into v, a pointer to a struct whose fields have
// json tags. The error joins all faults.
func Decode(data []byte, v any) error {
	if !json.Valid(data) {
		var syntax json.RawMessage
		err := json.Unmarshal(data, &syntax)
		if at, ok := errors.AsType[*json.SyntaxError](err); ok {
			before := data[:min(int(at.Offset), len(data))]
			return fmt.Errorf("line %d: %w", bytes.Count(before, []byte("\n"))+1, err)
		}
		return err
	}
	var d decoder
	d.value(reflect.ValueOf(v).Elem(), data, "")
	return errors.Join(d.faults...)
}

type decoder struct{ faults []error }

func (d *decoder) fault(path string, err error) {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = fmt.Errorf("a %s where a %s belongs", wrong.Value, wrong.Type)
	}
	if path == "" {
		path = "the file"
	}
	d.faults = append(d.faults, fmt.Errorf("%s: %w", path, err))
}

// leaf reads a value that has no parts of ours.
func (d *decoder) leaf(v reflect.Value, data []byte, path string) {
	if err := json.Unmarshal(data, v.Addr().Interface()); err != nil {
		d.fault(path, err)
	}
}

func (d *decoder) value(v reflect.Value, data []byte, path string) {
	switch v.Addr().Interface().(type) {
	case json.Unmarshaler, encoding.TextUnmarshaler:
		d.leaf(v, data, path)
		return
	}
	switch {
	case v.Kind() == reflect.Pointer:
		if string(bytes.TrimSpace(data)) == "null" {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		d.value(v.Elem(), data, path)
	case v.Kind() == reflect.Struct:
		d.object(v, data, path)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		var items []json.RawMessage
		if err := json.Unmarshal(data, &items); err != nil {
			d.fault(path, err)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			d.value(v.Index(i), item, fmt.Sprintf("%s[%d]", path, i))
		}
	default:
		d.leaf(v, data, path)
	}
}

func (d *decoder) object(v reflect.Value, data []byte, path string) {
	parts, twice, err := split(data)
	if err != nil {
		d.fault(path, err)
		return
	}
	for _, name := range twice {
		d.fault(strings.TrimPrefix(path+"."+name, "."), errors.New("the key stands twice"))
	}
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = v.Field(i)
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		below := strings.TrimPrefix(path+"."+name, ".")
		if f, ok := fields[name]; ok {
			d.value(f, parts[name], below)
		} else {
			d.fault(below, fmt.Errorf("unknown key, the known ones are %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", ")))
		}
	}
}

// split takes an object apart, and tells the keys that stand in it again.
func split(data []byte) (parts map[string]json.RawMessage, twice []string, err error) {
	if err := json.Unmarshal(data, &parts); err != nil || len(parts) == 0 {
		return parts, nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		var skipped json.RawMessage
		if err := dec.Decode(&skipped); err != nil {
			return nil, nil, err
		}
		name, _ := key.(string)
		if seen[name] {
			twice = append(twice, name)
		}
		seen[name] = true
	}
	return parts, twice, nil
}
