"""Writes gradcam.json: Grad-CAM by torch, in float64, where a formula gives weights and the picture.

    python3 gradcam.py              (made with torch 1.13.1, torchvision 0.14.1)

The maps of pictures of 224 pixels are those of Selvaraju et al., 2017: the gradients' means over all places
are the weights of the channels. That of 64 pixels takes the means over blocks of 4 x 4 places, which the rest of
the network makes one of. All are in shares of their highest value.
"""
import json
import math

import numpy as np
import torch
import torchvision

CLASSES, OUTPUT = 10, 3


def formula(start, count):
    s = (np.uint64(start) + np.arange(count, dtype=np.uint64) * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    s ^= s >> np.uint64(16)
    s = (s * np.uint64(0x45D9F3B)) & np.uint64(0xFFFFFFFF)
    s ^= s >> np.uint64(16)
    return s.astype(np.float64) / 2**32 - 0.5


def fill(net):
    for p, (name, w) in enumerate(net.named_parameters()):
        v = formula(p * 1000003 + 12345, w.numel())
        if w.dim() >= 2:
            v = v * 2 * math.sqrt(3 / w[0].numel())
        else:
            v = 0.2 * v + (1 if name.endswith("weight") else 0)
        w.data.copy_(torch.from_numpy(v.astype(np.float32)).reshape(w.shape))


maps = []
for arch, module, size, block in (("resnet18", "layer4.1", 224, 7), ("mobilenet_v2", "features.18", 224, 7), ("resnet18", "layer2.1", 64, 4)):
    net = getattr(torchvision.models, arch)(num_classes=CLASSES)
    fill(net)
    net = net.double().eval()
    kept = []
    net.get_submodule(module).register_forward_hook(lambda _, __, y: kept.append(y))
    x = torch.from_numpy((formula(777, 3 * size * size) * 4).astype(np.float32)).reshape(1, 3, size, size).double()
    output = net(x)[0, OUTPUT]
    seen, gradient = kept[0].detach()[0], torch.autograd.grad(output, kept[0])[0][0]
    means = torch.nn.functional.avg_pool2d(gradient, block)
    weights = means.repeat_interleave(block, 1).repeat_interleave(block, 2)
    heat = (weights * seen).sum(0).clamp(min=0)
    maps.append({"backbone": arch, "size": size, "output": OUTPUT, "side": heat.shape[0],
                 "map": [round(v, 7) for v in (heat / heat.max()).flatten().tolist()]})
with open("gradcam.json", "w") as file:
    json.dump(maps, file, indent=1)
    file.write("\n")
