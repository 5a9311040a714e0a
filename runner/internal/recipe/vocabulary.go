package recipe

// choices are the words that may stand at a key, by generic key: the index of a
// list item is left out.
var choices = map[string][]string{
	"task":         {Regression, Classification},
	"clean[].drop": {"missing_target", "missing_image", "unreadable_image", duplicateImage, where},

	"data.csv.encoding":   {"auto", "utf-8", "utf-16", "windows-1252"},
	"data.csv.separator":  {"auto", "comma", "semicolon", "tab", "pipe"},
	"data.csv.quote":      {"auto", "double", "single", "none"},
	"data.csv.decimal":    {"auto", "point", "comma"},
	"data.source.builtin": {"rosettes"},
	"picture.resize":      {"bilinear"},
	"picture.crop":        {"none", "center"},
	"picture.color":       {"rgb", "gray"},
	"split.by":            {"random", "stratified", "group", "stratified_group", "time", "column", "given"},
	"split.leak":          {"warn", "error", "ignore"},
	"transform.normalize": {"imagenet", "dataset", "none"},
	"transform.target":    {"none", "log1p", "standardize"},
	"transform.features":  {"standardize", "none"},
	"transform.augment[]": {
		"horizontal_flip", "vertical_flip", "rotate", "color_jitter", "resized_crop", "affine", "perspective", "erase",
	},
	"transform.mix": {"none", "mixup", "cutmix"},
	"network.backbone": {
		"resnet18", "resnet34", "resnet50", "vgg16", "vgg16_bn",
		"mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0",
		"resnet20", "resnet56", "mobilenet_v1_025_tf", "mobilenet_v2_tf", "layers",
	},
	"network.layers[]": {
		"conv", "dense", "batch_norm", "relu", "relu6", "hardswish", "hardsigmoid", "silu", "sigmoid", "gelu",
		"max_pool", "avg_pool", "global_avg_pool", "adaptive_avg_pool", "flatten", "dropout",
	},
	"network.weights":     {noWeights, "imagenet"},
	"network.frozen_norm": {"evaluation", "training"},

	"train.last_batch": {"keep", "drop", "merge"},
	"train.loss":       {"mse", "mae", "huber", crossEntropy},
	"train.optimizer":  {"adam", "adamw", "sgd", "rmsprop"},
	"train.schedule":   {constant, "step", "cosine", "one_cycle", "plateau"},
	"train.sampler":    {"shuffle", "balanced"},
	"train.stop.on":    {validationLoss, "validation_rmse", "validation_accuracy", "validation_macro_f1"},
	"sweep.on":         {validationLoss, "validation_rmse", "validation_accuracy", "validation_macro_f1"},
	"train.keep":       {"best", "last"},

	"train.loss.cross_entropy.class_weights": {"none", "balanced"},
	"report.language":                        {"en", "de"},
	"report.plots[]": {
		"funnel", "target", "correlation", "against", "pixels", "samples", "augment", "curves", "fit", "residuals", "worst", "gradcam",
	},
}

// torchvision are the backbones of which torchvision publishes weights.
var torchvision = []string{
	"resnet18", "resnet34", "resnet50", "vgg16", "vgg16_bn",
	"mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0",
}

// isRequired is the one reason that another problem can explain.
const isRequired = "is required"

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
