package recipe

import "reflect"

// choice is what a word in the recipe may be: now, and in a later version of
// runner, which says 'not yet' until then.
type choice struct{ now, later []string }

// choices by generic key: the index of a list item is left out.
var choices = map[string]choice{
	"task":         {now: []string{Regression, Classification}},
	"clean[].drop": {now: []string{"missing_target", "missing_image", "unreadable_image", duplicateImage, where}},

	"data.csv.encoding":   {now: []string{"auto", "utf-8", "utf-16", "windows-1252"}},
	"data.csv.separator":  {now: []string{"auto", "comma", "semicolon", "tab", "pipe"}},
	"data.csv.quote":      {now: []string{"auto", "double", "single", "none"}},
	"data.csv.decimal":    {now: []string{"auto", "point", "comma"}},
	"data.source.builtin": {now: []string{"rosettes"}},
	"picture.resize":      {now: []string{"bilinear"}},
	"picture.crop":        {now: []string{"none", "center"}},
	"picture.color":       {now: []string{"rgb", "gray"}},
	"split.by":            {now: []string{"random", "stratified", "group", "stratified_group", "time", "column", "given"}},
	"split.leak":          {now: []string{"warn", "error", "ignore"}},
	"transform.normalize": {now: []string{"imagenet", "dataset", "none"}},
	"transform.target":    {now: []string{"none", "log1p", "standardize"}},
	"transform.features":  {now: []string{"standardize", "none"}},
	"transform.augment[]": {
		now: []string{"horizontal_flip", "vertical_flip", "rotate", "color_jitter", "resized_crop", "affine", "perspective", "erase"},
	},
	"transform.mix": {now: []string{"none", "mixup", "cutmix"}},
	"network.backbone": {
		now: []string{
			"resnet18", "resnet34", "resnet50", "vgg16", "vgg16_bn",
			"mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0",
			"resnet20", "resnet56", "mobilenet_v1_025_tf", "mobilenet_v2_tf", "layers",
		},
	},
	"network.layers[]": {
		now: []string{
			"conv", "dense", "batch_norm", "relu", "relu6", "hardswish", "hardsigmoid", "silu", "sigmoid", "gelu",
			"max_pool", "avg_pool", "global_avg_pool", "adaptive_avg_pool", "flatten", "dropout",
		},
	},
	"network.weights":     {now: []string{noWeights, "imagenet"}},
	"network.frozen_norm": {now: []string{"evaluation", "training"}},

	"train.last_batch": {now: []string{"keep", "drop", "merge"}},
	"train.loss":       {now: []string{"mse", "mae", "huber", crossEntropy}},
	"train.optimizer":  {now: []string{"adam", "adamw", "sgd", "rmsprop"}},
	"train.schedule":   {now: []string{constant, "step", "cosine", "one_cycle", "plateau"}},
	"train.sampler":    {now: []string{"shuffle", "balanced"}},
	"train.stop.on":    {now: []string{validationLoss, "validation_rmse", "validation_accuracy", "validation_macro_f1"}},
	"sweep.on":         {now: []string{validationLoss, "validation_rmse", "validation_accuracy", "validation_macro_f1"}},
	"train.keep":       {now: []string{"best", "last"}},

	"train.loss.cross_entropy.class_weights": {now: []string{"none", "balanced"}},
	"report.language":                        {now: []string{"en", "de"}},
	"report.plots[]": {
		now: []string{"funnel", "target", "correlation", "against", "pixels", "samples", "curves", "augment", "fit", "residuals", "worst", "gradcam"},
	},
}

// torchvision are the backbones of which torchvision publishes weights.
var torchvision = []string{
	"resnet18", "resnet34", "resnet50", "vgg16", "vgg16_bn",
	"mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0",
}

// later are the keys of the language that this version cannot obey yet, by
// generic key, each with the values that ask for nothing and so are fine.
var later = map[string][]any{}

// asksNothing reports whether the value of a later key is the one at which the
// key might as well be left out.
func asksNothing(generic string, value any) bool {
	for _, neutral := range later[generic] {
		if reflect.DeepEqual(neutral, value) {
			return true
		}
	}
	return false
}

// Reasons that other problems can explain, or that explain others.
const (
	isRequired = "is required"
	isLater    = "not yet: this version of runner cannot do that"
)

// required explains the keys that have no default.
var required = map[string]string{
	"data.table":          "write the table of labels, e.g. labels.xlsx; or folders, or parts",
	"data.image":          "write the column that names the picture file",
	"data.target":         "write the column to predict",
	"data.source.builtin": "write rosettes; or url and sha256",
	"clean[].drop":        "write e.g. drop: missing_target",
	"split.seed":          "write any whole number; another one gives another split",
	"network.backbone":    "write e.g. resnet18, or layers with network.layers",

	"network.unfreeze[].epoch":  "write the first epoch in which they train, 2 or more",
	"network.unfreeze[].layers": "write all, or a list of names of network.freeze",

	"transform.normalize.mean": "write a number a channel: red, green and blue, or gray alone",
	"transform.normalize.std":  "write a number a channel: red, green and blue, or gray alone",
}
