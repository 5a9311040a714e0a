"""Writes the files of torch.save that the tests read, and what is in them.

    python3 fixtures.py    # names its files by the version of its torch

Every file has its tensors as [name, type, shape, values] in torch.json, values in
row-major order, as float32 where they are floats.
"""
import json
import os

import torch

here = os.path.dirname(os.path.abspath(__file__))
version = ".".join(torch.__version__.split(".")[:2])
types = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}


def numbers(*shape, dtype=torch.float32):
    """Counts up from -2 in steps that a bfloat16 holds, but of a float32 not all bits are 0."""
    n = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    x = (n * 1.25 - 2) * (1 + (2**-20 if dtype in (torch.float32, torch.float64) else 0))
    if dtype in (torch.uint8, torch.bool):
        x = n
    return x.reshape(shape).to(dtype)


def dtypes():
    d = {str(t).split(".")[1]: numbers(3, dtype=t) for t in types}
    d["third"] = torch.tensor([1 / 3], dtype=torch.float64)  # rounded when it is read
    d["counter"] = torch.tensor(2**40 + 1)
    d["empty"] = torch.zeros(0, 3)
    d["scalar"] = torch.tensor(1.5)
    return d


def strides():
    base = numbers(4, 6)
    return {
        "base": base,
        "transposed": base.t(),
        "rows": base[1:3],
        "columns": base[:, 1:4],
        "every_second": base[::2, ::3],
        "channels_last": numbers(2, 3, 2, 2).to(memory_format=torch.channels_last),
        "permuted": numbers(2, 3, 4).permute(2, 0, 1),
        "repeated": numbers(3, 1).expand(3, 2),
        "ones": numbers(1, 3, 1).transpose(0, 2),
        "parameter": torch.nn.Parameter(base[0]),
        "half_rows": numbers(4, 2, dtype=torch.float16)[1:],
        "all_of_it": base,
    }


def checkpoint():
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3, bias=False), torch.nn.BatchNorm2d(3), torch.nn.Flatten(), torch.nn.Linear(3, 2))
    parallel = torch.nn.DataParallel(model)
    optimiser = torch.optim.Adam(parallel.parameters())
    torch.nn.functional.mse_loss(parallel(numbers(2, 2, 3, 3)), torch.zeros(2, 2)).backward()
    optimiser.step()
    return {"epoch": 3, "model": parallel.state_dict(), "optimizer": optimiser.state_dict(), "best": 0.5, "size": torch.Size([3, 3])}


def state_dict(saved):
    prefix = "module."
    return {k[len(prefix):]: v for k, v in saved["model"].items()}


def described(tensors):
    return [
        [name, types[t.dtype], list(t.shape), (t.detach().float() if t.is_floating_point() else t.to(torch.int64)).flatten().tolist()]
        for name, t in tensors.items()
    ]


path = os.path.join(here, "torch.json")
known = json.load(open(path)) if os.path.exists(path) else {}
for name, made, tensors in (("dtypes", dtypes(), dtypes()), ("strides", strides(), strides()), ("checkpoint", checkpoint(), None)):
    for way, options in (("zip", {}), ("zip_protocol4", {"pickle_protocol": 4}), ("legacy", {"_use_new_zipfile_serialization": False})):
        if way == "zip_protocol4" and name != "checkpoint":
            continue
        file = f"{version}-{name}-{way}.pth"
        torch.save(made, os.path.join(here, file), **options)
        known[file] = described(tensors or state_dict(made))
with open(path, "w") as f:
    f.write("{\n" + ",\n".join(f"{json.dumps(file)}: {json.dumps(known[file])}" for file in sorted(known)) + "\n}\n")
