// Package recipe owns the Recipe: what a person writes, one YAML file that says
// everything about an experiment. It loads, checks, canonicalises and compares
// recipes. It never touches the data that a recipe names.
package recipe

// Recipe is one experiment. A key in the file is the yaml tag of its field. A second tag, recipe, says what is
// special about a key:
//
//	required  has no default that is the same for every recipe, and is always part of the canonical form
//	location  is no part of the canonical form
//	cell      holds values of table cells: a number is as good as a text
type Recipe struct {
	// Version of the recipe language.
	Version int `yaml:"version"`
	// Name of the experiment; it names lock/NAME.lock.yaml and reports/NAME/.
	// The default is the name of the recipe's file.
	Name string `yaml:"name" recipe:"required"`
	// Task is what the network learns: regression (a number) or classification (one of several classes).
	Task string `yaml:"task"`

	Data      Data      `yaml:"data"`
	Picture   Picture   `yaml:"picture"`
	Clean     []Rule    `yaml:"clean"`
	Split     Split     `yaml:"split"`
	Transform Transform `yaml:"transform"`
	Network   Network   `yaml:"network"`
	Train     Train     `yaml:"train"`
	Sweep     Sweep     `yaml:"sweep"`
	Report    Report    `yaml:"report"`
}

// Data says where the labels and the pictures are and what the columns mean. The labels stand in a table, or
// the pictures themselves have them: in Folders, or in Parts.
type Data struct {
	// Root folder of the data, relative to the recipe's project folder. It is a location: --data or
	// RUNNER_DATA overrides it, and it is no part of the canonical form. The default is data/NAME, with the
	// name that the file says or has, whatever an override says.
	Root string `yaml:"root" recipe:"location"`
	// Source makes the data where the root folder is missing.
	Source *Source `yaml:"source"`
	// Table of labels, a path below root: .xlsx, .csv or .tsv. Beside Folders it has further columns.
	Table string `yaml:"table" recipe:"required"`
	// Sheet of an .xlsx; empty takes the first.
	Sheet string `yaml:"sheet"`
	// Header is the number of the row, or of the line, that names the columns.
	Header int `yaml:"header"`
	// CSV says how a .csv or .tsv is written, where the file does not show it.
	CSV CSV `yaml:"csv"`
	// Images is the folder of the pictures that the table names, a path below root.
	Images string `yaml:"images"`
	// Folders is a folder, a path below root, that holds one folder of pictures a class.
	Folders string `yaml:"folders"`
	// Parts says the same for data that come in parts.
	Parts Origins `yaml:"parts"`
	// Image is the column that names the picture file. It and Target are "image" and "class" where the pictures say
	// their classes.
	Image string `yaml:"image" recipe:"required"`
	// Target is the column to predict.
	Target string `yaml:"target" recipe:"required"`
	// Classes of a classification, in the order of the network's outputs. Without them they are the values of the
	// target's column, sorted. Cells may hold a class's name, or its index, counted from 0.
	Classes []string `yaml:"classes" recipe:"cell"`
	// Unit of the target, for people.
	Unit string `yaml:"unit"`
	// Group names the columns that together identify one individual.
	Group []string `yaml:"group"`
	// Features are the columns of the network's second input, joined to what it makes of the picture.
	Features []Feature `yaml:"features"`
	// Missing lists the cell values that count as empty. Numbers are kept in their shortest form.
	Missing []string `yaml:"missing" recipe:"cell"`
}

// CSV is how a text file holds a table. Each is auto, or a word.
type CSV struct {
	// Encoding is utf-8, utf-16 or windows-1252.
	Encoding string `yaml:"encoding"`
	// Separator of cells: comma, semicolon, tab or pipe.
	Separator string `yaml:"separator"`
	// Quote around cells: double, single or none.
	Quote string `yaml:"quote"`
	// Decimal is the sign before decimals: point or comma.
	Decimal string `yaml:"decimal"`
}

// Listed reports whether the pictures themselves say their classes, not a table.
func (d Data) Listed() bool { return d.Folders != "" || d.Parts != (Origins{}) }

// TablePath and ImagesPath are where labels and pictures are, below the root folder and
// with slashes. Data in parts have several such places, and so the root folder itself.
func (d Data) TablePath() string {
	if d.Listed() {
		return d.ImagesPath()
	}
	return d.Table
}

