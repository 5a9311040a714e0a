package network

import (
	"fmt"
	"hash"
	"hash/fnv"
	"runtime"

	"github.com/chewxy/hm"
	_ "go4.org/unsafe/assume-no-moving-gc" // its pinned version lets gorgonia start on this Go
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"biomass/runner/internal/kernel"
)

// graph is one Gorgonia expression graph and the machine that runs it. Batch
// size and purpose are fixed; parameters are shared with all other graphs of
// the network, and the arena too, because only one graph runs at a time.
type graph struct {
	expression *gorgonia.ExprGraph
	machine    gorgonia.VM
	ops        uint64
	// output is the op whose output is read when the run is over; nil for none.
	output *op
	// sequence is the order in which the machine runs the ops, once it is known.
	sequence []*op
	planned  bool
	// reserve returns an arena of at least so many numbers.
	reserve func(size int) []float32
	// watching has every op note whether its output is finite.
	watching bool
}

func newGraph(reserve func(size int) []float32) *graph {
	return &graph{expression: gorgonia.NewGraph(), reserve: reserve}
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

// run executes the graph once. Before the first time it rehearses: the machine
// runs, but the ops only note their order, from which their memory is planned.
func (g *graph) run() error {
	if g.machine == nil {
		g.machine = gorgonia.NewTapeMachine(g.expression)
		// Its finalizer is for memory on a GPU. Machine and ops know each other, and a cycle
		// with a finalizer is never freed: nor would the arena be, that of each network.
		runtime.SetFinalizer(g.machine, nil)
		if err := g.execute(); err != nil {
			return err
		}
		g.plan()
	}
	return g.execute()
}

func (g *graph) execute() error {
	defer g.machine.Reset()
	return g.machine.RunAll()
}

// wrap makes a tensor that shares data.
func wrap(data []float32, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

// op is the one operation type of our graphs. Its arithmetic is forward, a
// function on slices.
//
// An op may have several outputs: those after the first are ops of their own,
// its parts, which only hand out what the owner has written. Gorgonia knows
// them as ops that read the owner's first output.
type op struct {
	graph *graph
	id    uint64
	name  string
	shape tensor.Shape // of the output; a scalar has none
	// forward reads in and overwrites out: its own output and then its parts'. It is
	// nil for a fork, whose output is its input, and for a part.
	forward func(in, out [][]float32)
	// gradient makes the nodes of the inputs' gradients; nil for an op of the
	// backward pass, which has none.
	gradient func(inputs gorgonia.Nodes, output, upstream *gorgonia.Node) (gorgonia.Nodes, error)
	// constant marks inputs whose gradient is not wanted.
	constant []bool
	// forks holds, an input, the fork that collects its gradient, or nil.
	forks []*op
	// anchored marks an op whose gradients are all collected by forks. Gorgonia would see no
	// input that it wants a gradient of, and not differentiate the op: so the weight, which is
	// frozen, passes for one, and for its own gradient, which nobody reads.
	anchored bool

	inputs []*op // the inputs' ops; nil for a variable
	types  []hm.Type
	parts  []*op
	owner  *op // of a part
	// inPlace says that the output may lie where the first input does, if nobody
	// reads that one later. For a part it is the owner's first input.
	inPlace bool
	// backing is where the output lies if that is not the arena.
	backing []float32

	last      int    // position in the sequence of the output's last reader
	block     *block // of the output in the arena, or nil
	value     gorgonia.Value
	buffer    []float32
	arguments [][]float32
	results   [][]float32
	broken    bool           // the output held NaN or infinity when it was last watched
	collected gorgonia.Nodes // of a fork: the gradients of its other readers
}

// apply makes o a node that reads the children.
func (g *graph) apply(o *op, children ...*gorgonia.Node) (*gorgonia.Node, error) {
	o.graph, o.id = g, g.ops
	g.ops++
	o.inputs = make([]*op, len(children))
	o.types = make([]hm.Type, len(children), len(children)+1)
	for i, child := range children {
		o.types[i] = child.Type()
		o.inputs[i], _ = child.Op().(*op)
	}
	o.types = append(o.types, typeOf(o.shape))
	o.arguments = make([][]float32, len(children))
	node, err := gorgonia.ApplyOp(o, children...)
	if err != nil {
		return nil, fmt.Errorf("graph of %s: %w", o.name, err)
	}
	return node, nil
}

// part makes the node of one more output of the node's op. One without backing
// is given a place in the arena.
func (g *graph) part(of *gorgonia.Node, p op, shape ...int) (*gorgonia.Node, error) {
	p.shape, p.owner = shape, of.Op().(*op)
	p.owner.parts = append(p.owner.parts, &p)
	return g.apply(&p, of)
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
// to share: what is overwritten is planned.
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
	if o.anchored {
		gradients[1] = inputs[1]
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
	if !o.graph.planned {
		o.graph.sequence = append(o.graph.sequence, o)
		return gorgonia.NewF32(0), nil
	}
	if o.forward == nil {
		return o.value, nil
	}
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
	if o.graph.watching {
		o.broken = kernel.FirstNonFinite(o.buffer) >= 0
	}
	return o.value, nil
}

// fork makes a node that stands for x where it has several readers. Gorgonia
// sees one of them differentiate it; the others' gradients are collected and
// added to that one's, where Gorgonia would make new tensors.
func (g *graph) fork(x *gorgonia.Node, shape tensor.Shape) (*gorgonia.Node, error) {
	o := &op{name: "fork", shape: shape}
	o.gradient = func(_ gorgonia.Nodes, _, upstream *gorgonia.Node) (sum gorgonia.Nodes, err error) {
		for _, other := range o.collected {
			accumulate := &op{name: "accumulate", shape: shape, inPlace: true}
			accumulate.forward = func(in, out [][]float32) { kernel.Add(out[0], in[0], in[1]) }
			if upstream, err = g.apply(accumulate, upstream, other); err != nil {
				return nil, err
			}
		}
		return gorgonia.Nodes{upstream}, nil
	}
	return g.apply(o, x)
}
