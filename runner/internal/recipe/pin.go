package recipe

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// PinWeights writes network.weights.sha256 into the text of a recipe, beside the file or the
// url, and leaves all the rest as it stands.
func PinWeights(text []byte, sum string) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	node := &document
	if len(document.Content) > 0 {
		node = document.Content[0]
	}
	_, network := below(node, "network")
	_, weights := below(network, "weights")
	if weights == nil || weights.Kind != yaml.MappingNode {
		return nil, errors.New("network.weights: no file and no url stand here, but in a recipe that it extends: write the sum there")
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	if _, old := below(weights, "sha256"); old != nil {
		line := lines[old.Line-1]
		at := old.Column - 1
		if !bytes.Contains(line[at:], []byte(old.Value)) || old.Value == "" {
			return nil, fmt.Errorf("line %d: network.weights.sha256 cannot be replaced: write %s there", old.Line, sum)
		}
		lines[old.Line-1] = append(line[:at:at], bytes.Replace(line[at:], []byte(old.Value), []byte(sum), 1)...)
		return bytes.Join(lines, nil), nil
	}
	name, value := below(weights, "url")
	if value == nil {
		name, value = below(weights, "file")
	}
	if value == nil || value.Kind != yaml.ScalarNode || value.Line != name.Line {
		return nil, errors.New("network.weights: no file and no url stand here on one line: write sha256: " + sum)
	}
	line := lines[value.Line-1]
	if weights.Style&yaml.FlowStyle == 0 {
		insert := strings.Repeat(" ", name.Column-1) + "sha256: " + sum + "\n"
		if !bytes.HasSuffix(line, []byte("\n")) {
			insert = "\n" + strings.TrimSuffix(insert, "\n")
		}
		lines[value.Line-1] = append(line[:len(line):len(line)], insert...)
		return bytes.Join(lines, nil), nil
	}
	at := value.Column - 1
	end := bytes.Index(line[at:], []byte(value.Value))
	if end < 0 {
		return nil, fmt.Errorf("line %d: the sum cannot be written behind the file: write sha256: %s", value.Line, sum)
	}
	end += at + len(value.Value)
	if value.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		end++
	}
	lines[value.Line-1] = append(append(line[:end:end], ", sha256: "+sum...), line[end:]...)
	return bytes.Join(lines, nil), nil
}

// below returns a key of a map and its value, nil where there is none.
func below(node *yaml.Node, key string) (name, value *yaml.Node) {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i], node.Content[i+1]
		}
	}
	return nil, nil
}
