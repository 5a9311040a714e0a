package network

import (
	"fmt"
	"hash"
	"hash/fnv"
	"slices"

	"github.com/chewxy/hm"
	_ "go4.org/unsafe/assume-no-moving-gc" // its pinned version lets gorgonia start on this Go
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"biomass/runner/internal/kernel"
)

// graph is one Gorgonia expression graph and the machine that runs it. Batch
// size and purpose are fixed; parameters are shared with all other graphs of
// the network, buffers too, because only one graph runs at a time.
type graph struct {
	expression *gorgonia.ExprGraph
	machine    gorgonia.VM
	memory     *memory
	// keep says that the forward pass gives no buffer back, so that it can be
	// looked at when the run is over.
	keep bool
	ops  uint64
}

func newGraph(memory *memory, keep bool) *graph {
	return &graph{expression: gorgonia.NewGraph(), memory: memory.open(), keep: keep}
}

// variable makes an input node of this shape. A value of nil is bound later.
func (g *graph) variable(name string, value *tensor.Dense, shape ...int) *gorgonia.Node {
	node := gorgonia.NewTensor(g.expression, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
	if value != nil {
		// It cannot fail: shape and type are the node's own.
		_ = gorgonia.Let(node, value)
	}
	return node
}

// run executes the graph once.
func (g *graph) run() error {
	if g.machine == nil {
		g.machine = gorgonia.NewTapeMachine(g.expression)
	}
	defer g.machine.Reset()
	return g.machine.RunAll()
}

// wrap makes a tensor that shares data.
func wrap(data []float32, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

// op is the one operation type of our graphs. Its arithmetic is forward, a
// function on slices; it owns its output.
//
// An op may have several outputs: those after the first are ops of their own,
// its parts, which only hand out what the owner has written. Gorgonia knows
// them as ops that read the owner's first output.
type op struct {
	graph *graph
	id    uint64
	name  string
	shape tensor.Shape // of the output; a scalar has none
	// forward reads in and overwrites out: its own output and then its parts'.
	forward func(in, out [][]float32)
	// gradient makes the nodes of the inputs' gradients; nil for an op of the
	// backward pass, which has none.
	gradient func(inputs gorgonia.Nodes, output, upstream *gorgonia.Node) (gorgonia.Nodes, error)
	// constant marks inputs whose gradient is not wanted.
	constant []bool
	// forks holds, an input, the fork that collects its gradient, or nil.
	forks []*op

	inputs []*op // the inputs' ops; nil for a variable
	types  []hm.Type
	parts  []*op
	owner  *op // of a part
	// alias says that the output is the first input, changed in place.
	alias bool
	// backing is where the output lies if that is not the graph's memory.
	backing []float32
	// backward marks an op whose output is given back after its last reader.
	backward bool

	readers, waiting int
	value            gorgonia.Value
	buffer           []float32
	arguments        [][]float32
	results          [][]float32
	collected        gorgonia.Nodes // of a fork: the gradients of its other readers
}

// apply makes o a node that reads the children.
func (g *graph) apply(o *op, children ...*gorgonia.Node) (*gorgonia.Node, error) {
	o.graph, o.id = g, g.ops
	g.ops++
	o.inputs = make([]*op, len(children))
	o.types = make([]hm.Type, len(children), len(children)+1)
	for i, child := range children {
		o.types[i] = child.Type()
		if read, ok := child.Op().(*op); ok {
			o.inputs[i] = read
			read.readers++
		}
	}
	o.types = append(o.types, typeOf(o.shape))
	o.arguments = make([][]float32, len(children))
	node, err := gorgonia.ApplyOp(o, children...)
	if err != nil {
		return nil, fmt.Errorf("graph of %s: %w", o.name, err)
	}
	return node, nil
}

// part makes the node of one more output of the node's op. A backing of nil
// takes the buffer from the graph's memory.
func (g *graph) part(of *gorgonia.Node, name string, backing []float32, shape ...int) (*gorgonia.Node, error) {
	owner := of.Op().(*op)
	p := &op{name: name, shape: shape, owner: owner, backing: backing, backward: true}
	owner.parts = append(owner.parts, p)
	return g.apply(p, of)
}

func typeOf(shape tensor.Shape) hm.Type {
	if len(shape) == 0 {
		return tensor.Float32
	}
	return gorgonia.TensorType{Dims: len(shape), Of: tensor.Float32}
}

// Arity implements gorgonia.Op.
func (o *op) Arity() int { return len(o.inputs) }

// Type implements gorgonia.Op.
func (o *op) Type() hm.Type { return hm.NewFnType(o.types...) }

// InferShape implements gorgonia.Op.
func (o *op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }

// ReturnsPtr implements gorgonia.Op.
func (o *op) ReturnsPtr() bool { return true }

// CallsExtern implements gorgonia.Op; true would have the machine allocate the
// output afresh in every run.
func (o *op) CallsExtern() bool { return false }

// OverwritesInput implements gorgonia.Op. The machine's registers are not ours
// to share: what an alias overwrites is known to memory.
func (o *op) OverwritesInput() int { return -1 }

// WriteHash implements gorgonia.Op. The number keeps equal ops apart: Gorgonia
// would make one node of them.
func (o *op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%s#%d", o.name, o.id) }

// Hashcode implements gorgonia.Op.
func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// String implements gorgonia.Op.
func (o *op) String() string { return o.name }

// DiffWRT implements gorgonia.SDOp. An input that a fork collects for is not
// Gorgonia's to differentiate.
func (o *op) DiffWRT(inputs int) []bool {
	wanted := make([]bool, inputs)
	for i := range wanted {
		wanted[i] = o.gradient != nil && !(i < len(o.constant) && o.constant[i]) && !(i < len(o.forks) && o.forks[i] != nil)
	}
	return wanted
}

// SymDiff implements gorgonia.SDOp.
func (o *op) SymDiff(inputs gorgonia.Nodes, output, upstream *gorgonia.Node) (gorgonia.Nodes, error) {
	gradients, err := o.gradient(inputs, output, upstream)
	if err != nil {
		return nil, err
	}
	for i, fork := range o.forks {
		if fork != nil {
			fork.collected = append(fork.collected, gradients[i])
			gradients[i] = nil
		}
	}
	return gradients, nil
}

// Do implements gorgonia.Op. A panic of a kernel must not pass: it would come
// up in the machine's own goroutine, where nobody can catch it.
func (o *op) Do(values ...gorgonia.Value) (value gorgonia.Value, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("%s: %v", o.name, broken)
		}
	}()
	first := o.value == nil
	if first {
		o.allocate()
	}
	if o.forward != nil {
		for i, v := range values {
			switch v := v.(type) {
			case *tensor.Dense:
				o.arguments[i] = v.Float32s()
			case *gorgonia.F32:
				o.arguments[i] = []float32{float32(*v)}
			}
		}
		o.forward(o.arguments, o.results)
		if scalar, ok := o.value.(*gorgonia.F32); ok {
			*scalar = gorgonia.F32(o.buffer[0])
		}
	}
	if first {
		o.settle()
	}
	return o.value, nil
}

// allocate gives the op and its parts their outputs. Because every run takes
// the same order, what the first run settles holds for all of them.
func (o *op) allocate() {
	switch {
	case o.owner != nil:
		o.value = wrap(o.buffer, o.shape...)
		return
	case o.alias:
		o.value, o.buffer = o.inputs[0].value, o.inputs[0].buffer
	case len(o.shape) == 0:
		o.value, o.buffer = gorgonia.NewF32(0), make([]float32, 1)
	default:
		o.buffer = o.backing
		if o.buffer == nil {
			o.buffer = o.graph.memory.take(o.shape.TotalSize())
		}
		o.value = wrap(o.buffer, o.shape...)
	}
	o.waiting = o.readers
	o.results = append(o.results, o.buffer)
	for _, p := range o.parts {
		p.buffer, p.waiting = p.backing, p.readers
		if p.buffer == nil {
			p.buffer = o.graph.memory.take(p.shape.TotalSize())
		}
		o.results = append(o.results, p.buffer)
	}
}

// settle gives back the buffers that nobody reads any more.
func (o *op) settle() {
	for i, read := range o.inputs {
		if read != nil && !(o.alias && i == 0) {
			read.release()
		}
	}
	if o.readers == 0 {
		o.waiting = 1
		o.release()
	}
}

// release counts one reader as done.
func (o *op) release() {
	o.waiting--
	switch {
	case o.waiting > 0 || o.backing != nil || len(o.shape) == 0 || o.graph.keep && !o.backward:
	case o.alias:
		o.inputs[0].release()
	default:
		o.graph.memory.give(o.buffer)
	}
}

// fork makes a node that stands for x where it has several readers. Gorgonia
// sees one of them differentiate it; the others' gradients are collected and
// added to that one's in place, where Gorgonia would make new tensors.
func (g *graph) fork(x *gorgonia.Node, shape tensor.Shape) (*gorgonia.Node, error) {
	o := &op{name: "fork", shape: shape, alias: true}
	o.gradient = func(_ gorgonia.Nodes, _, upstream *gorgonia.Node) (sum gorgonia.Nodes, err error) {
		for _, other := range o.collected {
			accumulate := &op{name: "accumulate", shape: shape, alias: true, backward: true}
			accumulate.forward = func(in, out [][]float32) { kernel.AddRelu(out[0], out[0], in[1], false) }
			if upstream, err = g.apply(accumulate, upstream, other); err != nil {
				return nil, err
			}
		}
		return gorgonia.Nodes{upstream}, nil
	}
	return g.apply(o, x)
}

// memory lends buffers to the graphs of one network. Nothing in them outlives a
// run, so that every graph starts with all of them free.
type memory struct {
	all  *[][]float32
	free [][]float32
}

func newMemory() *memory { return &memory{all: new([][]float32)} }

// open returns the memory as a new graph sees it.
func (m *memory) open() *memory { return &memory{all: m.all, free: slices.Clone(*m.all)} }

// take lends n numbers: the smallest free buffer that is large enough, or a new
// one.
func (m *memory) take(n int) []float32 {
	best := none
	for i, b := range m.free {
		if cap(b) >= n && (best == none || cap(b) < cap(m.free[best])) {
			best = i
		}
	}
	if best == none {
		b := make([]float32, n)
		*m.all = append(*m.all, b)
		return b
	}
	b := m.free[best][:n]
	m.free = slices.Delete(m.free, best, best+1)
	return b
}

// give takes a lent buffer back.
func (m *memory) give(b []float32) { m.free = append(m.free, b[:cap(b)]) }
