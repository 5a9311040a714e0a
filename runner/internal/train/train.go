// Package train owns the training loop: it feeds a network with batches, epoch
// after epoch, and keeps the history and the weights that the recipe asks for.
// What it does is a pure function of its input: an interrupted training that
// goes on from a checkpoint gives the same bits as one that was never cut.
package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync/atomic"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/kernel"
	"biomass/runner/internal/metric"
	"biomass/runner/internal/network"
	"biomass/runner/internal/progress"
	"biomass/runner/internal/recipe"
	"biomass/runner/internal/rng"
	"biomass/runner/internal/transform"
	"biomass/runner/internal/weights"
)

// Photo returns the pixels of a photo, (size, size, channels), from memory or read
// anew each time. They are not to be changed. It may be called by several goroutines.
type Photo func() ([]uint8, error)

// InMemory returns the photo of these pixels.
func InMemory(pixels []uint8) Photo {
	return func() ([]uint8, error) { return pixels, nil }
}

// Set is one part of the data.
type Set struct {
	Photos   []Photo
	Features [][]float32 // each of Fitted.Width numbers; nil without data.features
	Targets  []float64   // in the original unit, or indices of classes
}

// Input is everything that a training depends on.
type Input struct {
	Spec              recipe.Train
	Classes           []string // of a classification, an output each; nil for a regression
	Augment           []recipe.Augment
	Mix               recipe.Mix
	Size              int              // height and width of the pixels
	Network           *network.Network // initialised
	Fitted            *transform.Fitted
	Train, Validation Set
	Checkpoints       Checkpoints
	FeatureStore      FeatureStore // may be nil
	Progress          progress.Reporter
	Epoch             func(Epoch) // is told of every epoch that ends; may be nil
}

// Epoch is what is known of the network at the end of one epoch. What the task
// does not measure is nil.
type Epoch struct {
	Epoch              int           `json:"epoch"`          // from 1
	Rate               *float64      `json:"rate,omitempty"` // of the last step, where a schedule changes it
	TrainLoss          float64       `json:"train_loss"`     // mean over the epoch's steps, on the scaled target
	ValidationLoss     float64       `json:"validation_loss"`
	ValidationRMSE     *float64      `json:"validation_rmse,omitempty"` // in the original unit
	ValidationAccuracy *float64      `json:"validation_accuracy,omitempty"`
	ValidationMacroF1  *float64      `json:"validation_macro_f1,omitempty"`
	State              digest.Digest `json:"state"` // of network, optimiser and average
}

// Result is a finished training.
type Result struct {
	Epochs  []Epoch
	Kept    int              // the epoch, from 1, whose weights these are
	Weights []weights.Tensor // torchvision's names and layout
}

// Checkpoint is an unfinished one, complete enough to go on bit for bit.
type Checkpoint struct {
	Result
	State []weights.Tensor // of network, optimiser and average after the last epoch
}

// Checkpoints keeps the newest checkpoint of one training.
type Checkpoints interface {
	// Load returns the newest checkpoint, or nil when there is none.
	Load() (*Checkpoint, error)
	Save(*Checkpoint) error
}

// Run trains. It stops with ctx's error soon after ctx is done; the epochs that
// were finished by then stand in the checkpoint.
func Run(ctx context.Context, in Input) (*Result, error) {
	l, err := begin(ctx, in, in.Spec.Epochs)
	if err != nil {
		return nil, err
	}
	return &l.Result, nil
}

// Replay trains again from a checkpoint, or from the start where it is nil, to
// the end of epoch last, with the bits that Run gives, and returns the
// checkpoint there. Of the one that it begins with only Epochs and State are
// read.
func Replay(ctx context.Context, in Input, from *Checkpoint, last int) (*Checkpoint, error) {
	between := &between{from: from}
	in.Checkpoints = between
	if _, err := begin(ctx, in, last); err != nil {
		return nil, err
	}
	if between.to == nil || len(between.to.Epochs) != last {
		return nil, fmt.Errorf("the training stops before epoch %d, as train.stop says", last)
	}
	return between.to, nil
}

// between is the checkpoint that a replay begins with and the one it ends with.
type between struct{ from, to *Checkpoint }