func (d Data) ImagesPath() string {
	switch {
	case d.Folders != "":
		return d.Folders
	case d.Listed():
		return "."
	}
	return d.Images
}

// FeatureNames returns the columns of the second input, nil where there is none.
func (d Data) FeatureNames() (names []string) {
	for _, feature := range d.Features {
		names = append(names, feature.Column)
	}
	return names
}

// Origins are the parts that data come in.
type Origins struct {
	Train      Origin `yaml:"train"`
	Validation Origin `yaml:"validation"`
	Test       Origin `yaml:"test"`
}

// Origin is where the pictures and the classes of one part are: in a folder of one folder a class, or in a pair
// of IDX files. The zero Origin says that there is no such part.
type Origin struct {
	// Folders is a path below root.
	Folders string `yaml:"folders"`
	IDX     IDX    `yaml:"idx"`
}

// IDX is a pair of files in the format of MNIST, plain or with gzip: paths below root.
type IDX struct {
	Images string `yaml:"images"`
	Labels string `yaml:"labels"`
}

// Part is an Origin and the name of the part.
type Part struct {
	Name string
	Origin
}

// List returns the parts that there are: train, validation, test.
func (o Origins) List() []Part {
	var list []Part
	for _, part := range []Part{{"train", o.Train}, {"validation", o.Validation}, {"test", o.Test}} {
		if part.Origin != (Origin{}) {
			list = append(list, part)
		}
	}
	return list
}

// Stated returns the names of the parts that there are, as the values of a column that names each row's part.
func (o Origins) Stated() Parts {
	var values Parts
	for _, part := range o.List() {
		switch part.Name {
		case "train":
			values.Train = part.Name
		case "validation":
			values.Validation = part.Name
		case "test":
			values.Test = part.Name
		}
	}
	return values
}

// Source is where data come from that are not there: they are drawn, or fetched.
type Source struct {
	// Builtin is the name of the generator: rosettes. It is empty where there is a URL.
	Builtin string `yaml:"builtin" recipe:"required"`
	// Plants is how many plants are drawn, each on 2 to 4 photos.
	Plants int `yaml:"plants"`
	// Seed of the drawing.
	Seed uint64 `yaml:"seed"`
	// URL is the address of an archive, a .zip or a .tar.gz, that is unpacked.
	URL string `yaml:"url"`
	// SHA256 of the archive, in hexadecimal digits.
	SHA256 string `yaml:"sha256"`
}

// Fetched reports whether the data are fetched, not drawn.
func (s *Source) Fetched() bool { return s.URL != "" }

// Picture says how a photo becomes pixels.
type Picture struct {
	// Size is the height and width of the pixels that the network sees.
	Size int `yaml:"size"`
	// Resize is the filter: bilinear, antialiased as Pillow does it.
	Resize string `yaml:"resize"`
	// Crop says what is seen of a photo that is no square: none for all of it, its sides scaled apart; center for
	// the square in its middle.
	Crop string `yaml:"crop"`
	// Color says what a pixel holds: rgb, or gray, which is Pillow's L of it.
	Color string `yaml:"color"`
}

// Channels is how many values a pixel has.
func (p Picture) Channels() int {
	if p.Color == "gray" {
		return 1
	}
	return 3
}

// Cropped reports whether what is not in the square in a photo's middle is cut off.
func (p Picture) Cropped() bool { return p.Crop == "center" }

// Rule is one cleaning rule; the rules work in order.
type Rule struct {
	Drop Drop `yaml:"drop" recipe:"required"`
}

// Drop says which rows are dropped, written as a word, missing_target, or as a map, {where: "age_days > 60"}.
type Drop struct {
	// Kind is missing_target, missing_image, unreadable_image, duplicate_image or where.
	Kind string
	// Where is the condition of that kind, see package condition.
	Where string
	// DuplicateImage holds the options of that kind.
	DuplicateImage DuplicateImage
}

// DuplicateImage says which pictures are the same.
type DuplicateImage struct {
	// Near is how much alike pictures look that count as the same, see package picture; 1 is for the same bytes.
	Near float64 `yaml:"near"`
}

