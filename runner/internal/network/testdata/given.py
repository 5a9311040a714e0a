"""Writes given.json: what published weights compute, for pictures that a formula gives.

    python3 given.py FOLDER          (made with torch 1.13.1, one thread)

FOLDER holds mobilenet/ and resnet_cifar10/ with the files of WEIGHTS. The networks are written down here layer by
layer, from the files of operations beside the MobileNets and from the code that belongs to the ResNets
(github.com/akamaster/pytorch_resnet_cifar10), in float32 and in float64. A picture's size is odd once, since SAME then
pads otherwise.
"""
import json
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

WEIGHTS = {
    "resnet20": ("resnet_cifar10/resnet20-12fca82f", 32),
    "resnet56": ("resnet_cifar10/resnet56-4bfd9763", 32),
    "mobilenet_v1_025_tf": ("mobilenet/mobilenet_v1_0.25_128", 65),
    "mobilenet_v2_tf": ("mobilenet/mobilenet_v2_1.0_224", 96),
}


def formula(start, count):
    s = (np.uint64(start) + np.arange(count, dtype=np.uint64) * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    s ^= s >> np.uint64(16)
    s = (s * np.uint64(0x45D9F3B)) & np.uint64(0xFFFFFFFF)
    s ^= s >> np.uint64(16)
    return s.astype(np.float64) / 2**32 - 0.5


def load(path, dtype):
    data = open(path + ".safetensors", "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + n])
    header.pop("__metadata__", None)
    return {name: torch.from_numpy(np.frombuffer(data[8 + n:][e["data_offsets"][0]:e["data_offsets"][1]], "<f4").reshape(e["shape"]).copy()).to(dtype)
            for name, e in header.items()}


def same(x, window, stride):
    total = lambda size: max(0, (-(-size // stride) - 1) * stride + window - size)
    h, w = total(x.shape[2]), total(x.shape[3])
    return F.pad(x, (w // 2, w - w // 2, h // 2, h - h // 2))


def mobilenet(path, w, x):
    values = {}
    for op in json.load(open(path + ".graph.json"))["ops"]:
        a = values.get(op["inputs"][0], x)
        if op["op"] in ("conv", "dwconv"):
            weight, bias = w[op["name"] + ".weight"], w[op["name"] + ".bias"]
            y = F.conv2d(same(a, weight.shape[2], op["stride"]), weight, bias, op["stride"], groups=weight.shape[0] if op["op"] == "dwconv" else 1)
            if op["act"] == "relu6":
                y = F.relu6(y)
        elif op["op"] == "add":
            y = a + values[op["inputs"][1]]
        elif op["op"] == "avgpool":
            y = features = a.mean((2, 3), keepdim=True)
        elif op["op"] == "reshape":
            return features.flatten(1), a.flatten(1)
        values[op["output"]] = y


def resnet(_, w, x):
    norm = lambda x, name: F.batch_norm(x, w[name + ".running_mean"], w[name + ".running_var"], w[name + ".weight"], w[name + ".bias"])
    x = F.relu(norm(F.conv2d(x, w["conv1.weight"], padding=1), "bn1"))
    for stage in (1, 2, 3):
        block = 0
        while "layer%d.%d.conv1.weight" % (stage, block) in w:
            name = "layer%d.%d." % (stage, block)
            stride = 2 if stage > 1 and block == 0 else 1
            y = F.relu(norm(F.conv2d(x, w[name + "conv1.weight"], stride=stride, padding=1), name + "bn1"))
            y = norm(F.conv2d(y, w[name + "conv2.weight"], padding=1), name + "bn2")
            if stride == 2:
                planes = y.shape[1]
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, planes // 4, planes // 4))
            x = F.relu(y + x)
            block += 1
    features = x.mean((2, 3))
    return features, F.linear(features, w["linear.weight"], w["linear.bias"])


torch.set_num_threads(1)
out = {}
for name, (file, size) in WEIGHTS.items():
    path, run = sys.argv[1] + "/" + file, {"file": file + ".safetensors", "size": size}
    for word, dtype in ("f32", torch.float32), ("f64", torch.float64):
        x = torch.from_numpy((formula(777, 2 * 3 * size * size) * 4).astype(np.float32)).reshape(2, 3, size, size).to(dtype)
        with torch.no_grad():
            features, logits = (resnet if name.startswith("resnet") else mobilenet)(path, load(path, dtype), x)
        # Of 1001 classes every hundredth, of many features every twentieth.
        run[word] = {"features": features[:, ::20 if features.shape[1] > 100 else 4].flatten().tolist(),
                     "logits": logits[:, ::100 if logits.shape[1] > 100 else 1].flatten().tolist(), "outputs": logits.shape[1]}
    out[name] = run
json.dump(out, open("given.json", "w"), indent=1)