func (b *between) Load() (*Checkpoint, error) { return b.from, nil }

func (b *between) Save(c *Checkpoint) error {
	b.to = c
	return nil
}

// begin trains to the end of epoch last, from where the checkpoint is.
func begin(ctx context.Context, in Input, last int) (*loop, error) {
	in.Network.At(1)
	loop := &loop{Input: in, optimizer: in.Network.NewOptimizer(in.Spec.Optimizer)}
	loop.optimizer.SetBackbone(in.Spec.BackboneFactor)
	var err error
	if loop.loss, err = in.loss(); err != nil {
		return nil, err
	}
	if err := in.Network.SetLoss(loop.loss); err != nil {
		return nil, err
	}
	if loop.batches, err = batches(len(in.Train.Photos), in.Spec.Batch, in.Spec.LastBatch); err != nil {
		return nil, err
	}
	if in.Spec.Sampler == balanced {
		loop.strata = in.strata()
	}
	if in.Spec.Average > 0 {
		loop.average = in.Network.NewAverage(in.Spec.Average)
	}
	if err := loop.resume(); err != nil {
		return nil, err
	}
	steps := (len(loop.batches) + in.Spec.Accumulate - 1) / in.Spec.Accumulate
	loop.schedule = schedule{in.Spec.Schedule, in.Spec.Optimizer.Rate(), in.Spec.Epochs, steps}
	photos := 0
	for _, b := range loop.batches {
		photos += b.end - b.start
	}
	loop.task = in.Progress.Start("train", last*photos, "photos")
	defer loop.task.Done()
	loop.task.Skip(len(loop.Epochs) * photos)
	for epoch := len(loop.Epochs) + 1; epoch <= last; epoch++ {
		if end, _ := Outcome(in.Spec, loop.Epochs); end > 0 {
			break
		}
		if err := loop.epoch(ctx, epoch); err != nil {
			return nil, err
		}
	}
	return loop, nil
}

// loop is a training under way.
type loop struct {
	Input
	Result
	optimizer *network.Optimizer
	average   *network.Average // nil without train.average
	features  *features        // of the rows, while they do not change; else nil
	loss      network.Loss
	schedule  schedule
	batches   []span
	strata    [][]int // of the balanced sampler
	buffers   [2]batch
	task      progress.Task
}

func (l *loop) resume() error {
	c, err := l.Checkpoints.Load()
	if err != nil || c == nil {
		return err
	}
	if l.Network.At(len(c.Epochs)) {
		// The state is that of the last epoch, in which more may have trained.
		l.optimizer.Follow()
	}
	tensors := min(len(l.Network.Tensors()), len(c.State)) // what is missing, Load says
	net, rest := c.State[:tensors], c.State[tensors:]
	err = l.Network.Load(net)
	if l.average != nil {
		tensors = max(len(rest)-tensors, 0) // the average has as many as the network
		err = errors.Join(err, l.average.Load(rest[tensors:]))
		rest = rest[:tensors]
	}
	if err := errors.Join(err, l.optimizer.Load(rest)); err != nil {
		return fmt.Errorf("go on from a checkpoint: %w", err)
	}
	l.Result = c.Result
	return nil
}

