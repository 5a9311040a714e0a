package report

import (
	"slices"

	"gonum.org/v1/plot/vg"

	"biomass/runner/internal/digest"
	"biomass/runner/internal/evaluate"
)

// Document is everything that a report shows.
type Document struct {
	// Language that the page and its pictures are written in.
	Language
	// Name of the experiment; Title of the page, made from name and target where
	// it is empty.
	Name, Title string
	// RecipePath is the recipe's path from the project's folder, with slashes,
	// and Canonical its canonical YAML.
	RecipePath string
	Canonical  []byte
	// Plots are those that are wanted, as the recipe names them; each stands in its own
	// section, those left out are not drawn.
	Plots []string

	Evaluation *evaluate.Evaluation
	Cleaning   Cleaning
	// Against are the columns that the target is drawn against.
	Against []Against
	History []Epoch
	// Rate is the learning rate of epochs that state none.
	Rate float64
	// Chosen says that the kept epoch was chosen on the validation part.
	Chosen bool
	// Sweep is what was tried before; nil for nothing.
	Sweep *Sweep
	// Series are the further trainings, Folds what those of folds predicted, Leakage what a
	// random split pretends; both may be nil.
	Series  []Series
	Folds   *Folds
	Leakage *Leakage

	// Network is the backbone's name, Layers its parts, Parameters how many scalars it
	// has, and Trained how many of them train in the first epoch, 0 for all.
	Network             string
	Layers              []Layer
	Parameters, Trained int
	// Augmented shows what augmentation does; nil where the epochs see photos as they are.
	Augmented *Augmented
	// Weights are those that the network begins with; nil where they are drawn.
	Weights *Weights
	// Features are the columns that it sees beside the photo.
	Features []Feature

	// Digests are shown in their order.
	Digests []NamedDigest
	// Observed is what the stages before the training saw, in English sentences, and
	// Clipped how targets were changed for the training; nil where they were not.
	Observed []string
	Clipped  *Clipped
	// Lock is the path of the lock from the project's folder, with slashes, Numerics the
	// version of the arithmetic, and Verify the command that checks the report.
	Lock     string
	Numerics int
	Verify   string

	width vg.Length // of the charts that are being drawn
}

// Weights tell which file a network begins with, and which tensors of it.
type Weights struct {
	File     string
	ImageNet bool     // the file is torchvision's for the backbone
	Loaded   int      // tensors
	LeftOut  []string // that only the file has, or of another head
	Missing  []string // that only the network has: they are drawn
}

// Cleaning tells how the rows of the table became the rows that were kept.
type Cleaning struct {
	Rows  int // in the table's file
	Steps []Step
	Kept  int
	Head  []DroppedRow // the first dropped rows, to look at
}

// Step is one cleaning rule and how many rows it dropped.
type Step struct {
	Rule    string
	Dropped int
}

// DroppedRow is one line of the ledger.
type DroppedRow struct {
	Line                int
	Image, Rule, Detail string
}

// Epoch is one line of the training history.
type Epoch struct {
	Epoch          int     `json:"epoch"`
	TrainLoss      float64 `json:"train_loss"`
	ValidationLoss float64 `json:"validation_loss"`
	ValidationRMSE float64 `json:"validation_rmse,omitzero"` // of a regression, in the target's unit
	// ValidationAccuracy and ValidationMacroF1 are those of a classification.
	ValidationAccuracy float64 `json:"validation_accuracy,omitzero"`
	ValidationMacroF1  float64 `json:"validation_macro_f1,omitzero"`
	Kept               bool    `json:"kept"`
	// Rate is the learning rate of the last step, 0 where no schedule changes it.
	Rate float64 `json:"learning_rate,omitzero"`
}

// Layer is one row of the architecture table.
type Layer struct {
	Name, Kind   string
	Stage        string // that it belongs to; empty in a network without stages
	Shape        string // of the output, such as "56 × 56 × 64"
	Parameters   int
	MultiplyAdds int // a photo
	// Trains is the first epoch in which its parameters do, 0 for none.
	Trains int
}

// Feature is a column of the second input: one of numbers, or one of categories.
type Feature struct {
	Column     string
	Mean, Std  float64 // subtracted from a number, and what it is then divided by
	Categories []string
	// Fill and FillCategory stand for an empty cell, where there is a rule; Empty is how
	// many there are in the rows that were kept.
	Fill         *float64
	FillCategory *string
	Empty        int
	// Unseen is how many rows have a category that no training row has, of which
	// UnseenCategories names some.
	Unseen           int
	UnseenCategories []string
}

// NamedDigest is one row of the table of digests: of the recipe, the table, the pictures, the
// split, the weights_before (the training), the weights or the predictions.
type NamedDigest struct {
	Name   string
	Digest digest.Digest
}

// newChart returns a chart as wide as the document is drawn.
func (d Document) newChart(title, subtitle, horizontal, vertical string) *chart {
	return newChart(d.Language, d.width, title, subtitle, horizontal, vertical)
}

// classifies reports whether the target is a class, not a number.
func (d Document) classifies() bool { return d.Evaluation.Classes != nil }

// validated reports whether there is a validation part, and so figures of it.
func (d Document) validated() bool { return d.Evaluation.Part(evaluate.Validation) != nil }

// shows reports whether a plot is wanted.
func (d Document) shows(plot string) bool { return slices.Contains(d.Plots, plot) }
