package fetch

// Torchvision returns torchvision's file of ImageNet weights for a backbone, the one that
// it calls IMAGENET1K_V1. The file's name ends with the beginning of its SHA-256. It
// reports false for a backbone that is not torchvision's.
func Torchvision(backbone string) (File, bool) {
	sum, ok := torchvision[backbone]
	name := backbone
	if backbone == "efficientnet_b0" {
		name += "_rwightman"
	}
	return File{URL: "https://download.pytorch.org/models/" + name + "-" + sum + ".pth", SHA256: sum}, ok
}

var torchvision = map[string]string{
	"resnet18":           "f37072fd",
	"resnet34":           "b627a593",
	"resnet50":           "0676ba61",
	"vgg16":              "397923af",
	"vgg16_bn":           "6c64b313",
	"mobilenet_v2":       "b0353104",
	"mobilenet_v3_small": "047dcff4",
	"mobilenet_v3_large": "8738ca79",
	"efficientnet_b0":    "7f5810bc",
}
