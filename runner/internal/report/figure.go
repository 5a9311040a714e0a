package report

import (
	"regexp"
	"slices"

	"gonum.org/v1/plot/vg"
)

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
	residualsFile       = "residuals.svg"
	errorsFile          = "errors.svg"
	trendsFile          = "errors_against.svg"
	worstFile           = "worst.png"
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
	task string // whose reports have it; empty for both
	plot string // its name in report.plots
	file string
	// chart draws an SVG, or sheet shows photos; nil where there is nothing to show.
	chart func(Document) *chart
	sheet func(Document) (*sheet, error)
}

const (
	regressions     = "regression"
	classifications = "classification"
)

// figures are the pictures of a report.
var figures = []figure{
	{"", "funnel", funnelFile, drawFunnel, nil},
	{regressions, "target", targetFile, drawTarget, nil},
	{classifications, "target", targetFile, drawClasses, nil},
	{regressions, "target", driftFile, drawDrift, nil},
	{"", "correlation", correlationFile, drawCorrelation, nil},
	{"", "against", againstFile, drawAgainst, nil},
	{"", "pixels", pixelsFile, drawPixels, nil},
	{"", "samples", samplesFile, nil, drawSamples},
	{classifications, "samples", confusedFile, nil, drawConfused},
	{"", "curves", curvesFile, drawCurves, nil},
	{classifications, "curves", accuracyFile, drawAccuracy, nil},
	{"", "curves", rateFile, drawRate, nil},
	{classifications, "curves", batchesFile, drawBatches, nil},
	{"", "augment", augmentFile, nil, drawAugmented},
	{regressions, "fit", fitFile, drawFit, nil},
	{classifications, "fit", confusionFile, drawConfusion, nil},
	{classifications, "fit", sharesFile, drawShares, nil},
	{classifications, "fit", rocFile, drawROC, nil},
	{classifications, "fit", precisionRecallFile, drawPrecisionRecall, nil},
	{classifications, "fit", reliabilityFile, drawReliability, nil},
	{regressions, "residuals", residualsFile, drawResiduals, nil},
	{regressions, "residuals", errorsFile, drawErrors, nil},
	{regressions, "residuals", trendsFile, drawTrends, nil},
	{regressions, "worst", worstFile, nil, drawWorst},
	{"", "gradcam", attentionFile, nil, drawAttention},
}

// of reports whether a document shows the figure, should there be anything to show.
func (f figure) of(d Document) bool {
	task := regressions
	if d.classifies() {
		task = classifications
	}
	return (f.task == "" || f.task == task) && d.shows(f.plot)
}

// shown is a picture as a file, and what report.html has besides.
type shown struct {
	file   []byte // SVG or PNG
	narrow []byte // the SVG for a narrow screen; nil where that has the same
	sheet  *sheet // of a PNG
}

// draw makes the picture; its file is nil where there is nothing to show.
func (f figure) draw(d Document) (s shown, err error) {
	if f.sheet != nil {
		if s.sheet, err = f.sheet(d); s.sheet != nil {
			s.file, err = s.sheet.png()
		}
		return s, err
	}
	return drawn(func(width vg.Length) *chart { d.width = width; return f.chart(d) }), nil
}

// drawn draws a chart on either width.
func drawn(chart func(width vg.Length) *chart) (s shown) {
	if c := chart(wide); c != nil {
		s.file = c.svg()
	}
	if c := chart(narrow); c != nil {
		s.narrow = dotTitle.ReplaceAll(c.svg(), []byte("/>"))
	}
	return s
}

// dotTitle is that of a dot, which no finger meets on a narrow screen.
var dotTitle = regexp.MustCompile(`><title>[^<]*</title></circle>`)

// Files returns the names of all files that a report may have, sorted.
func Files() []string {
	files := []string{pageFile, htmlFile, foldsFile}
	for _, f := range figures {
		files = append(files, f.file)
	}
	for _, t := range twins {
		files = append(files, t.file)
	}
	slices.Sort(files)
	return slices.Compact(files)
}
