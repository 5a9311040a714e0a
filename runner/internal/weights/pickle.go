package weights

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// A pickle is a program for a machine with a stack, as CPython's pickletools.py
// describes it. Python's machine runs whatever a pickle names. This one knows no more
// than what torch.save writes of tensors in dicts: plain values, lists, tuples, dicts
// and the constructors below. It builds values and calls nothing.

// Limits of one pickle. A network of 1,000 tensors needs 150 kB and 30,000 values.
const (
	maxPickle = 32 << 20 // bytes
	maxValues = 2 << 20  // pushed on the stack
	maxText   = 1 << 10  // bytes of a name
)

// The values of a pickle are nil, bool, int64, float64, string, and these.
type (
	tuple []any
	list  struct{ items []any }
	dict  struct{ keys, values []any }
	// opaque is a value that no tensor needs: bytes, an integer that is no int64.
	opaque string
	// global is a class or a function, by its name.
	global string
	// view is a stretch of a storage, in elements.
	view struct {
		storage       string
		kind          string // the elements' type
		offset, count int64
	}
	// strided is a view with a shape: a tensor.
	strided struct {
		view           *view
		offset         int64
		shape, strides []int64
	}
	// mark is a place on the stack.
	mark struct{}
)

// The constructors that a pickle may call.
const (
	orderedDict            global = "collections.OrderedDict"
	rebuildTensor          global = "torch._utils._rebuild_tensor"
	rebuildTensorV2        global = "torch._utils._rebuild_tensor_v2"
	rebuildParameter       global = "torch._utils._rebuild_parameter"
	rebuildParameterStated global = "torch._utils._rebuild_parameter_with_state"
	torchSize              global = "torch.Size"
)

// storageKinds are the classes of storages, with the type of their elements.
var storageKinds = map[global]string{
	"torch.DoubleStorage": "F64", "torch.FloatStorage": "F32", "torch.HalfStorage": "F16", "torch.BFloat16Storage": "BF16",
	"torch.LongStorage": "I64", "torch.IntStorage": "I32", "torch.ShortStorage": "I16", "torch.CharStorage": "I8",
	"torch.ByteStorage": "U8", "torch.BoolStorage": "BOOL",
}

// known reports whether a pickle may name g.
func (g global) known() bool {
	switch g {
	case orderedDict, rebuildTensor, rebuildTensorV2, rebuildParameter, rebuildParameterStated, torchSize:
		return true
	}
	return storageKinds[g] != ""
}

// errPickle says that something in a pickle makes no sense.
var errPickle = errors.New("it is damaged, or no pickle")

// unpickler reads pickles that lie one behind the other.
type unpickler struct {
	in *bufio.Reader
	at int64 // bytes read of all

	// kinds are the types of the storages that were named, of all pickles.
	kinds map[string]string

	limit  int64 // what at may become in this pickle
	stack  []any
	memo   map[uint64]any
	values int
}

func newUnpickler(r io.Reader) *unpickler {
	return &unpickler{in: bufio.NewReader(r), kinds: map[string]string{}}
}

// load reads one pickle.
func (u *unpickler) load() (any, error) {
	u.limit, u.stack, u.memo, u.values = u.at+maxPickle, nil, map[uint64]any{}, 0
	for {
		at := u.at
		code, err := u.number(1)
		if err == nil && code == '.' {
			if len(u.stack) != 1 {
				return nil, errPickle
			}
			v, err := u.pop(1)
			if err != nil {
				return nil, err
			}
			return v[0], nil
		}
		if err == nil {
			err = u.step(byte(code))
		}
		if err != nil {
			return nil, fmt.Errorf("pickle, byte %d: %w", at, err)
		}
	}
}

// operands are how many bytes the number behind an operation has.
var operands = map[byte]int{
	0x80: 1, 0x95: 8, 'J': 4, 'K': 1, 'M': 2, 0x8a: 1,
	0x8c: 1, 'X': 4, 0x8d: 8, 'U': 1, 'T': 4, 'C': 1, 'B': 4, 0x8e: 8,
	'q': 1, 'r': 4, 'h': 1, 'j': 4,
}

