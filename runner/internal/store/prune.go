package store

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"

	"biomass/runner/internal/digest"
)

// Census counts the objects of a store: all of them, and those that nothing needs.
type Census struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
	Unnamed int   `json:"unnamed"`
	Free    int64 `json:"unnamed_bytes"`
	// Recent are those of the unnamed that are too young to be removed.
	Recent int `json:"recent"`
}

// maxRecord bounds the objects that are looked through for the digests of others.
const maxRecord = 64 << 20

var digests = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// mentioned returns the digests that stand in a text.
func mentioned(text []byte) []digest.Digest {
	var all []digest.Digest
	for _, word := range digests.FindAll(text, -1) {
		if d, err := digest.Parse(string(word)); err == nil && !d.IsZero() {
			all = append(all, d)
		}
	}
	return all
}

// Prune counts what is there, and removes what nothing needs and is older than
// age, and than the work of every process that is at it, unless dry. Needed are the objects that the texts name by their digest, and
// those that a needed object names in turn; the keys that the texts name, with
// their objects; and the records that speak only of what is needed, such as that
// of a photo whose pixels are.
func (s *Store) Prune(ctx context.Context, texts [][]byte, age time.Duration, dry bool) (Census, error) {
	p := pruning{store: s, objects: map[digest.Digest]fs.FileInfo{}, named: map[digest.Digest]bool{}}
	if err := p.list(ctx); err != nil {
		return Census{}, fmt.Errorf("look through the store: %w", err)
	}
	for _, text := range texts {
		p.need(mentioned(text))
	}
	for _, k := range p.keys {
		if p.named[k.key] {
			p.need([]digest.Digest{k.object})
		}
	}
	var c Census
	since := time.Now().Add(-age) // what is younger stays
	if busy := s.busySince(); !busy.IsZero() && busy.Before(since) {
		since = busy
	}
	gone := map[digest.Digest]bool{}
	spoken := map[digest.Digest]bool{} // by a record that is needed
	for _, k := range p.keys {
		if words := p.record(k.object); len(words) > 0 && p.all(words) {
			spoken[k.object] = true
		}
	}
	for d, info := range p.objects {
		c.Objects++
		c.Bytes += info.Size()
		if p.named[d] || spoken[d] {
			continue
		}
		c.Unnamed++
		c.Free += info.Size()
		if info.ModTime().After(since) {
			c.Recent++
		} else {
			gone[d] = true
		}
	}
	if dry {
		return c, nil
	}
	for _, k := range p.keys {
		if _, kept := p.objects[k.object]; gone[k.object] || !kept {
			os.Remove(k.path)
		}
	}
	for d := range gone {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		s.Remove(d)
	}
	s.Sweep()
	return c, nil
}

// pruning is what is known of a store's files.
type pruning struct {
	store   *Store
	objects map[digest.Digest]fs.FileInfo
	keys    []keyFile
	named   map[digest.Digest]bool
}

// keyFile is a key and the object that it points to.
type keyFile struct {
	path        string
	key, object digest.Digest
}

func (p *pruning) list(ctx context.Context) error {
	err := p.store.each(ctx, "objects", func(object digest.Digest, _ string, d fs.DirEntry) error {
		if info, err := d.Info(); err == nil { // else it was just removed
			p.objects[object] = info
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.store.each(ctx, "keys", func(key digest.Digest, path string, _ fs.DirEntry) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil // it was just removed
		}
		if object, err := digest.Parse(strings.TrimSpace(string(data))); err == nil {
			p.keys = append(p.keys, keyFile{path, key, object})
		}
		return nil
	})
}

// need marks digests, and what the objects of these digests name in turn.
func (p *pruning) need(more []digest.Digest) {
	for len(more) > 0 {
		d := more[len(more)-1]
		more = more[:len(more)-1]
		if p.named[d] {
			continue
		}
		p.named[d] = true
		more = append(more, p.record(d)...)
	}
}

// record returns the digests that an object names, if it is JSON.
func (p *pruning) record(d digest.Digest) []digest.Digest {
	info, ok := p.objects[d]
	if !ok || info.Size() > maxRecord {
		return nil
	}
	f, err := os.Open(p.store.object(d))
	if err != nil {
		return nil
	}
	start := make([]byte, 1)
	n, _ := f.Read(start)
	f.Close()
	if n == 0 || !bytes.ContainsAny(start, "{[") {
		return nil
	}
	data, err := p.store.Get(d)
	if err != nil {
		return nil
	}
	return mentioned(data)
}

// all reports whether all of them are needed.
func (p *pruning) all(words []digest.Digest) bool {
	for _, d := range words {
		if !p.named[d] {
			return false
		}
	}
	return true
}
