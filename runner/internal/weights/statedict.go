package weights

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// wrappers are the keys below which training programs keep the state_dict in their
// checkpoints, in the order in which they are looked for.
var wrappers = []string{"state_dict", "model_state_dict", "model_state", "model", "network", "net", "module", "weights", "params"}

// prefixes are what wrappers of models put before all names: DataParallel,
// torch.compile, Lightning, and people.
var prefixes = []string{"module.", "_orig_mod.", "model.", "backbone.", "net."}

// Limits of what is looked at of a checkpoint: how deep dicts lie in each other, how
// many values they have, and how many of those that are no tensors are told.
const (
	maxDepth   = 16
	maxLooks   = 4 * maxTensors
	maxLeftOut = 1000
)

// finding is a search for the tensors of a checkpoint.
type finding struct {
	names   []string
	tensors []*strided
	leftOut []string
	looks   int
}

// stateDict finds the tensors in an unpickled object: those of the dict that it is;
// else those of a dict in it that is the state_dict by its key; else those of all
// dicts in it, with keys joined by dots.
func (f *File) stateDict(object any) (*finding, error) {
	d, ok := object.(*dict)
	if !ok {
		return nil, errors.New("it holds no dict of tensors: save the state_dict, torch.save(model.state_dict(), FILE)")
	}
	found := &finding{}
	var path []string
	for len(path) < maxDepth && !d.direct() {
		key, inner := d.wrapped()
		if inner == nil {
			break
		}
		for _, k := range d.keys {
			if k != any(key) {
				found.leave(path, k)
			}
		}
		path, d = append(path, key), inner
	}
	if err := found.collect(d, nil, path, !d.direct()); err != nil {
		return nil, err
	}
	if len(found.names) == 0 {
		return nil, fmt.Errorf("there are no tensors in its dicts; its keys are %.200q", strings.Join(found.leftOut, ", "))
	}
	f.Within, f.LeftOut = strings.Join(path, "."), found.leftOut
	return found, nil
}

// direct reports whether a value of the dict is a tensor.
func (d *dict) direct() bool {
	return slices.ContainsFunc(d.values, func(v any) bool { _, ok := v.(*strided); return ok })
}

// has reports whether the dict has the key with this value.
func (d *dict) has(key string, value any) bool {
	i := slices.Index(d.keys, any(key))
	return i >= 0 && d.values[i] == value
}

// wrapped returns the dict in d that is the state_dict by its key, nil for none.
func (d *dict) wrapped() (key string, inner *dict) {
	for _, key := range wrappers {
		for i, k := range d.keys {
			if inner, ok := d.values[i].(*dict); ok && k == any(key) && len(inner.keys) > 0 {
				return key, inner
			}
		}
	}
	return "", nil
}

// collect takes the tensors of a dict, and where deep those of the dicts in it. names
// are the keys that lead to it from the state_dict, path those that lead to the
// state_dict.
func (f *finding) collect(d *dict, names, path []string, deep bool) error {
	for i, key := range d.keys {
		if f.looks++; f.looks > maxLooks {
			return fmt.Errorf("more than %d values in its dicts: no network has so many", maxLooks)
		}
		name := append(slices.Clip(names), keyName(key))
		switch v := d.values[i].(type) {
		case *strided:
			whole := strings.Join(name, ".")
			if len(whole) > maxText || len(f.names) == maxTensors {
				return fmt.Errorf("more than %d tensors, or a name of more than %d bytes", maxTensors, maxText)
			}
			f.names, f.tensors = append(f.names, whole), append(f.tensors, v)
		case *dict:
			if deep && len(name) < maxDepth {
				if err := f.collect(v, name, path, true); err != nil {
					return err
				}
				continue
			}
			f.leave(path, key)
		default:
			f.leave(append(slices.Clip(path), names...), key)
		}
	}
	return nil
}

// leave notes that a value is no tensor, or none of the state_dict.
func (f *finding) leave(path []string, key any) {
	if name := keyName(key); len(f.leftOut) < maxLeftOut && len(name) <= maxText {
		f.leftOut = append(f.leftOut, strings.Join(append(slices.Clip(path), name), "."))
	}
}

// keyName is a dict's key as a name.
func keyName(key any) string {
	switch key := key.(type) {
	case string:
		return key
	case int64:
		return fmt.Sprint(key)
	}
	return "?"
}

// cutPrefix cuts off what all names begin with.
func (f *File) cutPrefix() {
	for _, prefix := range prefixes {
		all := len(f.Tensors) > 0
		for _, s := range f.Tensors {
			all = all && strings.HasPrefix(s.Name, prefix)
		}
		if all {
			for _, s := range f.Tensors {
				s.Name = strings.TrimPrefix(s.Name, prefix)
			}
			f.Prefix += prefix
			f.cutPrefix()
			return
		}
	}
}
