package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var sample = []Tensor{
	{Name: "b.weight", Shape: []int{2, 3}, Float: []float32{1, -2.5, float32(math.Inf(1)), 0, float32(math.Copysign(0, -1)), 1e-45}},
	{Name: "a.num_batches_tracked", Shape: []int{}, Int: []int64{-7}},
	{Name: "empty \"ünïcode\"", Shape: []int{0, 4}, Float: []float32{}},
	{Name: "c.steps", Shape: []int{2}, Int: []int64{math.MaxInt64, math.MinInt64}},
	{Name: "d.weight", Shape: []int{1}, Float: []float32{3}}, // behind integers, as in a checkpoint
}

func parsed(data []byte) ([]Tensor, map[string]string, error) {
	f, err := Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	tensors, err := f.Read()
	return tensors, f.Metadata, err
}

func written(t testing.TB, tensors []Tensor, metadata map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSafetensors(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	metadata := map[string]string{"format": "pt", "a": "1", "z": "2"}
	file := written(t, sample, metadata)
	if !bytes.Equal(file, written(t, sample, metadata)) {
		t.Error("writing again gives other bytes")
	}
	if header := binary.LittleEndian.Uint64(file); header%8 != 0 {
		t.Errorf("the header of %d bytes leaves the data unaligned", header)
	}
	tensors, got, err := parsed(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(tensors, sample) || !reflect.DeepEqual(got, metadata) {
		t.Errorf("read %v and %v", tensors, got)
	}
	if len(tensors) == len(sample) && math.Float32bits(tensors[0].Float[4]) != 1<<31 {
		t.Error("-0 came back as 0")
	}
}

// TestLargeTensor crosses the chunks that data are read and written in.
func TestLargeTensor(t *testing.T) {
	large := Tensor{Name: "large", Shape: []int{chunkBytes/2 + 3}, Float: make([]float32, chunkBytes/2+3)}
	for i := range large.Float {
		large.Float[i] = float32(i)
	}
	integers := Tensor{Name: "integers", Shape: []int{chunkBytes/8 + 1}, Int: make([]int64, chunkBytes/8+1)}
	integers.Int[chunkBytes/8] = 9
	file := written(t, []Tensor{large, integers}, nil)
	tensors, _, err := parsed(file)
	if err != nil || !reflect.DeepEqual(tensors, []Tensor{large, integers}) {
		t.Errorf("the tensors came back otherwise, error %v", err)
	}
}

// TestFormat holds the bytes of a small file, as the format's page describes
// them.
func TestFormat(t *testing.T) {
	header := `{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} `
	header += strings.Repeat(" ", (8-len(header)%8)%8)
	want := slices.Concat([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, []byte(header), []byte{0, 0, 0x80, 0x3f})
	if got := written(t, []Tensor{{Name: "w", Shape: []int{1}, Float: []float32{1}}}, map[string]string{"format": "pt"}); !bytes.Equal(got, want) {
		t.Errorf("wrote %q\nwant  %q", got, want)
	}
}

func TestWriteErrors(t *testing.T) {
	one := Tensor{Name: "w", Shape: []int{1}, Float: []float32{1}}
	for want, tensors := range map[string][]Tensor{
		"two tensors are named":           {one, one},
		"either floats or integers":       {{Name: "w", Shape: []int{1}}},
		"shape [2] does not fit":          {{Name: "w", Shape: []int{2}, Float: []float32{1}}},
		"shape [-1 -1] does not fit":      {{Name: "w", Shape: []int{-1, -1}, Int: []int64{1}}},
		`a tensor is named "__metadata__`: {{Name: "__metadata__", Shape: []int{1}, Float: []float32{1}}},
		"want either floats or integers":  {{Name: "w", Shape: []int{1}, Float: []float32{1}, Int: []int64{1}}},
	} {
		if err := WriteSafetensors(&bytes.Buffer{}, tensors, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	for _, room := range []int{0, 66} {
		if err := WriteSafetensors(&fullDisk{room}, []Tensor{one}, nil); !errors.Is(err, errFull) {
			t.Errorf("a full disk gives %v", err)
		}
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

// file puts a header in front of size bytes of data.
func file(header string, size int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, size)...)
}

func TestHostileFiles(t *testing.T) {
	tensor := func(name, dtype, shape, offsets string) string {
		return `"` + name + `":{"dtype":"` + dtype + `","shape":` + shape + `,"data_offsets":` + offsets + `}`
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":             {nil, "too few"},
		"short":               {[]byte{1, 2, 3}, "too few"},
		"length beyond file":  {[]byte{255, 255, 255, 255, 255, 255, 255, 255}, "cut off, or not one of safetensors"},
		"length of gigabytes": {append([]byte{0, 0, 0, 0, 4, 0, 0, 0}, make([]byte, 64)...), "cut off, or not one of safetensors"},
		"empty header":        {file(``, 0), "EOF"},
		"no JSON":             {file(`hello`, 0), "header"},
		"list":                {file(`[]`, 0), "JSON object"},
		"unfinished":          {file(`{"w":`, 0), "header"},
		"text behind":         {file(`{} {}`, 0), "behind the JSON object"},
		"name twice":          {file(`{`+tensor("w", "F32", "[1]", "[0,4]")+`,`+tensor("w", "F32", "[1]", "[4,8]")+`}`, 8), "twice"},
		"metadata of numbers": {file(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
		"unknown type":        {file(`{`+tensor("w", "C64", "[1]", "[0,8]")+`}`, 8), `"w" has dtype "C64": read here are BF16, BOOL, F16`},
		"unknown field":       {file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, 4), "unknown field"},
		"missing field":       {file(`{"w":{"dtype":"F32","shape":[1]}}`, 4), "want dtype, shape and two data_offsets"},
		"three offsets":       {file(`{`+tensor("w", "F32", "[1]", "[0,4,8]")+`}`, 4), "two data_offsets"},
		"fraction":            {file(`{`+tensor("w", "F32", "[1.5]", "[0,4]")+`}`, 4), "tensor \"w\""},
		"negative dimension":  {file(`{`+tensor("w", "F32", "[-1,-1]", "[0,4]")+`}`, 4), "impossible shape"},
		"product overflows":   {file(`{`+tensor("w", "F32", "[4294967296,4294967296]", "[0,4]")+`}`, 4), "impossible shape"},
		"overflow after zero": {file(`{`+tensor("w", "F32", "[4611686018427387904,0]", "[0,0]")+`}`, 0), "impossible shape"},
		"negative offset":     {file(`{`+tensor("w", "F32", "[1]", "[-4,0]")+`}`, 4), "cut off or damaged"},
		"backward offsets":    {file(`{`+tensor("w", "F32", "[1]", "[4,0]")+`}`, 4), "cut off or damaged"},
		"beyond the end":      {file(`{`+tensor("w", "F32", "[2]", "[0,8]")+`}`, 4), "cut off or damaged"},
		"huge":                {file(`{`+tensor("w", "F32", "[1000000000000]", "[0,4000000000000]")+`}`, 4), "cut off or damaged"},
		"size and shape":      {file(`{`+tensor("w", "F32", "[2]", "[0,4]")+`}`, 4), "has 4 bytes, want 8"},
		"overlap":             {file(`{`+tensor("a", "F32", "[2]", "[0,8]")+`,`+tensor("b", "F32", "[2]", "[4,12]")+`}`, 12), `"b" overlaps`},
		"same place":          {file(`{`+tensor("a", "F32", "[1]", "[0,4]")+`,`+tensor("b", "F32", "[1]", "[0,4]")+`}`, 4), "overlaps"},
		"gap":                 {file(`{`+tensor("a", "F32", "[1]", "[0,4]")+`,`+tensor("b", "F32", "[1]", "[8,12]")+`}`, 12), `4 bytes before tensor "b"`},
		"bytes behind":        {file(`{`+tensor("a", "F32", "[1]", "[0,4]")+`}`, 8), "4 bytes behind"},
	} {
		tensors, _, err := parsed(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %q, got %v and %v", name, c.want, tensors, err)
		}
	}
	good := written(t, sample, nil)
	if f, err := Parse(bytes.NewReader(good[:len(good)-1]), int64(len(good))); err != nil {
		t.Error(err)
	} else if _, err := f.Read(); err == nil {
		t.Error("a file that shrank while it was read is no error")
	}
}

// TestTypes reads all types that a file may have, and names behind a wrapper's prefix.
func TestTypes(t *testing.T) {
	var header, data []byte
	var want []Tensor
	for i, c := range []struct {
		kind  string
		bytes []byte
		float float32
		whole int64
	}{
		{"F64", []byte{0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f}, 0.1, 0}, {"F32", []byte{0, 0, 0x20, 0xc0}, -2.5, 0},
		{"F16", []byte{0, 0xc1}, -2.5, 0}, {"BF16", []byte{0x20, 0xc0}, -2.5, 0},
		{"I64", []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0, -2}, {"I32", []byte{0xfe, 0xff, 0xff, 0xff}, 0, -2},
		{"I16", []byte{0xfe, 0xff}, 0, -2}, {"I8", []byte{0xfe}, 0, -2}, {"U8", []byte{0xfe}, 0, 254}, {"BOOL", []byte{1}, 0, 1},
	} {
		begin := len(data)
		data = append(data, c.bytes...)
		header = fmt.Appendf(header, `%c"module.%s":{"dtype":%[2]q,"shape":[],"data_offsets":[%d,%d]}`, "{,"[min(i, 1)], c.kind, begin, len(data))
		tensor := Tensor{Name: c.kind, Shape: []int{}, Float: []float32{c.float}}
		if c.float == 0 {
			tensor.Float, tensor.Int = nil, []int64{c.whole}
		}
		want = append(want, tensor)
	}
	whole := append(file(string(header)+"}", 0), data...)
	f, err := Parse(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Read()
	if err != nil || !reflect.DeepEqual(got, want) || f.Prefix != "module." {
		t.Errorf("read %v behind %q, error %v, want %v", got, f.Prefix, err, want)
	}
}

func TestDigest(t *testing.T) {
	d := Digest(sample)
	shuffled := slices.Clone(sample)
	slices.Reverse(shuffled)
	if Digest(shuffled) != d {
		t.Error("the order of the tensors changes the digest")
	}
	changes := map[string]func(*Tensor){
		"name":  func(t *Tensor) { t.Name = "x" },
		"shape": func(t *Tensor) { t.Shape = []int{3, 2} },
		"bit":   func(t *Tensor) { t.Float[4] = 0 },
	}
	for what, change := range changes {
		other := slices.Clone(sample)
		other[0].Float = slices.Clone(other[0].Float)
		change(&other[0])
		if Digest(other) == d {
			t.Errorf("another %s gives the same digest", what)
		}
	}
	if Digest([]Tensor{{Name: "a", Shape: []int{0}, Float: []float32{}}}) == Digest([]Tensor{{Name: "a", Shape: []int{0}, Int: []int64{}}}) {
		t.Error("an empty tensor of integers has the digest of one of floats")
	}
}

// FuzzSafetensors: whatever is read without error is written and read again
// as the same tensors; nothing panics.
func FuzzSafetensors(f *testing.F) {
	f.Add(written(f, sample, map[string]string{"format": "pt"}))
	f.Add(file(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))
	f.Add(file(`{}`, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, metadata, err := parsed(data)
		if err != nil {
			return
		}
		again, _, err := parsed(written(t, tensors, metadata))
		if err != nil {
			t.Fatal(err)
		}
		if Digest(again) != Digest(tensors) {
			t.Error("read, written and read again: other tensors")
		}
	})
}
