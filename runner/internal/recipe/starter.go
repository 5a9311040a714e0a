package recipe

import (
	"bytes"
	_ "embed" // for starter
)

//go:embed starter.yaml
var starter []byte

// Starter returns a short, commented recipe that works as it is: it trains on
// the built-in data. The name names the experiment.
func Starter(name string) []byte { return bytes.ReplaceAll(starter, []byte("NAME"), []byte(name)) }
