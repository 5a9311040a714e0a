// Package report owns what people read, report.md and its pictures, and the same
// figures for programs, metrics.json and tables. It renders an Evaluation and what
// the other stages returned, and never computes a result, so that it cannot
// contradict them. The same Document gives the same bytes on every platform;
// nothing in it tells when or where it was made.
package report

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"regexp"
	"slices"
	"strings"

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

// The files of a report.
const (
	pageFile   = "report.md"
	htmlFile   = "report.html"
	targetFile = "target.svg"

	// Those of the data's story.
	funnelFile      = "funnel.svg"
	driftFile       = "drift.svg"
	correlationFile = "correlation.svg"
	againstFile     = "against.svg"
	pixelsFile      = "pixels.svg"

	samplesFile         = "samples.png"
	curvesFile          = "curves.svg"
	accuracyFile        = "accuracy.svg"
	rateFile            = "rate.svg"
	fitFile             = "fit.svg"
	confusionFile       = "confusion.svg"
	sharesFile          = "confusion_shares.svg"
	confusedFile        = "confused.png"
	rocFile             = "roc.svg"
	precisionRecallFile = "precision_recall.svg"
	reliabilityFile     = "reliability.svg"
	batchesFile         = "batches.svg"
	attentionFile       = "gradcam.png"
	augmentFile         = "augment.png"
	foldsFile           = "out_of_fold.csv"
)

// twins are the files for programs.
var twins = []struct {
	file  string
	write func(Document) ([]byte, error)
}{{MetricsFile, metrics}, {"history.csv", history}, {PredictionsFile, predictions}}

// MetricsFile holds all figures, PredictionsFile the table of single predictions.
const (
	MetricsFile     = "metrics.json"
	PredictionsFile = "predictions.csv"
)

// figure is one picture of a report.
type figure struct {
	plot string // its name in report.plots
	file string
	draw func(Document) ([]byte, error) // nil where there is nothing to show
}

// figures are the pictures of a regression's report, classFigures those of a
// classification's.
var (
	figures = []figure{
		{"funnel", funnelFile, drawFunnel},
		{"target", targetFile, drawTarget},
		{"target", driftFile, drawDrift},
		{"correlation", correlationFile, drawCorrelation},
		{"against", againstFile, drawAgainst},
		{"pixels", pixelsFile, drawPixels},
		{"samples", samplesFile, drawSamples},
		{"curves", curvesFile, drawCurves},
		{"curves", rateFile, drawRate},
		{"fit", fitFile, drawFit},
		{"residuals", residualsFile, drawResiduals},
		{"residuals", errorsFile, drawErrors},
		{"residuals", trendsFile, drawTrends},
		{"worst", worstFile, drawWorst},
		{"augment", augmentFile, drawAugmented},
		{"gradcam", attentionFile, drawAttention},
	}
	classFigures = []figure{
		{"funnel", funnelFile, drawFunnel},
		{"target", targetFile, drawClasses},
		{"correlation", correlationFile, drawCorrelation},
		{"against", againstFile, drawAgainst},
		{"pixels", pixelsFile, drawPixels},
		{"samples", samplesFile, drawSamples},
		{"curves", curvesFile, drawCurves},
		{"curves", accuracyFile, drawAccuracy},
		{"curves", rateFile, drawRate},
		{"curves", batchesFile, drawBatches},
		{"fit", confusionFile, drawConfusion},
		{"fit", sharesFile, drawShares},
		{"samples", confusedFile, drawConfused},
		{"fit", rocFile, drawROC},
		{"fit", precisionRecallFile, drawPrecisionRecall},
		{"fit", reliabilityFile, drawReliability},
		{"augment", augmentFile, drawAugmented},
		{"gradcam", attentionFile, drawAttention},
	}
)

