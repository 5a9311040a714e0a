"""Saves a network of torchvision with random weights, and its outputs; or compares.

    python round_trip.py save NAME SIZE DIR     # DIR/there.pth, pictures, outputs.json
    python round_trip.py compare NAME DIR       # DIR/back.pth has the same bits, and loads

pictures are float32, (N, H, W, C), little-endian.
"""
import json
import os
import sys

import torch
import torchvision

torch.set_num_threads(1)
outputs = 7


def save(name, size, folder):
    torch.manual_seed(1)
    model = getattr(torchvision.models, name)(num_classes=outputs).eval()
    for m in model.modules():
        if isinstance(m, torch.nn.BatchNorm2d):  # as after a training
            torch.nn.init.normal_(m.running_mean, 0, 0.1)
            torch.nn.init.uniform_(m.running_var, 0.5, 1.5)
            torch.nn.init.normal_(m.weight, 1, 0.1)
            torch.nn.init.normal_(m.bias, 0, 0.1)
            m.num_batches_tracked.fill_(12345678901)
    torch.save({"epoch": 3, "state_dict": torch.nn.DataParallel(model).state_dict()}, os.path.join(folder, "there.pth"))
    x = torch.randn(3, 3, size, size)
    x.permute(0, 2, 3, 1).contiguous().numpy().tofile(os.path.join(folder, "pictures"))
    with torch.no_grad():
        single = model(x).double()
        double = model.double()(x.double())
    with open(os.path.join(folder, "outputs.json"), "w") as f:
        json.dump({"f32": single.flatten().tolist(), "f64": double.flatten().tolist()}, f)


def compare(name, folder):
    there = torch.load(os.path.join(folder, "there.pth"))["state_dict"]
    back = torch.load(os.path.join(folder, "back.pth"), weights_only=True)
    getattr(torchvision.models, name)(num_classes=outputs).load_state_dict(back, strict=True)
    assert ["module." + k for k in back] == list(there), "other names"
    for name, tensor in there.items():
        mine = back[name[len("module."):]]
        assert mine.dtype == tensor.dtype and mine.shape == tensor.shape and torch.equal(mine, tensor), name


if sys.argv[1] == "save":
    save(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    compare(sys.argv[2], sys.argv[3])
