package command

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"biomass/runner/internal/experiment"
	"biomass/runner/internal/verify"
)

// holdoutFlags are those of a test set that only the verifier has.
type holdoutFlags struct{ table, images string }

func (f *holdoutFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.table, "holdout", "", "`TABLE` of a test set that only you have: judges the weights on it, by the recipe's own columns")
	c.Flags().StringVar(&f.images, "holdout-images", "", "`DIR` of its photos; without it the folder images beside the table")
}

// holdout returns the test set, nil where there is none, and an error where it is
// none.
func (f *holdoutFlags) holdout() (*experiment.Holdout, error) {
	switch {
	case f.table == "" && f.images == "":
		return nil, nil
	case f.table == "":
		return nil, misuse{errors.New("--holdout-images needs --holdout TABLE, whose photos they are")}
	}
	h := &experiment.Holdout{Table: f.table, Images: f.images}
	if f.images == "" {
		h.Images = filepath.Join(filepath.Dir(f.table), "images")
	}
	return h, h.Check()
}

// holdoutCells are the cells that say how a model does on a holdout: target and
// metric, value, photos, dropped rows, reason.
func holdoutCells(h *verify.Held) []string {
	cells := make([]string, 5)
	if h == nil {
		return cells
	}
	cells[4] = h.Reason
	if h.Held == nil {
		return cells
	}
	var dropped []string
	for _, c := range h.Dropped {
		if c.N > 0 {
			dropped = append(dropped, fmt.Sprintf("%s %d", c.Rule, c.N))
		}
	}
	cells[0], cells[1], cells[2] = h.Target+" "+h.Metric, strconv.FormatFloat(h.Value, 'g', -1, 64), strconv.Itoa(h.Photos)
	cells[3] = strings.Join(dropped, ", ")
	return cells
}

// sayHoldout says in a line how a model does on a holdout.
func sayHoldout(h *verify.Held) string {
	cells := holdoutCells(h)
	if h.Held == nil {
		return "not judged: " + cells[4]
	}
	line := fmt.Sprintf("%s %s on %s photos", cells[0], cells[1], cells[2])
	if cells[3] != "" {
		line += "; dropped: " + cells[3]
	}
	return line
}
