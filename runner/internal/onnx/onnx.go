// Package onnx owns the ONNX file: a graph of standard operators with its weights,
// for other programs to run. It writes one and reads none. It knows the format and no
// network; whether a graph makes sense is for its maker to see to.
package onnx

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"biomass/runner/internal/weights"
)

// operatorSet is the version of the standard operators that a Model is made of.
const operatorSet = 17

// irVersion is the version of the format that came with those operators.
const irVersion = 8

// Model is a graph and the texts beside it.
type Model struct {
	Name            string
	Nodes           []Node // each behind those that it reads
	Inputs, Outputs []Value
	Weights         []weights.Tensor
	Metadata        map[string]string
}

// Node is one operation.
type Node struct {
	Operator        string
	Inputs, Outputs []string
	Attributes      []Attribute
}

// Attribute is a constant of a node: an int, a []int or a float32.
type Attribute struct {
	Name  string
	Value any
}

// Value is an input or output of floats. Its first dimension is the batch, of any
// size; Shape has the others.
type Value struct {
	Name  string
	Shape []int
}

// Types of numbers and of attributes, as the format numbers them.
const (
	typeFloat = 1
	typeInt64 = 7

	attributeFloat = 1
	attributeInt   = 2
	attributeInts  = 7
)

// message is a protocol buffer that is being written. The numbers of fields are those
// of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
type message []byte

// The ways in which a field may be written.
const (
	wireVarint = 0
	wireBytes  = 2
	wireFixed4 = 5
)

func (m *message) key(field, wire int) {
	*m = binary.AppendUvarint(*m, uint64(field<<3|wire))
}

func (m *message) integer(field int, v int) {
	m.key(field, wireVarint)
	*m = binary.AppendUvarint(*m, uint64(v))
}

func (m *message) text(field int, s string) {
	m.begin(field, len(s))
	*m = append(*m, s...)
}

func (m *message) message(field int, inner message) { m.text(field, string(inner)) }

func (m *message) float(field int, v float32) {
	m.key(field, wireFixed4)
	*m = binary.LittleEndian.AppendUint32(*m, math.Float32bits(v))
}

// begin writes what stands before a field of so many bytes.
func (m *message) begin(field, size int) {
	m.key(field, wireBytes)
	*m = binary.AppendUvarint(*m, uint64(size))
}

// Write writes the model. Equal models give equal bytes.
func (m *Model) Write(w io.Writer) error {
	if err := m.write(w); err != nil {
		return fmt.Errorf("write onnx: %w", err)
	}
	return nil
}

func (m *Model) write(w io.Writer) error {
	var graph message
	for _, n := range m.Nodes {
		node, err := n.message()
		if err != nil {
			return err
		}
		graph.message(1, node)
	}
	graph.text(2, m.Name)
	for _, v := range m.Inputs {
		graph.message(11, v.message())
	}
	for _, v := range m.Outputs {
		graph.message(12, v.message())
	}
	// The weights come last, and are written as they come: they are most of the file.
	heads := make([]message, len(m.Weights))
	size := len(graph)
	for i, t := range m.Weights {
		heads[i] = tensorHead(t)
		size += len(heads[i]) + dataBytes(t)
	}
	if size > math.MaxInt32 {
		return fmt.Errorf("the model has %d bytes, and the format allows no more than %d", size, math.MaxInt32)
	}

	var file message
	file.integer(1, irVersion)
	file.text(2, "runner")
	var operators message
	operators.text(1, "") // the standard ones
	operators.integer(2, operatorSet)
	file.message(8, operators)
	for _, key := range slices.Sorted(maps.Keys(m.Metadata)) {
		var entry message
		entry.text(1, key)
		entry.text(2, m.Metadata[key])
		file.message(14, entry)
	}
	file.begin(7, size)
	if _, err := w.Write(append(file, graph...)); err != nil {
		return err
	}
	for i, t := range m.Weights {
		if _, err := w.Write(heads[i]); err != nil {
			return err
		}
		if err := t.WriteNumbers(w); err != nil {
			return err
		}
	}
	return nil
}

func dataBytes(t weights.Tensor) int { return 4*len(t.Float) + 8*len(t.Int) }

// tensorHead is the graph's field of a tensor, up to its numbers.
func tensorHead(t weights.Tensor) message {
	var tensor message
	for _, d := range t.Shape {
		tensor.integer(1, d)
	}
	kind := typeFloat
	if t.Int != nil {
		kind = typeInt64
	}
	tensor.integer(2, kind)
	tensor.text(8, t.Name)
	tensor.begin(9, dataBytes(t)) // raw_data
	var head message
	head.begin(5, len(tensor)+dataBytes(t))
	return append(head, tensor...)
}

func (n Node) message() (message, error) {
	var m message
	for _, name := range n.Inputs {
		m.text(1, name)
	}
	for _, name := range n.Outputs {
		m.text(2, name)
	}
	if len(n.Outputs) > 0 {
		m.text(3, n.Outputs[0])
	}
	m.text(4, n.Operator)
	for _, a := range n.Attributes {
		var attribute message
		attribute.text(1, a.Name)
		switch v := a.Value.(type) {
		case float32:
			attribute.float(2, v)
			attribute.integer(20, attributeFloat)
		case int:
			attribute.integer(3, v)
			attribute.integer(20, attributeInt)
		case []int:
			for _, i := range v {
				attribute.integer(8, i)
			}
			attribute.integer(20, attributeInts)
		default:
			return nil, fmt.Errorf("the attribute %s of %s is a %T", a.Name, n.Operator, v)
		}
		m.message(5, attribute)
	}
	return m, nil
}

func (v Value) message() message {
	var shape message
	var batch message
	batch.text(2, "batch")
	shape.message(1, batch)
	for _, d := range v.Shape {
		var dimension message
		dimension.integer(1, d)
		shape.message(1, dimension)
	}
	var tensor, kind, m message
	tensor.integer(1, typeFloat)
	tensor.message(2, shape)
	kind.message(1, tensor)
	m.text(1, v.Name)
	m.message(2, kind)
	return m
}
