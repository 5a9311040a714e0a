package recipe

import (
	"bytes"
	_ "embed" // for starter
)

//go:embed starter.yaml
var starter []byte

// Starter returns a short, commented recipe that works as it is: it trains on
// the built-in data. The name names the experiment, schema is the path of the JSON
// Schema, relative to the recipe, by which editors know what can stand where.
func Starter(name, schema string) []byte {
	text := bytes.ReplaceAll(starter, []byte("NAME"), []byte(name))
	return bytes.Replace(text, []byte("SCHEMA"), []byte(schema), 1)
}
