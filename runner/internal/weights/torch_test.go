package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestTorchFiles reads what two versions of torch wrote (testdata/fixtures.py).
func TestTorchFiles(t *testing.T) {
	var known map[string][][4]json.RawMessage
	text, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &known); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*.pth")
	if err != nil || len(files) != len(known) || len(files) == 0 {
		t.Fatalf("%d files, %d known: %v", len(files), len(known), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if want := map[bool]string{true: TorchLegacy, false: Torch}[strings.Contains(path, "legacy")]; f.Format != want {
				t.Errorf("the format is %s, want %s", f.Format, want)
			}
			if strings.Contains(path, "checkpoint") {
				if f.Within != "model" || f.Prefix != "module." || !slices.Equal(f.LeftOut, []string{"epoch", "optimizer", "best", "size"}) {
					t.Errorf("found in %q behind %q, left out %q", f.Within, f.Prefix, f.LeftOut)
				}
			} else if f.Within != "" || f.Prefix != "" || f.LeftOut != nil {
				t.Errorf("found in %q behind %q, left out %q", f.Within, f.Prefix, f.LeftOut)
			}
			want := known[filepath.Base(path)]
			if len(f.Tensors) != len(want) {
				t.Fatalf("%d tensors, want %d", len(f.Tensors), len(want))
			}
			for i, s := range f.Tensors {
				sameTensor(t, s, want[i])
			}
		})
	}
}

// sameTensor compares with name, type, shape and values in JSON.
func sameTensor(t *testing.T, s *Stored, want [4]json.RawMessage) {
	t.Helper()
	tensor, err := s.Read()
	if err != nil {
		t.Error(err)
		return
	}
	var name, kind string
	var shape []int
	for i, v := range []any{&name, &kind, &shape} {
		if err := json.Unmarshal(want[i], v); err != nil {
			t.Fatal(err)
		}
	}
	if tensor.Name != name || s.Type != kind || !slices.Equal(tensor.Shape, shape) {
		t.Errorf("%s %s %v, want %s %s %v", tensor.Name, s.Type, tensor.Shape, name, kind, shape)
	}
	if tensor.Float != nil {
		var values []float64
		if err := json.Unmarshal(want[3], &values); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(tensor.Float, values, func(a float32, b float64) bool { return float64(a) == b }) {
			t.Errorf("%s is %v, want %v", name, tensor.Float, values)
		}
		return
	}
	var values []int64
	if err := json.Unmarshal(want[3], &values); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(tensor.Int, values) {
		t.Errorf("%s is %v, want %v", name, tensor.Int, values)
	}
}

// TestHalf compares all of binary16 with the formula of IEEE 754.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		exponent, fraction := h>>10&31, float64(h&1023)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction/1024, -14)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = math.Copysign(want, -1)
		}
		got := float64(half(uint16(h)))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != (h>>15 == 1) {
			t.Fatalf("%04x is %v, want %v", h, got, want)
		}
	}
}

// The pieces that pickles are put together from.