// Split says which rows train, validate and test.
type Split struct {
	// Seed of the shuffle. It may be left out where nothing is drawn: by column or time, and by given without Validation.
	Seed uint64 `yaml:"seed" recipe:"required"`
	// Train, Validation and Test are fractions that sum to 1; Test may be 0. By given, Validation is the fraction
	// that is cut from the training rows when the data have no such part, and the others count for nothing.
	Train      float64 `yaml:"train"`
	Validation float64 `yaml:"validation"`
	Test       float64 `yaml:"test"`
	// By says what is dealt out: random or stratified rows, whole groups (data.group), those stratified, or nothing,
	// because a column states the parts, or tells the time of each row, or they are given by data.parts.
	By string `yaml:"by"`
	// Column holds each row's part when by is column, its time when by is time.
	Column string `yaml:"column"`
	// Parts are the values of that column; an empty one says that there is no such part.
	Parts Parts `yaml:"parts"`
	// Folds is how many parts the rows that do not test are dealt into, each of which validates once while the others
	// train; 0 for none. Train and Validation then count for nothing.
	Folds int `yaml:"folds"`
	// Fold is the one that validates, from 1; 0 trains once with each.
	Fold int `yaml:"fold"`
	// Leak says what happens when a group, or a photo, is on two sides: warn, error, ignore.
	Leak string `yaml:"leak"`
	// Near is how much alike photos look that count as one for Leak, see package picture: 1 is for the same bytes, 0
	// compares no photos.
	Near float64 `yaml:"near"`
}

// Stratifies reports whether every part is to have its share of each stratum.
func (s Split) Stratifies() bool { return s.By == "stratified" || s.By == "stratified_group" }

// Draws reports whether the split depends on its seed.
func (s Split) Draws() bool { return draws(s.By, s.Validation == 0) }

// draws reports whether a split by this word draws anything; nothing says that its validation fraction is 0.
func draws(by string, nothing bool) bool {
	return by != "column" && by != "time" && (by != "given" || !nothing)
}

// Parts are the values of the split column.
type Parts struct {
	Train      string `yaml:"train" recipe:"cell"`
	Validation string `yaml:"validation" recipe:"cell"`
	Test       string `yaml:"test" recipe:"cell"`
}

// Transform turns pixels and targets into what the network sees.
type Transform struct {
	// Normalize subtracts a mean and divides by a standard deviation, a channel.
	Normalize Normalize `yaml:"normalize"`
	// Target is the scaling of the target: none, standardize, log1p.
	Target string `yaml:"target"`
	// Features is the scaling of numeric features: standardize, none.
	Features string `yaml:"features"`
	// Fill says by column what stands for the empty cells of data.features.
	Fill Fills `yaml:"fill"`
	// Clip says by column between which quantiles of the training rows values are learnt.
	Clip Clips `yaml:"clip"`
	// Augment changes training pictures at random, in order.
	Augment []Augment `yaml:"augment"`
	// Mix mixes the pictures of a training batch in pairs, their targets with them.
	Mix Mix `yaml:"mix"`
}

// Mix is written as none, or as a map of one key: {mixup: 0.2}, {cutmix: 1}.
type Mix struct {
	// Kind is none, mixup (all pixels mix) or cutmix (a patch of the other).
	Kind string
	// Alpha is the parameter of the beta distribution, Beta(Alpha, Alpha), of which the share of the first is drawn.
	Alpha float64
}

// Normalize is written as imagenet, dataset, none, or {mean: [r, g, b], std: [r, g, b]} on the scale 0
// to 1, of gray pictures {mean: [g], std: [g]}.
type Normalize struct {
	// Kind is imagenet, dataset, none or given.
	Kind string
	// Mean and Std are set when Kind is given.
	Mean, Std []float64
}

// Augment is one random change, written as a map of one key: {horizontal_flip: 0.5}, {affine: {translate: 0.1}}.
// All are torchvision's.
type Augment struct {
	// Kind is horizontal_flip, vertical_flip, erase (Value: probability), rotate (Value: largest angle in
	// degrees), or one of those below.
	Kind        string
	Value       float64
	ColorJitter ColorJitter
	ResizedCrop ResizedCrop
	Affine      Affine
	Perspective Perspective
}