// epoch trains on every batch once, validates and keeps a checkpoint.
func (l *loop) epoch(ctx context.Context, epoch int) error {
	if l.Network.At(epoch) {
		l.optimizer.Follow()
		l.features = nil
	}
	if err := l.keepFeatures(ctx); err != nil {
		return err
	}
	var sum, rate float64
	seen, gathered := 0, 0 // rows of the epoch, and of the step
	l.task.Note(func() string {
		return fmt.Sprintf("epoch %d/%d, loss %.4g", epoch, l.Spec.Epochs, sum/float64(max(seen, 1)))
	})
	for step, b := range l.ahead(epoch) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.err != nil {
			return fmt.Errorf("epoch %d, step %d: %w", epoch, step+1, b.err)
		}
		rows := b.rows
		train := l.Network.Step
		if l.features != nil {
			train = l.Network.StepFeatures
		}
		loss, err := train(b.x, b.target, rows, func(layer uint64) *rng.Stream {
			return rng.New(l.Spec.Seed, "dropout", uint64(epoch), uint64(step), layer)
		})
		if err != nil {
			return at(err, epoch, step+1)
		}
		gathered += rows
		if l.Spec.Accumulate > 1 {
			l.optimizer.Accumulate(float64(rows) / float64(gathered))
		}
		if (step+1)%l.Spec.Accumulate == 0 || step+1 == len(l.batches) {
			rate = l.schedule.rate(l.Epochs, step/l.Spec.Accumulate)
			l.update(rate)
			gathered = 0
		}
		sum += float64(float64(loss) * float64(rows))
		seen += rows
		l.task.Add(rows)
	}
	e := Epoch{Epoch: epoch, TrainLoss: sum / float64(seen)}
	if l.schedule.Schedule != (recipe.Schedule{}) {
		e.Rate = &rate
	}
	net := l.Network.Tensors()
	state := append(net[:len(net):len(net)], l.optimizer.Tensors()...)
	if l.average != nil {
		state = append(state, l.average.Tensors()...)
		l.average.Swap()
		defer l.average.Swap()
		net = l.Network.Tensors()
	}
	if err := l.validate(&e); err != nil {
		return at(err, epoch, len(l.batches))
	}
	e.State = weights.Digest(state)
	l.Epochs = append(l.Epochs, e)
	if _, kept := Outcome(l.Spec, l.Epochs); kept == epoch {
		l.Kept, l.Weights = epoch, net
	}
	if err := l.Checkpoints.Save(&Checkpoint{Result: l.Result, State: state}); err != nil {
		return err
	}
	if l.Epoch != nil {
		l.Epoch(e)
	}
	return nil
}

// update goes one step along the gradients.
func (l *loop) update(rate float64) {
	if l.Spec.Clip > 0 {
		l.optimizer.Clip(l.Spec.Clip)
	}
	l.optimizer.SetRate(rate)
	l.optimizer.Step()
	if l.average != nil {
		l.average.Step()
	}
}

// batch is what one step trains on: the pictures, (rows, size, size, channels), and
// behind them the features, (rows, features); and the targets, (rows) or, where the
// pictures of a classification are mixed, (rows, classes).
type batch struct {
	rows      int
	x, target []float32
	plain     []float32 // of x before it was mixed
	err       error     // a photo that cannot be read
}

// ahead yields the epoch's batches in their order. While the network trains on
// one, a goroutine fills the next, in the other of two buffers; what is in them
// does not depend on when that happens.
func (l *loop) ahead(epoch int) iter.Seq2[int, *batch] {
	return func(yield func(int, *batch) bool) {
		order := l.order(epoch)
		spare, ready := make(chan *batch, len(l.buffers)), make(chan *batch)
		go func() {
			defer close(ready)
			for step, s := range l.batches {
				b, more := <-spare
				if !more {
					return
				}
				b.err = l.fill(b, epoch, order[s.start:s.end], s.start)
				if b.err == nil && l.mixes() {
					l.mix(b, epoch, step, order[s.start:s.end])
				}
				ready <- b
			}
		}()
		defer func() { // where a step failed, wait until nothing is read any more
			close(spare)
			for range ready {
			}
		}()
		for i := range l.buffers {
			spare <- &l.buffers[i]
		}
		for step := range l.batches {
			b := <-ready
			if !yield(step, b) {
				return
			}
			spare <- b
		}
	}
}

