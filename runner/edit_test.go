package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"biomass/runner/internal/lock"
	"biomass/runner/internal/verify"
)

// leaf is one value of a YAML document, by its path.
type leaf struct {
	path string
	node *yaml.Node
}

func leaves(path string, n *yaml.Node) []leaf {
	if n.Kind == yaml.ScalarNode {
		return []leaf{{path, n}}
	}
	var all []leaf
	for i, item := range n.Content {
		switch {
		case n.Kind != yaml.MappingNode:
			all = append(all, leaves(fmt.Sprintf("%s[%d]", path, i), item)...)
		case i%2 == 1:
			all = append(all, leaves(path+"."+n.Content[i-1].Value, item)...)
		}
	}
	return all
}

// onlyData are the values of a lock that nothing but the data can refute.
var onlyData = regexp.MustCompile(`^\.(recorded\..*|seal|data\.images\.(digest|files)|clean\.ledger|split\.(groups|digest)|stages\[[127]\]\.key|stages\[8\]\.output|results\.test\.predictions)$`)

// TestEveryValue changes every value of a lock, one after the other, and closes it with a
// seal that fits. Without the data, too, each change is found but where only the data tell.
func TestEveryValue(t *testing.T) {
	p := finished(t)
	whole := p.read(plantsLock)
	var document yaml.Node
	p.check(yaml.Unmarshal(whole, &document))
	tried := 0
	for _, value := range leaves("", document.Content[0]) {
		if onlyData.MatchString(value.path) {
			continue
		}
		was := *value.node
		for _, other := range []string{"-1", ".nan", "other", "sha256:" + strings.Repeat("0f", 32)} {
			*value.node = yaml.Node{Kind: yaml.ScalarNode, Value: other}
			text, err := yaml.Marshal(&document)
			*value.node = was
			p.check(err)
			l, err := lock.Parse(text)
			if err != nil {
				continue // no lock at all
			}
			p.seal(l)
			if bytes.Equal(p.read(plantsLock), whole) {
				continue
			}
			tried++
			v, err := verify.Run(t.Context(), verify.Options{Lock: p.path(plantsLock), Level: verify.LockOnly})
			if err == nil && v.Judgement == verify.Verified {
				t.Errorf("%s is %s instead of %s, and the lock is VERIFIED", value.path, other, was.Value)
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d changes were tried", tried)
	}
}