// ColorJitter says how far colours change: by factors from 1-x to 1+x, of the hue by -x to x of its circle.
type ColorJitter struct {
	Brightness float64 `yaml:"brightness"`
	Contrast   float64 `yaml:"contrast"`
	Saturation float64 `yaml:"saturation"`
	Hue        float64 `yaml:"hue"`
}

// ResizedCrop says which part of a picture becomes the whole. Both are the smallest and the largest.
type ResizedCrop struct {
	// Scale is the share of the area.
	Scale []float64 `yaml:"scale"`
	// Ratio is that of width to height.
	Ratio []float64 `yaml:"ratio"`
}

// Affine moves a picture.
type Affine struct {
	// Translate is the largest shift along each axis, as a share of the size.
	Translate float64 `yaml:"translate"`
	// Scale is the smallest and the largest factor.
	Scale []float64 `yaml:"scale"`
	// Shear is the largest angle, in degrees.
	Shear float64 `yaml:"shear"`
}

// Perspective looks at a picture from aside.
type Perspective struct {
	// Distortion is how far corners move inwards at most, as a share of the half size.
	Distortion  float64 `yaml:"distortion"`
	Probability float64 `yaml:"probability"`
}

// Network says what is trained.
type Network struct {
	// Backbone is resnet18, resnet34, resnet50, vgg16, vgg16_bn, mobilenet_v2, mobilenet_v3_small,
	// mobilenet_v3_large, efficientnet_b0, resnet20, resnet56, mobilenet_v1_025_tf, mobilenet_v2_tf, or layers.
	Backbone string `yaml:"backbone" recipe:"required"`
	// Layers of the backbone layers, in order.
	Layers []Layer `yaml:"layers"`
	// Head takes the place of the last linear layer of another backbone.
	Head Head `yaml:"head"`
	// Weights is the file that the network begins with, where it is not drawn anew.
	Weights Weights `yaml:"weights"`
	// Freeze names the layers that do not train.
	Freeze Layers `yaml:"freeze"`
	// FrozenNorm says how batch norms that are frozen work: as in evaluation, by the statistics that they have, or
	// as in training, by each batch's, and those that they have follow.
	FrozenNorm string `yaml:"frozen_norm"`
	// Unfreeze says which of them train from some epoch on.
	Unfreeze []Unfreeze `yaml:"unfreeze"`
}

// Weights is written as none, imagenet, {file: resnet18.pth} or {url: …, sha256: …}.
type Weights struct {
	// Kind is none, imagenet (the file of torchvision for the backbone), file or url; empty is none.
	Kind string
	// File is a path below the folder of weights.
	File string
	URL  string
	// SHA256 of the file, in hexadecimal digits; a file can do without.
	SHA256 string
}

// Given reports whether there is a file of weights.
func (w Weights) Given() bool { return w.Kind != "" && w.Kind != noWeights }

// noWeights has the network drawn anew.
const noWeights = "none"

// Layers names layers of a network: all for everything but the head, or a list of stages, modules or patterns.
type Layers []string

// AllLayers stands for all layers but the head.
const AllLayers = "all"

// Unfreeze has layers train after all.
type Unfreeze struct {
	// Epoch is the first in which they do.
	Epoch  int    `yaml:"epoch" recipe:"required"`
	Layers Layers `yaml:"layers" recipe:"required"`
}

// Head is a list of linear layers, each behind a dropout. The zero Head leaves a backbone as it is.
type Head struct {
	// Hidden are the outputs of the layers before the last one, behind each of which is a ReLU.
	Hidden []int `yaml:"hidden"`
	// Dropout are the dropouts' probabilities, one more than there are hidden layers; none are zeros.
	Dropout []float64 `yaml:"dropout"`
	// BatchNorm says that a batch norm is between a hidden layer and its ReLU.
	BatchNorm bool `yaml:"batch_norm"`
}

// None reports whether there is no head.
func (h Head) None() bool { return len(h.Hidden) == 0 && len(h.Dropout) == 0 && !h.BatchNorm }

