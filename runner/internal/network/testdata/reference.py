"""Writes tensors.json, the names and shapes of torchvision's networks, and ARCH.json, what some of them compute
where a formula gives weights and pictures.

    python3 reference.py            (made with torch 1.13.1, torchvision 0.14.1, one thread)
    python3 reference.py ARCH       prints the names and shapes of one network

tensors.json has the number and the SHA-256 of the lines of each network's list. The vgg that computes has a
classifier 64 wide instead of 4096: the same arithmetic in an eighth of the memory. Nothing is dropped at random.
Gradients and running statistics are those of every tenth tensor. Running variances begin at VARIANCE: at 1 the
picture is lost on the way through an EfficientNet, at 1/3 it explodes. The pictures of mobilenet_v2 are such that
no input of a late ReLU6 lies within rounding of a kink, where a gradient jumps.
"""
import hashlib
import json
import math
import sys

import numpy as np
import torch
import torchvision
from torch import nn

CLASSES, WIDTH, LABELS, VARIANCE = 10, 64, [3, 7], 0.4


def tensors(arch):
    net = getattr(torchvision.models, arch)(num_classes=CLASSES)
    return ["%s [%s]\n" % (k, " ".join(map(str, v.shape))) for k, v in net.state_dict().items()]


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
    for name, b in net.named_buffers():
        if name.endswith("running_var"):
            b.fill_(VARIANCE)


def pictures_from(start):
    return torch.from_numpy((formula(start, 2 * 3 * 64 * 64) * 4).astype(np.float32)).reshape(2, 3, 64, 64)


def calm(net, start):
    """The first pictures from start on whose ReLU6 inputs of 8x8 pixels or fewer keep away from 0 and 6."""
    near = []
    hooks = [m.register_forward_pre_hook(lambda _, x: near.append(min(x[0].abs().min(), (x[0] - 6).abs().min()).item() if x[0].shape[-1] <= 8 else 1))
             for m in net.modules() if isinstance(m, nn.ReLU6)]
    while True:
        near.clear()
        with torch.no_grad():
            net(pictures_from(start).double())
        if not near or min(near) > 2e-5:
            break
        start += 1
    for h in hooks:
        h.remove()
    return start


def run(net, pictures, digits):
    def texts(t, n=None):
        return [float(f"%.{digits}g" % v) for v in t.double().flatten()[:n].tolist()]

    net.eval()
    evaluated = net(pictures)
    net.train()
    trained = net(pictures)
    loss = nn.functional.cross_entropy(trained, torch.tensor(LABELS))
    loss.backward()
    buffers = [(k, b) for k, b in net.named_buffers() if not k.endswith("num_batches_tracked")]
    return {
        "eval_logits": texts(evaluated), "train_logits": texts(trained), "ce_loss": texts(loss)[0],
        "grads": [{"name": k, "l2": texts(p.grad.double().norm())[0], "first8": texts(p.grad, 8)} for k, p in list(net.named_parameters())[::10]],
        "buffers_after": [{"name": k, "l2": texts(b.double().norm())[0], "first4": texts(b, 4)} for k, b in buffers[::10]],
    }


if len(sys.argv) > 1:
    sys.exit("".join(tensors(sys.argv[1])))
torch.set_num_threads(1)
lists = {arch: tensors(arch) for arch in ("resnet18", "resnet34", "resnet50", "vgg16", "vgg16_bn", "mobilenet_v2",
                                          "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0")}
with open("tensors.json", "w") as file:
    json.dump({arch: {"count": len(lines), "sha256": hashlib.sha256("".join(lines).encode()).hexdigest()}
               for arch, lines in lists.items()}, file, indent=1)
    file.write("\n")
for arch in ("vgg16", "vgg16_bn", "mobilenet_v2", "efficientnet_b0"):
    net = getattr(torchvision.models, arch)(num_classes=CLASSES)
    for module in net.modules():
        if isinstance(module, (nn.Dropout, torchvision.ops.StochasticDepth)):
            module.p = 0
    if arch.startswith("vgg"):
        net.classifier = nn.Sequential(nn.Linear(512 * 7 * 7, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, CLASSES))
    fill(net)
    state = {k: v.clone() for k, v in net.state_dict().items()}
    start = calm(net.double().train(), 777)
    pictures = pictures_from(start)
    net = net.float()
    net.load_state_dict(state)
    out = {"labels": LABELS, "running_var": VARIANCE, "pictures": start, "f32": run(net, pictures, 9)}
    net = net.double()
    net.load_state_dict(state)
    net.zero_grad()
    out["f64"] = run(net, pictures.double(), 12)
    if arch.startswith("vgg"):  # the names as they are with dropout between
        text = json.dumps(out).replace("classifier.4.", "classifier.6.").replace("classifier.2.", "classifier.3.")
        out = json.loads(text)
    with open(arch + ".json", "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")