// step obeys one operation.
func (u *unpickler) step(code byte) error {
	width := operands[code]
	switch code {
	case 0x80, 0x95: // PROTO, FRAME: nothing follows from them
		_, err := u.number(width)
		return err
	case 'N': // NONE
		return u.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		return u.push(code == 0x88)
	case 'J': // BININT
		n, err := u.number(width)
		return u.pushed(int64(int32(n)), err)
	case 'K', 'M': // BININT1, BININT2
		n, err := u.number(width)
		return u.pushed(int64(n), err)
	case 0x8a: // LONG1
		b, err := u.text(width)
		return u.pushed(long(b), err)
	case 'G': // BINFLOAT, which is big-endian
		b, err := u.bytes(8)
		if err != nil {
			return err
		}
		return u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case 0x8c, 'X', 0x8d, 'U', 'T': // (SHORT_)BINUNICODE(8), and the texts of Python 2, (SHORT_)BINSTRING
		s, err := u.text(width)
		return u.pushed(s, err)
	case 'C', 'B', 0x8e: // (SHORT_)BINBYTES(8)
		s, err := u.text(width)
		return u.pushed(opaque(s), err)

	case '(': // MARK
		return u.push(mark{})
	case ')': // EMPTY_TUPLE
		return u.push(tuple{})
	case ']': // EMPTY_LIST
		return u.push(&list{})
	case '}': // EMPTY_DICT
		return u.push(&dict{})
	case 't', 'l', 'd': // TUPLE, LIST, DICT
		items, err := u.popMark()
		if err != nil {
			return err
		}
		switch items = slices.Clone(items); code {
		case 't':
			return u.push(tuple(items))
		case 'l':
			return u.push(&list{items})
		}
		d := &dict{}
		return u.pushed(d, d.set(items))
	case 0x85, 0x86, 0x87: // TUPLE1 to 3
		items, err := u.pop(int(code - 0x84))
		return u.pushed(tuple(slices.Clone(items)), err)
	case 'a', 'e': // APPEND, APPENDS
		return u.fill(code == 'e', 1, func(onto any, items []any) error {
			l, ok := onto.(*list)
			if !ok {
				return errPickle
			}
			l.items = append(l.items, items...)
			return nil
		})
	case 's', 'u': // SETITEM, SETITEMS
		return u.fill(code == 'u', 2, func(onto any, items []any) error {
			d, ok := onto.(*dict)
			if !ok {
				return errPickle
			}
			return d.set(items)
		})
	case 'b': // BUILD: what Python would set on an object, as _metadata on an OrderedDict
		return u.fill(false, 1, func(onto any, _ []any) error {
			if _, ok := onto.(*dict); !ok {
				return errPickle
			}
			return nil
		})

	case 'q', 'r': // BINPUT, LONG_BINPUT
		i, err := u.number(width)
		if err != nil {
			return err
		}
		return u.remember(i)
	case 0x94: // MEMOIZE
		return u.remember(uint64(len(u.memo)))
	case 'h', 'j': // BINGET, LONG_BINGET
		i, err := u.number(width)
		if err != nil {
			return err
		}
		v, ok := u.memo[i]
		if !ok {
			return errPickle
		}
		return u.push(v)
	case '0': // POP
		if len(u.stack) == 0 {
			return errPickle
		}
		u.stack = u.stack[:len(u.stack)-1]
		return nil
	case '1': // POP_MARK
		_, err := u.popMark()
		return err

	case 'c': // GLOBAL
		module, err := u.line()
		if err != nil {
			return err
		}
		name, err := u.line()
		if err != nil {
			return err
		}
		return u.name(module, name)
	case 0x93: // STACK_GLOBAL
		names, err := u.pop(2)
		if err != nil {
			return err
		}
		module, isText := names[0].(string)
		name, isName := names[1].(string)
		if !isText || !isName {
			return errPickle
		}
		return u.name(module, name)
	case 'R': // REDUCE: a call
		call, err := u.pop(2)
		if err != nil {
			return err
		}
		g, isGlobal := call[0].(global)
		arguments, isTuple := call[1].(tuple)
		if !isGlobal || !isTuple {
			return errPickle
		}
		v, err := u.call(g, arguments)
		return u.pushed(v, err)
	case 'Q': // BINPERSID: a storage
		id, err := u.pop(1)
		if err != nil {
			return err
		}
		v, err := u.persistent(id[0])
		return u.pushed(v, err)
	}
	return fmt.Errorf("the operation %q is none that a pickle of tensors needs", code)
}

