package recipe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	koanfyaml "github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
	"go.yaml.in/yaml/v3"
)

// Bounds of one YAML document. They are far above what a person writes.
const (
	// MaxBytes is the size of the longest recipe.
	MaxBytes  = 1 << 20
	maxValues = 10_000 // with every alias written out
	maxDepth  = 32
)

// place is where a key stands.
type place struct {
	file         string
	line, column int
}

func (p place) problem(key, reason, hint string) Problem {
	return Problem{File: p.file, Line: p.line, Column: p.column, Key: key, Reason: reason, Hint: hint}
}

// document is one YAML text: a recipe file, or the value of an override.
type document struct {
	values   *koanf.Koanf
	places   map[string]place // by full key
	problems Problems
	root     place
	broken   bool // nothing could be read
}

// separator is the delimiter that koanf is given: no key has it, so keys with
// a dot in them stay one key.
const separator = "\x00"

// readDocument parses a YAML text whose root becomes the value of key, or the
// whole recipe when key is empty.
//
// The text is parsed twice: koanf keeps the values but no positions, yaml.Node
// keeps the positions.
func readDocument(text []byte, root place, key string) *document {
	d := &document{values: koanf.New(separator), places: map[string]place{}, root: root, broken: true}
	if len(text) > MaxBytes {
		d.problem(root, key, fmt.Sprintf("has %d bytes; a recipe has at most %d", len(text), MaxBytes), "")
		return d
	}
	node := d.parse(text, key)
	if node == nil {
		d.broken = len(d.problems) > 0
		return d
	}
	if expanded(node, maxDepth, maxValues) < 0 {
		d.problem(root, key, fmt.Sprintf("is too large: more than %d values, or nested more than %d deep", maxValues, maxDepth), "")
		return d
	}
	d.walk(node, key)
	if key != "" {
		d.places[key] = root
		parts := strings.Split(key, ".")
		for i := len(parts) - 1; i >= 0; i-- {
			node = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: parts[i]}, node}}
		}
	} else if node.Kind != yaml.MappingNode {
		d.problem(d.at(node), "", "a recipe is a map of keys, not "+describeNode(node), "see runner init")
		return d
	}
	if key != "" || len(d.problems) > 0 {
		// The walk took out what koanf cannot hold, e.g. keys written twice; the rest is checked all the same.
		var err error
		if text, err = yaml.Marshal(node); err != nil {
			d.problem(root, key, "not YAML: "+err.Error(), "")
			return d
		}
	}
	if err := d.values.Load(rawbytes.Provider(text), koanfyaml.Parser()); err != nil {
		d.problem(root, key, "not YAML: "+strings.TrimPrefix(err.Error(), "yaml: "), "")
		return d
	}
	d.broken = false
	return d
}

func (d *document) problem(at place, key, reason, hint string) {
	d.problems = append(d.problems, at.problem(key, reason, hint))
}

// at is the place of a node, which in an override is the override itself.
func (d *document) at(n *yaml.Node) place {
	if d.root.line == 0 {
		return d.root
	}
	return place{d.root.file, n.Line, n.Column}
}

var (
	syntaxError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	// parserError are the errors whose line package yaml counts from 0.
	parserError = regexp.MustCompile(`^did not find expected (<|node|'-'|key$|',')`)
)

// parse returns the one document in the text, nil when it is empty or broken.
func (d *document) parse(text []byte, key string) *yaml.Node {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if err == nil {
		if err = decoder.Decode(&second); err == nil {
			d.problem(d.at(&second), key, "a second YAML document starts here", "write one recipe a file; extends joins recipes")
			return nil
		}
		if errors.Is(err, io.EOF) {
			return document.Content[0]
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	at, reason := d.root, err.Error()
	if m := syntaxError.FindStringSubmatch(reason); m != nil {
		reason = m[2]
		line, _ := strconv.Atoi(m[1]) // 0 when the message has none
		if parserError.MatchString(reason) {
			line++
		}
		if at.line > 0 {
			at.line = max(line, 1)
		}
	}
	d.problem(at, key, "not YAML: "+reason, syntaxHint(reason, text, at.line))
	return nil
}

// syntaxHint says what to look for where the words of package yaml do not.
func syntaxHint(reason string, text []byte, line int) string {
	lines := bytes.Split(text, []byte("\n"))
	if line > 0 && line <= len(lines) && bytes.ContainsRune(lines[line-1], '\t') {
		return "there is a tab: YAML is indented with spaces"
	}
	switch {
	case strings.HasPrefix(reason, "mapping values are not allowed"):
		return "look whether it is indented as the lines around it; a text with a colon stands in quotes"
	case strings.HasPrefix(reason, "could not find expected ':'"):
		return "a colon and a space follow each key"
	case strings.HasPrefix(reason, "did not find expected key"):
		return "look whether it is indented as the lines around it"
	}
	return ""
}

// expanded returns what is left of budget after the values below a node are
// counted, aliases written out; negative when the bounds do not hold.
func expanded(n *yaml.Node, depth, budget int) int {
	if budget--; budget < 0 || depth < 0 {
		return -1
	}
	if n.Kind == yaml.AliasNode {
		return expanded(n.Alias, depth-1, budget)
	}
	for _, child := range n.Content {
		if budget = expanded(child, depth-1, budget); budget < 0 {
			return -1
		}
	}
	return budget
}

// walk notes where every key stands and takes out the keys that cannot be.
func (d *document) walk(n *yaml.Node, key string) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!int" && octal.MatchString(n.Value) {
			d.problem(d.at(n), key, fmt.Sprintf("%s would be read as an octal number", n.Value), "take the leading 0 away, or write a text in quotes")
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			below := fmt.Sprintf("%s[%d]", key, i)
			d.places[below] = d.at(item)
			d.walk(item, below)
		}
	case yaml.MappingNode:
		kept, seen := n.Content[:0], map[string]int{}
		for i := 0; i < len(n.Content); i += 2 {
			name, value := n.Content[i], n.Content[i+1]
			switch first, twice := seen[name.Value]; {
			case name.Kind == yaml.ScalarNode && name.Tag == "!!merge":
				d.problem(d.at(name), key, "<< is not part of the recipe language", "use extends, or write the keys out")
			case name.Kind != yaml.ScalarNode || name.Tag != "!!str":
				hint := ""
				if name.Tag == "!!int" && n.Style&yaml.FlowStyle != 0 { // rate: 0,001 in braces
					hint = "decimals have a point, as in 0.001, and texts with a comma stand in quotes"
				}
				d.problem(d.at(name), key, "a key is a word, not "+describeNode(name), hint)
			case twice:
				hint := ""
				if d.root.line > 0 {
					hint = fmt.Sprintf("the first is on line %d", first)
				}
				d.problem(d.at(name), join(key, name.Value), "is written twice", hint)
			default:
				seen[name.Value] = name.Line
				kept = append(kept, name, value)
				below := join(key, name.Value)
				d.places[below] = d.at(name)
				d.walk(value, below)
			}
		}
		n.Content = kept
	}
}

var octal = regexp.MustCompile(`^[-+]?0[0-7_]+$`)

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// join returns the full path of a key below another one.
func join(key, name string) string {
	if !plainKey.MatchString(name) {
		name = strconv.Quote(name)
	}
	if key == "" {
		return name
	}
	return key + "." + name
}

func describeNode(n *yaml.Node) string {
	var value any
	if n.Decode(&value) != nil {
		return "this"
	}
	return describe(value)
}