// Layer is one item of network.layers, written as a word (relu) or a map ({conv: 32, kernel: 3, padding: 1}).
type Layer struct {
	// Kind is conv, dense, batch_norm, max_pool, avg_pool, global_avg_pool, adaptive_avg_pool, flatten, dropout, or
	// an activation: relu, relu6, hardswish, hardsigmoid, silu, sigmoid, gelu.
	Kind string
	// Size is the number of output channels (conv), outputs (dense), the window (max_pool, avg_pool) or the height
	// and width of the output (adaptive_avg_pool).
	Size int
	// Kernel of conv, Stride and Padding of conv and the pools. The default stride is 1 for conv, the window
	// for a pool; a loaded recipe has it written in.
	Kernel, Stride, Padding int
	// Dilation and Groups of conv; the default is 1.
	Dilation, Groups int
	// Bias of conv and dense; the default is true.
	Bias bool
	// Probability of dropout.
	Probability float64
}

// Train says how.
type Train struct {
	// Seed of initialisation, shuffling, augmentation and dropout.
	Seed uint64 `yaml:"seed"`
	// Epochs is how often every training row is seen.
	Epochs int `yaml:"epochs"`
	// Batch is how many rows make one step.
	Batch int `yaml:"batch"`
	// LastBatch says what becomes of a smaller last batch: keep, drop, merge (into the one before it).
	LastBatch string `yaml:"last_batch"`
	// Loss is what is made small; its default follows the task.
	Loss Loss `yaml:"loss"`
	// Optimizer is written {adam: {rate: 1e-3}} or {sgd: {rate: 0.1, momentum: 0.9}}; the word alone takes its defaults.
	Optimizer Optimizer `yaml:"optimizer"`
	// Schedule changes the learning rate while training goes on.
	Schedule Schedule `yaml:"schedule"`
	// BackboneFactor is what the rate is multiplied by for all parameters in front of the head.
	BackboneFactor float64 `yaml:"backbone_factor"`
	// Sampler says which rows an epoch has: shuffle (each once), or balanced (drawn so that each class, or each
	// tenth of the targets' range, comes as often).
	Sampler string `yaml:"sampler"`
	// Accumulate is how many batches make one step of the optimiser.
	Accumulate int `yaml:"accumulate"`
	// Clip is the length that the gradient of all parameters together has at most; 0 for any.
	Clip float64 `yaml:"clip"`
	// Average is the decay of the exponential moving average of the weights that is evaluated and kept; 0 for none.
	Average float64 `yaml:"average"`
	Stop    Stop    `yaml:"stop"`
	// Keep says which epoch's weights are kept: best (lowest validation loss) or last.
	Keep string `yaml:"keep"`
	// Repeat is how often to train, each time with another seed: Seed, Seed + 1, ...
	Repeat int `yaml:"repeat"`
}

// Loss is written as a word, mse, or as a map with options, {cross_entropy: {label_smoothing: 0.1}}.
type Loss struct {
	// Kind is mse, mae or huber for a regression, cross_entropy for a classification.
	Kind string
	// CrossEntropy holds the options of that kind.
	CrossEntropy CrossEntropy
}

// CrossEntropy is the loss of torch.nn.CrossEntropyLoss.
type CrossEntropy struct {
	// ClassWeights say how much a row of each class counts.
	ClassWeights ClassWeights `yaml:"class_weights"`
	// LabelSmoothing is the share of a label that is spread evenly over all classes.
	LabelSmoothing float64 `yaml:"label_smoothing"`
}

// ClassWeights is written as none, balanced, or a list of numbers, one a class in the order of the classes.
type ClassWeights struct {
	// Kind is none, balanced (the inverse of the class's share of the training rows) or given.
	Kind string
	// Given are the weights when Kind is given.
	Given []float64
}

// Optimizer has exactly one field set.
type Optimizer struct {
	Adam    *Adam
	AdamW   *AdamW
	SGD     *SGD
	RMSprop *RMSprop
}

// Adam is the optimiser of Kingma and Ba, 2015.
type Adam struct {
	Rate        float64 `yaml:"rate"`
	Beta1       float64 `yaml:"beta1"`
	Beta2       float64 `yaml:"beta2"`
	Epsilon     float64 `yaml:"epsilon"`
	WeightDecay float64 `yaml:"weight_decay"`
}

// AdamW is Adam with the weight decay of Loshchilov and Hutter, 2019.
type AdamW Adam

