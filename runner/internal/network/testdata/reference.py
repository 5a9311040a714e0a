"""Writes ARCH.json: the names and shapes of torchvision's networks, and what vgg16 and vgg16_bn compute
where a formula gives weights and pictures.

    python3 reference.py        (made with torch 1.13.1, torchvision 0.14.1, one thread)

state_dict_keys are those of torchvision's own network. The vgg that computes has a classifier 64 wide
instead of 4096, and no dropout: the same arithmetic in an eighth of the memory.
"""
import json
import math

import numpy as np
import torch
import torchvision
from torch import nn

CLASSES, WIDTH, LABELS = 10, 64, [3, 7]


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
            v = 0.2 * v + (1 if name.endswith("weight") else 0)  # of a batch norm
        w.data.copy_(torch.from_numpy(v.astype(np.float32)).reshape(w.shape))


def run(net, pictures, digits):
    def texts(t, n=None):
        return [float(f"%.{digits}g" % v) for v in t.double().flatten()[:n].tolist()]

    net.eval()
    evaluated = net(pictures)
    net.train()
    trained = net(pictures)
    nn.functional.cross_entropy(trained, torch.tensor(LABELS)).backward()
    return {
        "eval_logits": texts(evaluated), "train_logits": texts(trained),
        "grads": [{"name": k, "l2": texts(p.grad.double().norm())[0], "first8": texts(p.grad, 8)} for k, p in net.named_parameters()],
        "buffers_after": [{"name": k, "l2": texts(b.double().norm())[0], "first4": texts(b, 4)}
                          for k, b in net.named_buffers() if not k.endswith("num_batches_tracked")],
    }


torch.set_num_threads(1)
pictures = torch.from_numpy((formula(777, 2 * 3 * 64 * 64) * 4).astype(np.float32)).reshape(2, 3, 64, 64)
for arch in ("resnet34", "vgg16", "vgg16_bn"):
    net = getattr(torchvision.models, arch)(num_classes=CLASSES)
    out = {"state_dict_keys": [[k, list(v.shape)] for k, v in net.state_dict().items()]}
    if arch.startswith("vgg"):
        net.classifier = nn.Sequential(nn.Linear(512 * 7 * 7, WIDTH), nn.ReLU(), nn.Dropout(0), nn.Linear(WIDTH, WIDTH), nn.ReLU(),
                                       nn.Dropout(0), nn.Linear(WIDTH, CLASSES))
        fill(net)
        state = {k: v.clone() for k, v in net.state_dict().items()}
        out["labels"], out["f32"] = LABELS, run(net, pictures, 9)
        net = net.double()
        net.load_state_dict(state)
        net.zero_grad()
        out["f64"] = run(net, pictures.double(), 14)
    with open(arch + ".json", "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")