// Files returns the names of all files that a report may have, sorted.
func Files() []string {
	files := []string{pageFile, htmlFile, foldsFile}
	for _, f := range slices.Concat(figures, classFigures) {
		files = append(files, f.file)
	}
	for _, t := range twins {
		files = append(files, t.file)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// Render returns the report's files by name. It writes nothing.
func Render(d Document) (map[string][]byte, error) {
	if d.Evaluation == nil || d.Evaluation.Result() == nil {
		return nil, errors.New("render report: the evaluation has no result")
	}
	all := figures
	if d.classifies() {
		all = classFigures
	}
	files := map[string][]byte{}
	for _, name := range d.Plots { // one of the other task shows nothing
		if !slices.ContainsFunc(slices.Concat(figures, classFigures), func(f figure) bool { return f.plot == name }) {
			return nil, fmt.Errorf("render report: report.plots names %q, which is no plot", name)
		}
	}
	for _, f := range all {
		if !d.shows(f.plot) {
			continue
		}
		data, err := f.draw(d)
		if err != nil {
			return nil, fmt.Errorf("render report: draw %s: %w", f.file, err)
		}
		if data != nil {
			files[f.file] = data
		}
	}
	if d.Folds != nil {
		var err error
		if files[foldsFile], err = d.Folds.table(d.Evaluation.Classes); err != nil {
			return nil, fmt.Errorf("render report: %s: %w", foldsFile, err)
		}
	}
	for _, t := range twins {
		var err error
		if files[t.file], err = t.write(d); err != nil {
			return nil, fmt.Errorf("render report: %s: %w", t.file, err)
		}
	}
	files[pageFile] = page(d)
	html, err := htmlPage(d.Language, files[pageFile], files)
	if err != nil {
		return nil, fmt.Errorf("render report: %s: %w", htmlFile, err)
	}
	files[htmlFile] = html
	return files, nil
}

// Digest returns the digest of a report's files: their bytes, but of PNG, whose
// compression may change, the decoded pixels, in files of their own and in others.
func Digest(files map[string][]byte) (digest.Digest, error) {
	sum := digest.New("report")
	left := allPixels
	for _, name := range Files() {
		data, made := files[name]
		if !made {
			continue
		}
		sum.String(name)
		if strings.HasSuffix(name, ".png") {
			pixels, err := pixelDigest(data, &left)
			if err != nil {
				return digest.Digest{}, fmt.Errorf("digest of report: %s: %w", name, err)
			}
			sum.Bytes(pixels[:])
			continue
		}
		if bytes.Contains(data, []byte(`src="sha256:`)) { // the sum below would be that of the picture itself
			return digest.Digest{}, fmt.Errorf("digest of report: %s has a picture's digest where the picture belongs", name)
		}
		var bad error
		sum.Bytes(embedded.ReplaceAllFunc(data, func(uri []byte) []byte {
			encoded := uri[len(embeddedPNG):]
			decoded := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
			n, err := base64.StdEncoding.Decode(decoded, encoded)
			if err != nil {
				bad = err
				return nil
			}
			pixels, err := pixelDigest(decoded[:n], &left)
			if err != nil {
				bad = err
			}
			return []byte(pixels.String())
		}))
		if bad != nil {
			return digest.Digest{}, fmt.Errorf("digest of report: a picture in %s: %w", name, bad)
		}
	}
	return sum.Sum(), nil
}

// embedded are the PNGs in pages and plots.
const embeddedPNG = "data:image/png;base64,"

var embedded = regexp.MustCompile(embeddedPNG + "[A-Za-z0-9+/=]*")

// maxPixels is what no PNG of a report exceeds, allPixels what all of them do not.
const (
	maxPixels = 64 << 20
	allPixels = 8 * maxPixels
)

// pixelDigest returns the digest of a PNG's size and colours, and takes its pixels
// from those that are left.
func pixelDigest(data []byte, left *int) (digest.Digest, error) {
	if err := bare(data); err != nil {
		return digest.Digest{}, err
	}
	size, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return digest.Digest{}, err
	}
	if size.Height > min(maxPixels, *left)/max(size.Width, 1) {
		return digest.Digest{}, fmt.Errorf("%d x %d pixels: no report has so many", size.Width, size.Height)
	}
	*left -= size.Width * size.Height
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return digest.Digest{}, err
	}
	pixels := image.NewNRGBA(image.Rectangle{Max: decoded.Bounds().Size()})
	draw.Draw(pixels, pixels.Rect, decoded, decoded.Bounds().Min, draw.Src)
	sum := digest.New("pixels")
	sum.Int(int64(pixels.Rect.Dx())).Int(int64(pixels.Rect.Dy())).Bytes(pixels.Pix)
	return sum.Sum(), nil
}

// bare refuses a PNG that holds more than its pixels: a browser would show the frames
// of an animation, or other colours, where the decoder sees the pixels alone.
func bare(data []byte) error {
	const signature, around = 8, 12 // around a chunk: its length, type and checksum
	for rest := data[min(signature, len(data)):]; len(rest) >= around; {
		kind := string(rest[4:8])
		if !slices.Contains([]string{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}, kind) {
			return fmt.Errorf("a PNG with a chunk %q: no report has one", kind)
		}
		length := int64(binary.BigEndian.Uint32(rest))
		if length > int64(len(rest)-around) {
			break // the decoder says what is wrong
		}
		rest = rest[around+length:]
		if kind == "IEND" && len(rest) > 0 {
			return errors.New("a PNG that goes on behind its end")
		}
	}
	return nil
}

// classifies reports whether the target is a class, not a number.
func (d Document) classifies() bool { return d.Evaluation.Classes != nil }

// validated reports whether there is a validation part, and so figures of it.
func (d Document) validated() bool { return d.Evaluation.Part(evaluate.Validation) != nil }

// shows reports whether a plot is wanted.
func (d Document) shows(plot string) bool { return slices.Contains(d.Plots, plot) }