// SGD is stochastic gradient descent as PyTorch defines it.
type SGD struct {
	Rate        float64 `yaml:"rate"`
	Momentum    float64 `yaml:"momentum"`
	Nesterov    bool    `yaml:"nesterov"`
	WeightDecay float64 `yaml:"weight_decay"`
}

// RMSprop is the optimiser of Tieleman and Hinton, 2012, as PyTorch defines it.
type RMSprop struct {
	Rate        float64 `yaml:"rate"`
	Alpha       float64 `yaml:"alpha"`
	Epsilon     float64 `yaml:"epsilon"`
	Momentum    float64 `yaml:"momentum"`
	Centered    bool    `yaml:"centered"`
	WeightDecay float64 `yaml:"weight_decay"`
}

// Stop ends a training before its last epoch.
type Stop struct {
	// Patience is after how many epochs in a row without a better one; 0 for never.
	Patience int `yaml:"patience"`
	// On is what is looked at: validation_loss, validation_rmse, validation_accuracy, validation_macro_f1.
	On string `yaml:"on"`
}

// Schedule is written as a word, cosine, or as a map with options, {step: {every: 10}}. At most one field is set;
// without one the rate is constant. All are PyTorch's, in torch.optim.lr_scheduler.
type Schedule struct {
	Step     *Step
	Cosine   *Cosine
	OneCycle *OneCycle
	Plateau  *Plateau
}

// Step multiplies the rate by a factor now and then: StepLR, or MultiStepLR. One of Every and At is set.
type Step struct {
	// Every is a number of epochs.
	Every int `yaml:"every"`
	// At lists after how many epochs, in rising order.
	At     []int   `yaml:"at"`
	Factor float64 `yaml:"factor"`
}

// Cosine lets the rate fall from the optimiser's to Floor as half a wave does: CosineAnnealingLR.
type Cosine struct {
	// Warmup is in how many epochs the rate first rises, in equal steps: LinearLR.
	Warmup int     `yaml:"warmup"`
	Floor  float64 `yaml:"floor"`
}

// OneCycle lets the rate rise to the optimiser's and fall again, step by step: OneCycleLR.
type OneCycle struct {
	// Rise is the share of the steps in which the rate rises.
	Rise float64 `yaml:"rise"`
	// StartDivisor and EndDivisor: the rate begins as the largest by the first, and ends as that by the second.
	StartDivisor float64 `yaml:"start_divisor"`
	EndDivisor   float64 `yaml:"end_divisor"`
}

// Plateau multiplies the rate by Factor when the validation loss no longer falls: ReduceLROnPlateau.
type Plateau struct {
	// Patience is how many epochs without a better loss are borne.
	Patience int     `yaml:"patience"`
	Factor   float64 `yaml:"factor"`
	// Threshold is the share of the best loss by which another has to be below it to be better.
	Threshold float64 `yaml:"threshold"`
	// Cooldown is how many epochs after a change are not counted.
	Cooldown int     `yaml:"cooldown"`
	Floor    float64 `yaml:"floor"`
}

// Report says what the report shows.
type Report struct {
	// Plots are those that are shown, where they have something to show.
	Plots []string `yaml:"plots"`
	// Against are the columns of numbers that the target is drawn against; none leaves the choice to the data.
	Against []string `yaml:"against"`
	// Interval is the level of the intervals of figures, such as 0.95.
	Interval float64 `yaml:"interval"`
	// Leakage trains once more, on a random split of the same sizes, and shows what that pretends.
	Leakage bool `yaml:"leakage"`
	// Language that the report is written in: en or de.
	Language string `yaml:"language"`
}