// bytes reads n bytes, which are good until the next read.
func (u *unpickler) bytes(n uint64) ([]byte, error) {
	if n > uint64(u.limit-u.at) {
		return nil, fmt.Errorf("more than the %d bytes that a pickle of tensors may have", maxPickle)
	}
	u.at += int64(n)
	if n <= uint64(u.in.Size()) {
		b, err := u.in.Peek(int(n))
		if err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		_, err = u.in.Discard(len(b))
		return b, err
	}
	b, err := io.ReadAll(io.LimitReader(u.in, int64(n))) // grows with what is there
	if err == nil && uint64(len(b)) < n {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// number reads a little-endian number of so many bytes.
func (u *unpickler) number(width int) (uint64, error) {
	b, err := u.bytes(uint64(width))
	var n uint64
	for i, digit := range b {
		n |= uint64(digit) << (8 * i)
	}
	return n, err
}

// text reads bytes behind their number, which has so many bytes itself.
func (u *unpickler) text(width int) (string, error) {
	n, err := u.number(width)
	if err != nil {
		return "", err
	}
	b, err := u.bytes(n)
	return string(b), err
}

// line reads a name up to the end of the line.
func (u *unpickler) line() (string, error) {
	var line []byte
	for len(line) <= maxText {
		b, err := u.bytes(1)
		if err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[0])
	}
	return "", fmt.Errorf("a name of more than %d bytes", maxText)
}

// long is the value of an integer in two's complement.
func long(b string) any {
	if len(b) > 8 {
		return opaque(b)
	}
	var n uint64
	for i := range len(b) {
		n |= uint64(b[i]) << (8 * i)
	}
	unused := 64 - 8*len(b)
	return int64(n<<unused) >> unused
}

// count counts values that are made.
func (u *unpickler) count(n int) error {
	if u.values += n; u.values > maxValues {
		return fmt.Errorf("more than %d values: no file of tensors has so many", maxValues)
	}
	return nil
}

func (u *unpickler) push(v any) error {
	u.stack = append(u.stack, v)
	return u.count(1)
}

// pushed pushes v unless there is an error.
func (u *unpickler) pushed(v any, err error) error {
	if err != nil {
		return err
	}
	return u.push(v)
}

// pop takes the last n values from the stack. They are good until the next push.
func (u *unpickler) pop(n int) ([]any, error) {
	if len(u.stack) < n {
		return nil, errPickle
	}
	top := u.stack[len(u.stack)-n:]
	for _, v := range top {
		if _, ok := v.(mark); ok {
			return nil, errPickle
		}
	}
	u.stack = u.stack[:len(u.stack)-n]
	return top, nil
}

// popMark takes what lies above the last mark, and the mark.
func (u *unpickler) popMark() ([]any, error) {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if _, ok := u.stack[i].(mark); ok {
			top := u.stack[i+1:]
			u.stack = u.stack[:i]
			return top, nil
		}
	}
	return nil, errPickle
}

// fill hands the values down to the last mark, or n of them, and what lies below
// them, which stays on the stack.
func (u *unpickler) fill(marked bool, n int, put func(onto any, items []any) error) error {
	var items []any
	var err error
	if marked {
		items, err = u.popMark()
	} else {
		items, err = u.pop(n)
	}
	if err == nil && len(u.stack) == 0 {
		err = errPickle
	}
	if err != nil {
		return err
	}
	return put(u.stack[len(u.stack)-1], items)
}

