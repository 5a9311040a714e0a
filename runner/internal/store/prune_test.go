package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"biomass/runner/internal/digest"
)

// TestPrune keeps what a text names, what that names in turn, the keys that it
// names, and records of what is needed; the rest goes.
func TestPrune(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	put := func(text string) digest.Digest {
		d, err := s.Put([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	key := func(kind, name string, object digest.Digest) digest.Digest {
		d := digest.Of([]byte(name))
		if err := s.SetKey(kind, d, object); err != nil {
			t.Fatal(err)
		}
		return d
	}
	pixels, otherPixels := put("pixels"), put("other pixels")
	catalogue := put(fmt.Sprintf(`{"Pixels":"%s"}`, pixels))
	record := put(fmt.Sprintf(`{"Pixels":"%s","Width":3}`, pixels))
	otherRecord := put(fmt.Sprintf(`{"Pixels":"%s","Width":3}`, otherPixels))
	state := put("a state")
	states := put(fmt.Sprintf(`[{"object":"%s"}]`, state))
	leftover := put("a checkpoint")
	notJSON := put("names " + otherPixels.String())
	training := key("states", "training", states)
	photo, other := key("pixels", "photo", record), key("pixels", "other", otherRecord)
	old := key("train", "old", leftover)
	lock := fmt.Appendf(nil, "picture: %s\nkey: %q\nweights: %s\n", catalogue, training, notJSON)

	needed := []digest.Digest{pixels, catalogue, record, state, states, notJSON}
	loose := []digest.Digest{otherPixels, otherRecord, leftover}
	for _, c := range []struct {
		age  time.Duration
		dry  bool
		left bool
	}{{0, true, true}, {time.Hour, false, true}, {0, false, false}} {
		census, err := s.Prune(t.Context(), [][]byte{lock}, c.age, c.dry)
		if err != nil {
			t.Fatal(err)
		}
		recent := 0
		if c.age > 0 {
			recent = len(loose)
		}
		if census.Objects != len(needed)+len(loose) || census.Unnamed != len(loose) || census.Recent != recent || census.Free == 0 || census.Bytes <= census.Free {
			t.Errorf("%+v: %+v", c, census)
		}
		for _, d := range needed {
			if !s.Has(d) {
				t.Errorf("%+v: an object that is needed is gone", c)
			}
		}
		for _, d := range loose {
			if s.Has(d) != c.left {
				t.Errorf("%+v: of an object that nothing needs: there is %v", c, s.Has(d))
			}
		}
		for _, k := range []struct {
			kind string
			key  digest.Digest
			want bool
		}{{"states", training, true}, {"pixels", photo, true}, {"pixels", other, c.left}, {"train", old, c.left}} {
			if _, ok := s.Key(k.kind, k.key); ok != k.want {
				t.Errorf("%+v: key of %s: %v, want %v", c, k.kind, ok, k.want)
			}
		}
	}
	empty, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if census, err := empty.Prune(t.Context(), nil, 0, false); err != nil || census != (Census{}) {
		t.Errorf("of nothing: %+v, %v", census, err)
	}
}

// TestPruneBesideARun keeps what was made since a run that is still at work began, however
// long ago that is.
func TestPruneBesideARun(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	aged := func(path string, age time.Duration) {
		t.Helper()
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	unlock, err := s.Lock(t.Context(), "recipe-plants", nil)
	if err != nil {
		t.Fatal(err)
	}
	aged(filepath.Join(s.dir, "locks", "recipe-plants"), 3*time.Hour)
	made := map[time.Duration]digest.Digest{}
	for _, age := range []time.Duration{2 * time.Hour, 4 * time.Hour} {
		d, err := s.Put([]byte(age.String()))
		if err != nil {
			t.Fatal(err)
		}
		aged(s.object(d), age)
		made[age] = d
	}
	prune := func(during, before bool) {
		t.Helper()
		if _, err := s.Prune(t.Context(), nil, time.Hour, false); err != nil {
			t.Fatal(err)
		}
		if s.Has(made[2*time.Hour]) != during || s.Has(made[4*time.Hour]) != before {
			t.Errorf("of the run's object there is %v, of the one before it %v", s.Has(made[2*time.Hour]), s.Has(made[4*time.Hour]))
		}
	}
	prune(true, false)
	unlock()
	prune(false, false)
}
