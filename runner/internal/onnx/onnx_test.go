package onnx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"biomass/runner/internal/weights"
)

// field is one field of a protocol buffer, read without a schema: a number, or bytes.
type field struct {
	number int
	value  uint64
	bytes  []byte
}

func fields(t *testing.T, b []byte) []field {
	t.Helper()
	var all []field
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		b = b[max(n, 0):]
		f := field{number: int(key >> 3)}
		switch key & 7 {
		case wireVarint:
			f.value, n = binary.Uvarint(b)
			b = b[max(n, 0):]
		case wireBytes:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				t.Fatalf("field %d has %d bytes, and %d are left", f.number, size, len(b)-n)
			}
			f.bytes, b = b[n:n+int(size)], b[n+int(size):]
		case wireFixed4:
			f.value, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
		default:
			t.Fatalf("field %d is written as %d", f.number, key&7)
		}
		all = append(all, f)
	}
	return all
}

// of returns the fields of a number.
func of(all []field, number int) []field {
	return slices.DeleteFunc(slices.Clone(all), func(f field) bool { return f.number != number })
}

func texts(all []field) []string {
	var s []string
	for _, f := range all {
		s = append(s, string(f.bytes))
	}
	return s
}

var small = Model{
	Name: "small",
	Nodes: []Node{{Operator: "Conv", Inputs: []string{"x", "w"}, Outputs: []string{"y"}, Attributes: []Attribute{
		{"pads", []int{0, 1, 300, 3}}, {"group", 2}, {"alpha", float32(0.5)},
	}}},
	Inputs:   []Value{{Name: "x", Shape: []int{3, 300}}},
	Outputs:  []Value{{Name: "y", Shape: []int{1}}},
	Weights:  []weights.Tensor{{Name: "w", Shape: []int{2, 1}, Float: []float32{1, -2}}, {Name: "axes", Shape: []int{1}, Int: []int64{-3}}},
	Metadata: map[string]string{"unit": "g", "classes": "a\nb"},
}

func TestWrite(t *testing.T) {
	var b bytes.Buffer
	if err := small.Write(&b); err != nil {
		t.Fatal(err)
	}
	file := fields(t, b.Bytes())
	if version := of(file, 1); len(version) != 1 || version[0].value != irVersion {
		t.Errorf("the format's version is %v", version)
	}
	if set := fields(t, of(file, 8)[0].bytes); len(of(set, 1)[0].bytes) != 0 || of(set, 2)[0].value != operatorSet {
		t.Errorf("the operators are %v", set)
	}
	var metadata []string
	for _, entry := range of(file, 14) {
		metadata = append(metadata, texts(fields(t, entry.bytes))...)
	}
	if !slices.Equal(metadata, []string{"classes", "a\nb", "unit", "g"}) {
		t.Errorf("the metadata are %q", metadata)
	}
	graph := fields(t, of(file, 7)[0].bytes)
	node := fields(t, of(graph, 1)[0].bytes)
	if !slices.Equal(texts(of(node, 1)), []string{"x", "w"}) || !slices.Equal(texts(of(node, 2)), []string{"y"}) || !slices.Equal(texts(of(node, 4)), []string{"Conv"}) {
		t.Errorf("the node is %v", node)
	}
	var pads []uint64
	attributes := of(node, 5)
	for _, f := range of(fields(t, attributes[0].bytes), 8) {
		pads = append(pads, f.value)
	}
	group, alpha := fields(t, attributes[1].bytes), fields(t, attributes[2].bytes)
	if !slices.Equal(pads, []uint64{0, 1, 300, 3}) || of(group, 3)[0].value != 2 || of(group, 20)[0].value != attributeInt ||
		math.Float32frombits(uint32(of(alpha, 2)[0].value)) != 0.5 || of(alpha, 20)[0].value != attributeFloat {
		t.Errorf("the attributes are %v, %v and %v", pads, group, alpha)
	}
	w, axes := fields(t, of(graph, 5)[0].bytes), fields(t, of(graph, 5)[1].bytes)
	if !bytes.Equal(of(w, 9)[0].bytes, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}) || of(w, 2)[0].value != typeFloat || len(of(w, 1)) != 2 {
		t.Errorf("the weights are %v", w)
	}
	if int64(binary.LittleEndian.Uint64(of(axes, 9)[0].bytes)) != -3 || of(axes, 2)[0].value != typeInt64 {
		t.Errorf("the axes are %v", axes)
	}
	// x: (batch, 3, 300) of floats.
	tensor := fields(t, of(fields(t, of(fields(t, of(graph, 11)[0].bytes), 2)[0].bytes), 1)[0].bytes)
	var shape []any
	for _, d := range of(fields(t, of(tensor, 2)[0].bytes), 1) {
		dimension := fields(t, d.bytes)[0]
		if dimension.number == 2 {
			shape = append(shape, string(dimension.bytes))
		} else {
			shape = append(shape, int(dimension.value))
		}
	}
	if !reflect.DeepEqual(shape, []any{"batch", 3, 300}) {
		t.Errorf("the input is %v", shape)
	}
}

var errFull = errors.New("no space left")

type fullDisk struct{ room int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room -= len(b); d.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestWriteErrors(t *testing.T) {
	wrong := Model{Nodes: []Node{{Operator: "Clip", Attributes: []Attribute{{"max", 6.0}}}}}
	if err := wrong.Write(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "the attribute max of Clip is a float64") {
		t.Errorf("an attribute of another type: %v", err)
	}
	var b bytes.Buffer
	if err := small.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, b.Len() - 20, b.Len() - 1} {
		if err := small.Write(&fullDisk{room}); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}
