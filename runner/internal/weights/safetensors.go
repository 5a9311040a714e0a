package weights

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The format: 8 bytes of header length, little-endian; a JSON object that maps
// each tensor's name to its type, shape and place; the tensors' bytes,
// little-endian and row-major, without gaps
// (https://github.com/huggingface/safetensors).

const (
	lengthBytes = 8
	// maxHeader is the format's own limit on the length of the header.
	maxHeader   = 100_000_000
	metadataKey = "__metadata__"
	chunkBytes  = 1 << 20
)

// headerRoom is more than the header of a network of a few hundred tensors.
const headerRoom = 1 << 16

// entry is the header's line about one tensor; Offsets are relative to the end
// of the header.
type entry struct {
	Type    string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// WriteSafetensors writes the tensors in the given order. Equal arguments give
// equal bytes; the tensors' bytes start at a multiple of 8.
func WriteSafetensors(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	header, err := encodeHeader(tensors, metadata)
	if err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	chunk := make([]byte, 0, chunkBytes)
	for _, t := range tensors {
		if err := t.write(w, chunk); err != nil {
			return fmt.Errorf("write safetensors: %w", err)
		}
	}
	return nil
}

// Encode returns the file that WriteSafetensors writes.
func Encode(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	size := headerRoom
	for _, t := range tensors {
		size += 4*len(t.Float) + 8*len(t.Int)
	}
	file := bytes.NewBuffer(make([]byte, 0, size))
	if err := WriteSafetensors(file, tensors, metadata); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

// encodeHeader returns the length and the JSON object, padded with spaces.
func encodeHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	header := bytes.NewBuffer(make([]byte, lengthBytes))
	header.WriteByte('{')
	write := func(key string, value any) error {
		if header.Len() > lengthBytes+1 {
			header.WriteByte(',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			return err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		header.Write(name)
		header.WriteByte(':')
		header.Write(text)
		return nil
	}
	if len(metadata) > 0 {
		if err := write(metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	if err := checkAll(tensors); err != nil {
		return nil, err
	}
	var end int64
	for _, t := range tensors {
		if t.Name == metadataKey {
			return nil, fmt.Errorf("a tensor is named %q", metadataKey)
		}
		e := entry{Type: "F32", Shape: append([]int{}, t.Shape...)}
		if t.Int != nil {
			e.Type = "I64"
		}
		begin := end
		end += elements[e.Type].bytes * int64(len(t.Float)+len(t.Int))
		e.Offsets = [2]int64{begin, end}
		if err := write(t.Name, e); err != nil {
			return nil, err
		}
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	if header.Len()-lengthBytes > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, the format allows %d", header.Len()-lengthBytes, maxHeader)
	}
	binary.LittleEndian.PutUint64(header.Bytes(), uint64(header.Len()-lengthBytes))
	return header.Bytes(), nil
}

// Decode reads the tensors of a whole safetensors file.
func Decode(file []byte) ([]Tensor, error) {
	f, err := parseSafetensors(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Safetensors, err)
	}
	return f.Read()
}

// parseSafetensors reads the header of a file: its tensors in the header's order
// and its metadata. Whatever the format does not allow is an error.
func parseSafetensors(r io.ReaderAt, size int64) (*File, error) {
	f := &File{Format: Safetensors}
	if size < lengthBytes {
		return f, fmt.Errorf("%d bytes are too few for a file of weights", size)
	}
	var length [lengthBytes]byte
	if err := readAt(r, length[:], 0); err != nil {
		return f, err
	}
	headerBytes := binary.LittleEndian.Uint64(length[:])
	if limit := min(maxHeader, size-lengthBytes); headerBytes > uint64(limit) {
		return f, fmt.Errorf("header of %d bytes in a file of %d: the file is cut off, or not one of safetensors or torch.save", headerBytes, size)
	}
	header := make([]byte, headerBytes)
	if err := readAt(r, header, lengthBytes); err != nil {
		return f, err
	}
	names, entries, metadata, err := decodeHeader(header)
	if err != nil {
		return f, fmt.Errorf("header: %w", err)
	}
	start := lengthBytes + int64(headerBytes)
	if err := checkEntries(names, entries, size-start); err != nil {
		return f, err
	}
	f.Metadata = metadata
	for i, e := range entries {
		f.Tensors = append(f.Tensors, &Stored{Name: names[i], Shape: e.Shape, Type: e.Type, file: r, at: start + e.Offsets[0]})
	}
	return f, nil
}

// decodeHeader reads the JSON object, key by key so that a name that stands
// there twice is seen.
func decodeHeader(header []byte) ([]string, []entry, map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(header))
	d.DisallowUnknownFields()
	if open, err := d.Token(); err != nil {
		return nil, nil, nil, err
	} else if open != json.Delim('{') {
		return nil, nil, nil, errors.New("want a JSON object")
	}
	var (
		names    []string
		entries  []entry
		metadata map[string]string
		seen     = map[string]bool{}
	)
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, nil, err
		}
		name := key.(string) // within an object the decoder returns keys as strings
		if seen[name] {
			return nil, nil, nil, fmt.Errorf("%q stands there twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			if err := d.Decode(&metadata); err != nil {
				return nil, nil, nil, fmt.Errorf("%s: %w", metadataKey, err)
			}
			continue
		}
		// Pointers tell a missing field from an empty one.
		var e struct {
			Type    *string  `json:"dtype"`
			Shape   *[]int   `json:"shape"`
			Offsets *[]int64 `json:"data_offsets"`
		}
		if err := d.Decode(&e); err != nil {
			return nil, nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if e.Type == nil || e.Shape == nil || e.Offsets == nil || len(*e.Offsets) != 2 {
			return nil, nil, nil, fmt.Errorf("tensor %q: want dtype, shape and two data_offsets", name)
		}
		if len(names) == maxTensors {
			return nil, nil, nil, fmt.Errorf("more than %d tensors", maxTensors)
		}
		names = append(names, name)
		entries = append(entries, entry{*e.Type, *e.Shape, [2]int64(*e.Offsets)})
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, nil, err
	}
	if rest := strings.TrimRight(string(header[d.InputOffset():]), " "); rest != "" {
		return nil, nil, nil, fmt.Errorf("%d bytes behind the JSON object", len(rest))
	}
	return names, entries, metadata, nil
}

// checkEntries holds the entries against each other and against the bytes that
// follow the header: every byte belongs to exactly one tensor.
func checkEntries(names []string, entries []entry, size int64) error {
	for i, e := range entries {
		kind, known := elements[e.Type]
		if !known {
			return fmt.Errorf("tensor %q has dtype %q: read here are %s; save it as float32", names[i], e.Type, elementNames())
		}
		width := kind.bytes
		n, ok := product(e.Shape)
		if !ok {
			return fmt.Errorf("tensor %q has the impossible shape %v", names[i], e.Shape)
		}
		if begin, end := e.Offsets[0], e.Offsets[1]; begin < 0 || end < begin || end > size {
			return fmt.Errorf("tensor %q lies at %d to %d of %d bytes: the file is cut off or damaged", names[i], begin, end, size)
		} else if end-begin != int64(n)*width {
			return fmt.Errorf("tensor %q of shape %v and type %s has %d bytes, want %d", names[i], e.Shape, e.Type, end-begin, int64(n)*width)
		}
	}
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(entries[a].Offsets[0], entries[b].Offsets[0]), cmp.Compare(entries[a].Offsets[1], entries[b].Offsets[1]))
	})
	var end int64
	for _, i := range order {
		switch begin := entries[i].Offsets[0]; {
		case begin < end:
			return fmt.Errorf("tensor %q overlaps the one before it", names[i])
		case begin > end:
			return fmt.Errorf("%d bytes before tensor %q belong to no tensor", begin-end, names[i])
		}
		end = entries[i].Offsets[1]
	}
	if end != size {
		return fmt.Errorf("%d bytes behind the last tensor belong to no tensor", size-end)
	}
	return nil
}