// fill writes a batch of augmented pictures, features as they are, and scaled targets:
// of these rows, the first of which has this place in the epoch's order.
func (l *loop) fill(b *batch, epoch int, rows []int, first int) error {
	area := l.area()
	if l.features != nil {
		area = l.features.size
	}
	need := len(rows) * (area + l.Fitted.Width())
	if cap(b.x) < need {
		b.x = make([]float32, need)
	}
	// On its own: mixed classes take more targets, other features more of x.
	if cap(b.target) < len(rows) {
		b.target = make([]float32, len(rows))
	}
	b.rows, b.x, b.target = len(rows), b.x[:len(rows)*area], b.target[:len(rows)]
	err := attempt(len(rows), func(i int) error {
		row, x := rows[i], b.x[i*area:(i+1)*area]
		b.target[i] = l.Fitted.Target(l.Train.Targets[row])
		if l.features != nil {
			copy(x, l.features.train[row*area:])
			return nil
		}
		pixels, err := l.Train.Photos[row]()
		switch {
		case err != nil:
			return err
		case len(l.Augment) == 0:
			l.Fitted.Pixels(x, pixels)
		default:
			l.Fitted.Augmented(x, pixels, l.Size, l.Augment, l.augmentation(epoch, row, first+i))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if l.Train.Features != nil {
		for _, row := range rows {
			b.x = append(b.x, l.Train.Features[row]...)
		}
	}
	return nil
}

// attempt does f for 0 to n-1 side by side and returns one of its errors.
func attempt(n int, f func(i int) error) error {
	var failed atomic.Pointer[error]
	kernel.Parallel(n, func(i int) {
		if err := f(i); err != nil {
			failed.Store(&err)
		}
	})
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// area is how many numbers a photo has.
func (in *Input) area() int { return in.Size * in.Size * len(in.Fitted.Mean) }

// loss returns what the network is to make small.
func (in *Input) loss() (network.Loss, error) {
	spec := in.Spec.Loss
	weights, err := in.ClassWeights()
	return network.Loss{
		Name: spec.Kind, Weights: weights, Smoothing: float32(spec.CrossEntropy.LabelSmoothing), Soft: in.mixes() && in.Classes != nil,
	}, err
}

// ClassWeights returns how much a row of each class counts in the loss, nil where all
// count alike.
func (in *Input) ClassWeights() (weights []float32, err error) {
	switch spec := in.Spec.Loss.CrossEntropy.ClassWeights; spec.Kind {
	case "given":
		for _, w := range spec.Given {
			weights = append(weights, float32(w))
		}
	case "balanced":
		counts := make([]int, len(in.Classes))
		for _, class := range in.Train.Targets {
			counts[int(class)]++
		}
		for class, n := range counts {
			if n == 0 {
				return nil, fmt.Errorf("train.loss.cross_entropy.class_weights: no training row is %s, so that balanced has no weight for it: write the weights, or none", in.Classes[class])
			}
			weights = append(weights, float32(float64(len(in.Train.Targets))/float64(len(counts)*n)))
		}
	}
	return weights, nil
}

// losses are those of the network's steps, for the validation part.
var losses = map[string]func(truth, predicted []float64) float64{
	"mse":   metric.MSE,
	"mae":   metric.MAE,
	"huber": metric.Huber,
}

// validate measures the network, in its evaluation form, on the validation
// part. Without one the losses stay 0.
func (l *loop) validate(e *Epoch) error {
	if len(l.Validation.Photos) == 0 {
		return nil
	}
	outputs, err := l.outputs()
	if err != nil {
		return err
	}
	score := l.scoreValues
	if l.Classes != nil {
		score = l.scoreClasses
	}
	score(e, outputs)
	if !finite(e.ValidationLoss) || e.ValidationRMSE != nil && !finite(*e.ValidationRMSE) {
		return errors.New("the validation loss is not finite: " + diverged)
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func (l *loop) scoreValues(e *Epoch, outputs []float32) {
	truth, predicted := make([]float64, len(outputs)), make([]float64, len(outputs))
	original := make([]float64, len(outputs))
	for i, p := range outputs {
		truth[i], predicted[i] = float64(l.Fitted.Target(l.Validation.Targets[i])), float64(p)
		original[i] = l.Fitted.Inverse(p)
	}
	e.ValidationLoss = losses[l.loss.Name](truth, predicted)
	rmse := metric.RMSE(l.Validation.Targets, original)
	e.ValidationRMSE = &rmse
}

func (l *loop) scoreClasses(e *Epoch, outputs []float32) {
	classes := len(l.Classes)
	truth := make([]int, len(l.Validation.Targets))
	for i, class := range l.Validation.Targets {
		truth[i] = int(class)
	}
	e.ValidationLoss = metric.CrossEntropy(outputs, truth, classes, l.loss.Weights, float64(l.loss.Smoothing))
	confusion := metric.NewConfusion(truth, metric.Largest(outputs, classes), classes)
	accuracy, macroF1 := confusion.Accuracy(), confusion.MacroF1()
	e.ValidationAccuracy, e.ValidationMacroF1 = &accuracy, &macroF1
}

// Predict returns the predictions of a regression in the original unit.
func Predict(net *network.Network, fitted *transform.Fitted, photos []Photo, features [][]float32) ([]float64, error) {
	outputs, err := Outputs(net, fitted, photos, features)
	if err != nil {
		return nil, err
	}
	predicted := make([]float64, len(outputs))
	for i, p := range outputs {
		predicted[i] = fitted.Inverse(p)
	}
	return predicted, nil
}

// Outputs returns what the network gives for photos:
// (pictures, outputs), a regression's on the scaled target. A picture's outputs do
// not depend on its neighbours.
func Outputs(net *network.Network, fitted *transform.Fitted, photos []Photo, features [][]float32) ([]float32, error) {
	return each(fitted, photos, features, net.Predict)
}

// Attend returns the attention to one output a photo, see network.Attend.
func Attend(net *network.Network, fitted *transform.Fitted, photos []Photo, features [][]float32, outputs []int) ([]network.Attention, error) {
	var maps []network.Attention
	done := 0
	_, err := each(fitted, photos, features, func(x []float32, count int) ([]float32, error) {
		part, err := net.Attend(x, count, outputs[done:done+count])
		maps, done = append(maps, part...), done+count
		return nil, err
	})
	return maps, err
}

// each scales pictures and gives them, and the features behind them, to f, some at a
// time, and returns what comes out.
func each(fitted *transform.Fitted, photos []Photo, features [][]float32, f func(x []float32, count int) ([]float32, error)) ([]float32, error) {
	if len(photos) == 0 {
		return nil, nil
	}
	const chunk = 64 // bounds the memory, not the arithmetic
	first, err := photos[0]()
	if err != nil {
		return nil, err
	}
	area := len(first)
	x := make([]float32, 0, min(chunk, len(photos))*(area+fitted.Width()))
	var outputs []float32
	for start := 0; start < len(photos); start += chunk {
		part := photos[start:min(start+chunk, len(photos))]
		x = x[:len(part)*area]
		err := attempt(len(part), func(i int) error {
			pixels, err := part[i]()
			if err == nil {
				fitted.Pixels(x[i*area:(i+1)*area], pixels)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if features != nil {
			x = append(x, slices.Concat(features[start:start+len(part)]...)...)
		}
		y, err := f(x, len(part))
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, y...)
	}
	return outputs, nil
}

// diverged says what a loss that is not finite means.
const diverged = "the training diverged; a smaller rate in train.optimizer usually mends it"

// at adds to an error where in the training it happened.
func at(err error, epoch, step int) error {
	var nonFinite *network.NonFiniteError
	if errors.As(err, &nonFinite) {
		err = fmt.Errorf("%w: %s", err, diverged)
	}
	return fmt.Errorf("epoch %d, step %d: %w", epoch, step, err)
}

// span is one batch, as positions in the epoch's order.
type span struct{ start, end int }

// batches cuts n rows into batches. What becomes of a smaller last one is the
// recipe's choice; a single row is refused, because batch norm has no variance
// of one.
func batches(n, size int, last string) ([]span, error) {
	var list []span
	for start := 0; start < n; start += size {
		list = append(list, span{start, min(start+size, n)})
	}
	if len(list) == 0 {
		return nil, errors.New("the train part is empty")
	}
	tail := list[len(list)-1]
	if rest := tail.end - tail.start; rest < size && len(list) > 1 {
		switch last {
		case "drop":
			return list[:len(list)-1], nil
		case "merge":
			list = list[:len(list)-1]
			list[len(list)-1].end = n
			return list, nil
		}
	}
	if size > 1 && tail.end-tail.start == 1 {
		return nil, fmt.Errorf("train.batch: %d training rows in batches of %d leave a last batch of 1: set train.last_batch to drop or merge, or change train.batch", n, size)
	}
	return list, nil
}