// defaults returns the recipe in which nothing but required keys is missing.
// One default, train.loss, follows the task, which the canonical form always
// tells. A changed default needs a new version of the recipe language: keys at
// their default are no part of the canonical form, so its digest would lie. Only
// report.plots may grow, together with the version of the stage report: it
// changes nothing that is computed.
func defaults(task string) Recipe {
	loss := defaultLoss("mse")
	if task == Classification {
		loss = defaultLoss(crossEntropy)
	}
	return Recipe{
		Version: 1,
		Task:    Regression,
		Data:    Data{Header: 1, CSV: CSV{"auto", "auto", "auto", "auto"}, Images: "images", Missing: []string{""}},
		Picture: Picture{Size: 224, Resize: "bilinear", Crop: "none", Color: "rgb"},
		Clean: []Rule{
			{defaultDrop("missing_target")}, {defaultDrop("missing_image")}, {defaultDrop("unreadable_image")}, {defaultDrop(duplicateImage)},
		},
		Split: Split{
			Train: 0.7, Validation: 0.15, Test: 0.15, By: "random", Leak: "warn",
			Parts: Parts{Train: "train", Validation: "validation", Test: "test"},
		},
		Transform: Transform{Normalize: Normalize{Kind: "imagenet"}, Target: "none", Features: "standardize", Mix: Mix{Kind: "none"}},
		Network:   Network{Weights: Weights{Kind: noWeights}, Freeze: Layers{}, FrozenNorm: "evaluation"},
		Train: Train{
			BackboneFactor: 1,
			Seed:           42, Epochs: 10, Batch: 32, LastBatch: "keep", Loss: loss,
			Optimizer: defaultOptimizer("adam"), Sampler: "shuffle", Accumulate: 1, Stop: Stop{On: validationLoss}, Keep: "best", Repeat: 1,
		},
		Sweep:  Sweep{Seed: 42, On: validationLoss},
		Report: Report{Plots: []string{"funnel", "target", "correlation", "against", "pixels", "samples", "augment", "curves", "fit", "residuals", "worst", "gradcam"}, Interval: 0.95, Language: "en"},
	}
}

// The tasks.
const (
	Regression     = "regression"
	Classification = "classification"
)

// validationLoss is what early stopping looks at unless train.stop says otherwise.
const validationLoss = "validation_loss"

// crossEntropy is the loss of a classification.
const crossEntropy = "cross_entropy"

// The rules with a value.
const (
	duplicateImage = "duplicate_image"
	where          = "where"
)

// defaultDrop returns the rule of this word with its default options.
func defaultDrop(word string) Drop {
	d := Drop{Kind: word}
	if word == duplicateImage {
		d.DuplicateImage.Near = 1
	}
	return d
}

// defaultLoss returns the loss of this word with its default options.
func defaultLoss(word string) Loss {
	l := Loss{Kind: word}
	if word == crossEntropy {
		l.CrossEntropy.ClassWeights.Kind = "none"
	}
	return l
}

func defaultSource() *Source { return &Source{Plants: 500, Seed: 42} }

// defaultOptimizer returns the optimiser of this word with its default options.
func defaultOptimizer(word string) Optimizer {
	adam := Adam{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	switch word {
	case "adamw":
		decayed := AdamW(adam)
		decayed.WeightDecay = 0.01
		return Optimizer{AdamW: &decayed}
	case "sgd":
		return Optimizer{SGD: &SGD{Rate: 0.01}}
	case "rmsprop":
		return Optimizer{RMSprop: &RMSprop{Rate: 0.01, Alpha: 0.99, Epsilon: 1e-8}}
	}
	return Optimizer{Adam: &adam}
}

// constant is the schedule that changes nothing.
const constant = "constant"

// defaultSchedule returns the schedule of this word with its default options.
func defaultSchedule(word string) Schedule {
	switch word {
	case "step":
		return Schedule{Step: &Step{Factor: 0.1}}
	case "cosine":
		return Schedule{Cosine: &Cosine{}}
	case "one_cycle":
		return Schedule{OneCycle: &OneCycle{Rise: 0.3, StartDivisor: 25, EndDivisor: 1e4}}
	case "plateau":
		return Schedule{Plateau: &Plateau{Patience: 10, Factor: 0.1, Threshold: 1e-4}}
	}
	return Schedule{}
}

// defaultAugment returns the change of this word with its default options.
func defaultAugment(word string) Augment {
	a := Augment{Kind: word}
	switch word {
	case "resized_crop":
		a.ResizedCrop = ResizedCrop{Scale: []float64{0.08, 1}, Ratio: []float64{3. / 4, 4. / 3}}
	case "affine":
		a.Affine = Affine{Scale: []float64{1, 1}}
	case "perspective":
		a.Perspective = Perspective{Distortion: 0.5, Probability: 0.5}
	}
	return a
}