func (u *unpickler) remember(i uint64) error {
	if len(u.stack) == 0 || len(u.memo) > maxValues {
		return errPickle
	}
	u.memo[i] = u.stack[len(u.stack)-1]
	return nil
}

// name pushes a global that is known. All others are refused here, before anything
// could be made of them.
func (u *unpickler) name(module, name string) error {
	g := global(module + "." + name)
	if !g.known() {
		return fmt.Errorf("it names %.200q, which is no part of a tensor and is never run here: keep the tensors alone, torch.save(model.state_dict(), FILE)", string(g))
	}
	return u.push(g)
}

// set sets keys and values that come in turn.
func (d *dict) set(items []any) error {
	if len(items)%2 != 0 {
		return errPickle
	}
	for pair := range slices.Chunk(items, 2) {
		d.keys, d.values = append(d.keys, pair[0]), append(d.values, pair[1])
	}
	return nil
}

// call does what a constructor does, with values alone.
func (u *unpickler) call(g global, arguments tuple) (any, error) {
	wrong := fmt.Errorf("%s of other arguments than torch.save writes", g)
	n := len(arguments)
	switch {
	case g == orderedDict && n == 0:
		return &dict{}, nil
	case g == orderedDict && n == 1: // Python 2: a list of pairs
		d, pairs := &dict{}, items(arguments[0])
		if err := u.count(len(pairs)); err != nil {
			return nil, err
		}
		for _, p := range pairs {
			pair := items(p)
			if len(pair) != 2 || d.set(pair) != nil {
				return nil, wrong
			}
		}
		return d, nil
	case g == torchSize && n == 1:
		return arguments[0], nil
	case g == rebuildParameter && n == 3, g == rebuildParameterStated && n == 4:
		if t, ok := arguments[0].(*strided); ok {
			return t, nil
		}
	case g == rebuildTensor && n == 4, g == rebuildTensorV2 && (n == 6 || n == 7):
		v, isView := arguments[0].(*view)
		offset, isOffset := arguments[1].(int64)
		shape, isShape := integers(arguments[2])
		strides, areStrides := integers(arguments[3])
		if isView && isOffset && isShape && areStrides {
			return &strided{v, offset, shape, strides}, nil
		}
	}
	return nil, wrong
}

// items are those of a list or a tuple.
func items(v any) []any {
	switch v := v.(type) {
	case tuple:
		return v
	case *list:
		return v.items
	}
	return nil
}

// integers are the items of a list or a tuple that are all integers: a shape, or
// strides.
func integers(v any) ([]int64, bool) {
	given := items(v)
	if len(given) > maxDimensions {
		return nil, false
	}
	var all []int64
	for _, item := range given {
		n, ok := item.(int64)
		if !ok {
			return nil, false
		}
		all = append(all, n)
	}
	return all, true
}

// persistent is the storage that torch names by a tuple: "storage", the class, the
// storage's key, the device, the number of elements, and before torch 1.6 nothing, or
// the key, the offset and the number of elements of a part of it.
func (u *unpickler) persistent(id any) (*view, error) {
	wrong := errors.New("a storage of another form than torch.save writes")
	of := items(id)
	if len(of) < 5 {
		return nil, wrong
	}
	class, isClass := of[1].(global)
	key, isKey := of[2].(string)
	count, isCount := of[4].(int64)
	if of[0] != any("storage") || !isClass || storageKinds[class] == "" || !isKey || !isCount {
		return nil, wrong
	}
	v := &view{storage: key, kind: storageKinds[class], count: count}
	if other := u.kinds[key]; other != "" && other != v.kind {
		return nil, fmt.Errorf("the storage %.200q has two types, %s and %s", key, other, v.kind)
	}
	u.kinds[key] = v.kind
	if len(of) == 5 || of[5] == nil {
		return v, nil
	}
	if part := items(of[5]); len(part) == 3 {
		offset, isOffset := part[1].(int64)
		n, isCount := part[2].(int64)
		if isOffset && isCount && offset >= 0 && n >= 0 && offset <= count-n {
			v.offset, v.count = offset, n
			return v, nil
		}
	}
	return nil, wrong
}