func word(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func number(n int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func numbers(n ...int64) string {
	s := "("
	for _, n := range n {
		s += number(n)
	}
	return s + "t"
}

// reference names a storage of so many elements.
func reference(class, key string, count int64) string {
	return "(" + word("storage") + "ctorch\n" + class + "\n" + word(key) + word("cpu") + number(count) + "tQ"
}

// rebuilt is a tensor of a storage.
func rebuilt(storage string, offset int64, shape, strides string) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + shape + strides + "\x89" + "ccollections\nOrderedDict\n)RtR"
}

// dictOf is a dict of these keys and values.
func dictOf(items ...string) string { return "}(" + strings.Join(items, "") + "u" }

func pickle(body string) string { return "\x80\x02" + body + "." }

// record is a file of an archive.
type record struct {
	name, data string
	method     uint16
}

func archive(t testing.TB, records ...record) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, r := range records {
		w, err := z.CreateHeader(&zip.FileHeader{Name: r.name, Method: r.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(r.data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checkpoint is an archive of a pickle and one storage of 6 floats, 1 to 6.
func checkpoint(t testing.TB, body string, more ...record) []byte {
	records := []record{{name: "a/data.pkl", data: pickle(body)}, {name: "a/data/0", data: sixFloats}}
	return archive(t, append(records, more...)...)
}

var sixFloats = string(appendFloats(make([]byte, 0, 24), []float32{1, 2, 3, 4, 5, 6}))

// legacy is a file of before torch 1.6 with the same storage.
func legacy(body string) []byte {
	return []byte(pickle("\x8a\x0a"+legacyMagic) + pickle("M\xe9\x03") + pickle(dictOf(word("little_endian"), "\x88")) +
		pickle(body) + pickle("]("+word("0")+"e") + number(6)[2:] + sixFloats)
}

// good is the storage of 6 floats as a tensor of shape (2, 3).
var good = rebuilt(reference("FloatStorage", "0", 6), 0, numbers(2, 3), numbers(3, 1))

func TestTorchByHand(t *testing.T) {
	want := []float32{1, 2, 3, 4, 5, 6}
	for name, data := range map[string][]byte{
		"zip":                      checkpoint(t, dictOf(word("w"), good)),
		"legacy":                   legacy(dictOf(word("w"), good)),
		"without a folder":         archive(t, record{name: "data.pkl", data: pickle(dictOf(word("w"), good))}, record{name: "data/0", data: sixFloats}),
		"Python 2's texts":         checkpoint(t, dictOf("U\x01w", strings.ReplaceAll(good, word("0"), "U\x010"))),
		"Python 2's ordered dict":  checkpoint(t, "ccollections\nOrderedDict\n(]("+"]("+word("w")+good+"ee"+"tR"),
		"nested and wrapped":       checkpoint(t, dictOf(word("model"), dictOf(word("state_dict"), dictOf(word("_orig_mod.module.w"), good)))),
		"parts":                    checkpoint(t, dictOf(word("net"), dictOf(word("module"), dictOf(word("w"), good)), word("epoch"), "K\x01")),
		"a part of a storage":      legacy(dictOf(word("w"), rebuilt(strings.Replace(reference("FloatStorage", "0", 6), "tQ", numbers(0, 0, 6)+"tQ", 1), 0, numbers(2, 3), numbers(3, 1)))),
		"strides of one-wide axes": checkpoint(t, dictOf(word("w"), rebuilt(reference("FloatStorage", "0", 6), 0, numbers(1, 2, 3), numbers(77, 3, 1)))),
	} {
		f, err := Parse(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		tensors, err := f.Read()
		if err != nil || len(tensors) != 1 || tensors[0].Name != "w" || !slices.Equal(tensors[0].Float, want) {
			t.Errorf("%s: read %v, error %v", name, tensors, err)
		}
	}
	// Without a state_dict, keys are joined.
	data := checkpoint(t, dictOf(word("encoder"), dictOf(word("w"), good), word("head"), dictOf(word("w"), good), word("epoch"), "K\x01"))
	f, err := Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(f.Tensors) != 2 || f.Tensors[0].Name != "encoder.w" || f.Tensors[1].Name != "head.w" || !slices.Equal(f.LeftOut, []string{"epoch"}) {
		t.Errorf("read %+v, error %v", f, err)
	}
}

func TestHostileTorch(t *testing.T) {
	storage := reference("FloatStorage", "0", 6)
	of := func(tensor string) []byte { return checkpoint(t, dictOf(word("w"), tensor)) }
	evil := "cposix\nsystem\n(" + word("touch /tmp/owned") + "tR"
	damaged := of(good)
	damaged[bytes.Index(damaged, []byte(sixFloats))+1] ^= 1
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"os.system":              {checkpoint(t, evil), `"posix.system", which is no part of a tensor`},
		"os.system beside":       {checkpoint(t, dictOf(word("w"), good, word("args"), evil)), `"posix.system"`},
		"os.system, protocol 4":  {checkpoint(t, "\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R"), `"posix.system"`},
		"os.system, legacy":      {legacy(evil), `"posix.system"`},
		"eval in the magic":      {[]byte("\x80\x02\x8a\x00c__builtin__\neval\nU\x011\x85R."), `"__builtin__.eval"`},
		"a network's class":      {checkpoint(t, "ctorchvision.models.resnet\nResNet\n)\x81}b"), `"torchvision.models.resnet.ResNet"`},
		"loading from bytes":     {checkpoint(t, "ctorch.storage\n_load_from_bytes\nC\x01x\x85R"), `"torch.storage._load_from_bytes"`},
		"calling a storage":      {checkpoint(t, "ctorch\nFloatStorage\n(K\x01tR"), "torch.FloatStorage of other arguments"},
		"calling a value":        {checkpoint(t, "K\x01)R"), "damaged"},
		"building a tensor":      {checkpoint(t, good+"}b"), "damaged"},
		"setting on a tensor":    {checkpoint(t, good+"K\x01K\x02s"), "damaged"},
		"appending to a dict":    {checkpoint(t, "}K\x01a"), "damaged"},
		"INST":                   {checkpoint(t, "(iposix\nsystem\n"), `operation 'i'`},
		"extension":              {checkpoint(t, "\x82\x01"), `operation '\u0082'`},
		"text protocol":          {checkpoint(t, "(dp0\n"), `operation 'p'`},
		"empty stack":            {checkpoint(t, "a"), "damaged"},
		"nothing":                {checkpoint(t, ""), "damaged"},
		"two results":            {checkpoint(t, "NN"), "damaged"},
		"a mark as result":       {checkpoint(t, "("), "damaged"},
		"unknown memo":           {checkpoint(t, "h\x07"), "damaged"},
		"no end":                 {archive(t, record{name: "a/data.pkl", data: "\x80\x02}"}), "EOF"},
		"text beyond the end":    {archive(t, record{name: "a/data.pkl", data: "\x80\x02X\xff\xff\xff\x00w"}), "EOF"},
		"text of gigabytes":      {checkpoint(t, "\x8d\xff\xff\xff\xff\xff\xff\xff\x7fw"), "bytes that a pickle of tensors may have"},
		"odd number of items":    {checkpoint(t, "}("+word("w")+"u"), "damaged"},
		"no dict":                {checkpoint(t, good), "no dict of tensors"},
		"no tensors":             {checkpoint(t, dictOf(word("epoch"), "K\x01")), "no tensors in its dicts; its keys are \"epoch\""},
		"key twice":              {checkpoint(t, dictOf(word("w"), good, word("w"), good)), `two tensors are named "w"`},
		"no such storage":        {of(rebuilt(reference("FloatStorage", "1", 6), 0, numbers(6), numbers(1))), "no a/data/1"},
		"storage too short":      {of(rebuilt(reference("DoubleStorage", "0", 6), 0, numbers(6), numbers(1))), "6 elements, and 24 bytes"},
		"negative storage":       {of(rebuilt(reference("FloatStorage", "0", -6), 0, numbers(6), numbers(1))), "damaged"},
		"storage of two types":   {checkpoint(t, dictOf(word("a"), good, word("b"), rebuilt(reference("IntStorage", "0", 6), 0, numbers(6), numbers(1)))), "two types"},
		"unknown storage":        {of(rebuilt(reference("ComplexFloatStorage", "0", 6), 0, numbers(6), numbers(1))), `"torch.ComplexFloatStorage"`},
		"storage without class":  {checkpoint(t, "("+word("storage")+word("x")+word("0")+word("cpu")+number(6)+"tQ"), "another form"},
		"module with its source": {checkpoint(t, "("+word("module")+"ctorch\nFloatStorage\n"+word("a.py")+word("import os")+"tQ"), "another form"},
		"part outside":           {legacy(dictOf(word("w"), rebuilt(strings.Replace(storage, "tQ", numbers(0, 3, 4)+"tQ", 1), 0, numbers(4), numbers(1)))), "another form"},
		"part overflows":         {legacy(dictOf(word("w"), rebuilt(strings.Replace(storage, "tQ", numbers(0, math.MaxInt64, math.MaxInt64)+"tQ", 1), 0, numbers(4), numbers(1)))), "another form"},
		"shape too large":        {of(rebuilt(storage, 0, numbers(7), numbers(1))), "lead out"},
		"offset too large":       {of(rebuilt(storage, 1, numbers(6), numbers(1))), "lead out"},
		"offset negative":        {of(rebuilt(storage, -1, numbers(6), numbers(1))), "lead out"},
		"stride negative":        {of(rebuilt(storage, 5, numbers(6), numbers(-1))), "lead out"},
		"stride overflows":       {of(rebuilt(storage, 0, numbers(5), numbers(1<<62))), "lead out"},
		"strides overflow":       {of(rebuilt(storage, 0, numbers(1<<32, 1<<32, 1<<32), numbers(1, 1, 1))), "lead out"},
		"dimension negative":     {of(rebuilt(storage, 0, numbers(-6), numbers(1))), "lead out"},
		"dimension overflows":    {of(rebuilt(storage, 0, numbers(math.MaxInt64, 0), numbers(0, 0))), "lead out"},
		"product overflows":      {of(rebuilt(storage, 0, numbers(1<<40, 1<<40), numbers(0, 0))), "impossible shape"},
		"repeated for ever":      {of(rebuilt(storage, 0, numbers(1<<40), numbers(0))), "share what is stored"},
		"shape and strides":      {of(rebuilt(storage, 0, numbers(6), numbers(1, 1))), "lead out"},
		"100 dimensions":         {of(rebuilt(storage, 0, numbers(make([]int64, 100)...), numbers(make([]int64, 100)...))), "of other arguments"},
		"shape of texts":         {of(rebuilt(storage, 0, "("+word("6")+"t", numbers(1))), "of other arguments"},
		"damaged":                {damaged, "a/data/0 does not have its checksum"},
		"TorchScript":            {checkpoint(t, dictOf(word("w"), good), record{name: "a/constants.pkl"}), "TorchScript"},
		"big-endian":             {checkpoint(t, dictOf(word("w"), good), record{name: "a/byteorder", data: "big"}), `byte order is "big"`},
		"no data.pkl":            {archive(t, record{name: "a/b", data: "c"}), "0 files data.pkl"},
		"two data.pkl":           {checkpoint(t, "}", record{name: "b/data.pkl"}), "2 files data.pkl"},
		"path traversal":         {checkpoint(t, "}", record{name: "a/../../etc/passwd"}), `"a/../../etc/passwd" leaves its folder`},
		"absolute path":          {checkpoint(t, "}", record{name: "/etc/passwd"}), "leaves its folder"},
		"Windows path":           {checkpoint(t, "}", record{name: `a\..\b`}), "leaves its folder"},
		"name twice":             {checkpoint(t, "}", record{name: "a/data/0"}), "two files a/data/0"},
		"compressed":             {checkpoint(t, "}", record{name: "a/data/1", data: strings.Repeat("\x00", 1<<20), method: zip.Deflate}), "compressed"},
		"overlapping":            {overlapping(t), "overlap"},
		"cut zip":                {checkpoint(t, dictOf(word("w"), good))[:100], "not a valid zip"},
		"cut legacy":             {legacy(dictOf(word("w"), good))[:len(legacy(dictOf(word("w"), good)))-1], "cut off"},
		"legacy count":           {slices.Concat(legacy(dictOf(word("w"), good))[:len(legacy(dictOf(word("w"), good)))-32], []byte("\xff\xff\xff\xff\xff\xff\xff\xff"), []byte(sixFloats)), "beyond the file's end"},
		"legacy big-endian":      {bytes.Replace(legacy(dictOf(word("w"), good)), []byte("\x88"), []byte("\x89"), 1), "big-endian"},
		"legacy version":         {bytes.Replace(legacy(dictOf(word("w"), good)), []byte("M\xe9\x03"), []byte("M\xe8\x03"), 1), "not 1001"},
		"legacy keys":            {bytes.Replace(legacy(dictOf(word("w"), good)), []byte("]("+word("0")), []byte("]("+word("1")), 1), `"1" belongs to no tensor`},
		"another pickle":         {[]byte("\x80\x02\x8a\x01\x05."), "none that torch.save wrote"},
		"pickle of a tuple":      {[]byte("\x80\x02\x8a\x01\x05\x85."), "none that torch.save wrote"},
		"a web page":             {[]byte("<!DOCTYPE html><html></html>"), "cut off, or not"},
	} {
		f, err := Parse(bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil {
			_, err = f.Read()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %q, got %v", name, c.want, err)
		}
	}
	if _, err := os.Stat("/tmp/owned"); err == nil {
		t.Error("a pickle was run")
	}
}

// overlapping is an archive whose second storage lies in the first.
func overlapping(t testing.TB) []byte {
	inner := string(archive(t, record{name: "a/data/1", data: sixFloats}))
	outer := checkpoint(t, "}", record{name: "a/data/1", data: sixFloats}, record{name: "a/data/2", data: inner})
	// The directory's entry of a/data/1 shall lead to the header inside of a/data/2.
	entry := bytes.LastIndex(outer, []byte("a/data/1")) - 46
	if string(outer[entry:entry+4]) != "PK\x01\x02" {
		t.Fatal("no entry of the directory there")
	}
	binary.LittleEndian.PutUint32(outer[entry+42:], uint32(bytes.Index(outer, []byte(inner))))
	return outer
}

// TestBombs: files that would become very much in a reader that believes them take
// bounded memory and time, and are errors.
func TestBombs(t *testing.T) {
	laughs := "](K\x01eq\x00" // a list of ten lists of ten lists …
	for i := range 40 {
		laughs += "0](" + strings.Repeat("h"+string(rune(i)), 10) + "eq" + string(rune(i+1))
	}
	dicts := dictOf(word("x"), "N") + "q\x00" // a dict of ten dicts of ten dicts …
	for i := range 40 {
		items := []string{}
		for k := range 10 {
			items = append(items, word(fmt.Sprint(k)), "h"+string(rune(i)))
		}
		dicts += "0" + dictOf(items...) + "q" + string(rune(i+1))
	}
	pairs := "](" + strings.Repeat("](NNe", 1000) + "eq\x00" // a list of pairs, made a dict over and over
	pairs += strings.Repeat("ccollections\nOrderedDict\nh\x00\x85R", 100_000)
	views := []string{}
	for i := range 100_000 {
		views = append(views, word(fmt.Sprint(i)), "h\x00")
	}
	large := strings.Repeat("\x00", 1<<20)
	tensors := []string{}
	for i := range 1000 { // each with all of a storage
		tensors = append(tensors, word(fmt.Sprint(i)), rebuilt(reference("ByteStorage", "1", 1<<20), 0, numbers(1<<20), numbers(1)))
	}
	header := strings.Builder{}
	header.WriteByte('{')
	for i := range 200_000 {
		fmt.Fprintf(&header, `"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},`, i)
	}
	header.WriteString(`"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`)
	many := []record{{name: "a/data.pkl", data: pickle("}")}}
	for i := range 70_000 {
		many = append(many, record{name: fmt.Sprintf("a/data/%d", i)})
	}
	wide := []record{{name: "a/data.pkl", data: pickle("}")}}
	for i := range 300 {
		wide = append(wide, record{name: fmt.Sprintf("a/%d", i) + strings.Repeat("x", 60_000)})
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"lists of lists":         {checkpoint(t, dictOf(word("w"), laughs)), "no tensors in its dicts"},
		"dicts of dicts":         {checkpoint(t, dictOf(word("w"), dicts)), "more than 262144 values"},
		"pairs":                  {checkpoint(t, pairs), "more than 2097152 values"},
		"values":                 {checkpoint(t, strings.Repeat("]", 3<<20)), "more than 2097152 values"},
		"marks":                  {checkpoint(t, strings.Repeat("(", 3<<20)), "more than 2097152 values"},
		"nested":                 {checkpoint(t, strings.Repeat("]", 1<<20)+strings.Repeat("a", 1<<20-1)), "no dict of tensors"},
		"memo":                   {checkpoint(t, "]"+strings.Repeat("\x94", 3<<20)), "damaged"},
		"longer than may be":     {archive(t, record{name: "a/data.pkl", data: "\x80\x02" + strings.Repeat("\x80\x02", 17<<20)}), "bytes that a pickle"},
		"a tensor 100,000 times": {checkpoint(t, good+"q\x000"+dictOf(views...)), "more than 65536 tensors"},
		"a storage 1,000 times":  {checkpoint(t, dictOf(tensors...), record{name: "a/data/1", data: large}), "share what is stored"},
		"safetensors' names":     {file(header.String(), 0), "more than 65536 tensors"},
		"archive's names":        {archive(t, many...), "files, more than"},
		"archive's long names":   {archive(t, wide...), "directory has more than"},
		"a dict in itself":       {checkpoint(t, "}q\x00"+word("w")+"h\x00s"), "no tensors in its dicts"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := Parse(bytes.NewReader(c.file), int64(len(c.file)))
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %q, got %v and %v", name, c.want, f, err)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 512<<20 {
			t.Errorf("%s takes %d MB", name, taken>>20)
		}
	}
}

// TestChecksum: the views of a storage share its checksum, which is looked at.
func TestChecksum(t *testing.T) {
	data := checkpoint(t, dictOf(word("a"), good, word("b"), good))
	f, err := Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Tensors[0].whole != f.Tensors[1].whole || f.Tensors[0].whole.sum != crc32.ChecksumIEEE([]byte(sixFloats)) {
		t.Error("two views of a storage do not share its checksum")
	}
	if _, err := f.Read(); err != nil || !f.Tensors[0].whole.checked {
		t.Errorf("read, error %v, without a look at the checksum", err)
	}
}

func TestWriteTorch(t *testing.T) {
	metadata := map[string]string{"unit": "g", "classes": "a\nb"}
	var b, again bytes.Buffer
	for _, w := range []*bytes.Buffer{&b, &again} {
		if err := WriteTorch(w, sample, metadata); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("writing again gives other bytes")
	}
	f, err := Parse(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := f.Read()
	if err != nil || !reflect.DeepEqual(tensors, sample) || !maps.Equal(f.Metadata, metadata) {
		t.Errorf("read %v and %v, error %v", tensors, f.Metadata, err)
	}
	for _, s := range f.Tensors {
		if s.at%storageAlignment != 0 {
			t.Errorf("%s begins at %d", s.Name, s.at)
		}
	}
	if err := WriteTorch(&again, []Tensor{sample[0], sample[0]}, nil); err == nil || !strings.Contains(err.Error(), "two tensors are named") {
		t.Errorf("two tensors of one name: %v", err)
	}
	for _, room := range []int{0, 500, b.Len() - 1} {
		if err := WriteTorch(&fullDisk{room}, sample, metadata); !errors.Is(err, errFull) {
			t.Errorf("a full disk gives %v", err)
		}
	}
}

// FuzzTorch: a file is an error, or it is read, written and read again as the same
// tensors; nothing panics.
func FuzzTorch(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pth")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(legacy(dictOf(word("w"), good)))
	f.Add(checkpoint(f, dictOf(word("w"), good)))
	f.Fuzz(func(t *testing.T, data []byte) { sameAgain(t, data) })
}

// FuzzPickle is FuzzTorch for the pickle in an archive, whose checksum is right.
func FuzzPickle(f *testing.F) {
	f.Add([]byte(pickle(dictOf(word("model"), dictOf(word("module.w"), good), word("epoch"), "K\x01"))))
	f.Add([]byte(pickle("ccollections\nOrderedDict\n(](" + "](" + word("w") + good + "ee" + "tR}b")))
	f.Add([]byte("\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01w\x94\x8c\x0bcollections\x8c\x0bOrderedDict\x93)RG?\xe0\x00\x00\x00\x00\x00\x00u."))
	f.Add([]byte(pickle(dictOf(word("w"), "ctorch._utils\n_rebuild_parameter\n("+good+"\x89NtR"))))
	f.Fuzz(func(t *testing.T, data []byte) {
		sameAgain(t, archive(t, record{name: "a/data.pkl", data: string(data)}, record{name: "a/data/0", data: sixFloats}))
	})
}

func sameAgain(t *testing.T, data []byte) {
	tensors, metadata, err := parsed(data)
	if err != nil {
		return
	}
	var b bytes.Buffer
	if err := WriteTorch(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	file, err := Parse(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	again, err := file.Read()
	if err != nil {
		t.Fatal(err)
	}
	for i := range again { // what looks like a wrapper's prefix is cut off once more
		again[i].Name = file.Prefix + again[i].Name
	}
	if Digest(again) != Digest(tensors) {
		t.Error("read, written and read again: other tensors")
	}
}
