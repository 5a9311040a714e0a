"""Makes a file of float32 weights of a quantised MobileNet in TensorFlow Lite's format.

    python3 tflite2safetensors.py mobilenet_v2_1.0_224_quant.tflite mobilenet_v2_1.0_224.safetensors

Needs numpy alone. Every number is (stored - zero point) * scale. Convolutions become (out, in, height, width),
depthwise ones (channels, 1, height, width); they are named conv00, dwconv01, ... in the order of the operations.
"""
import json
import struct
import sys

import numpy as np

CONV, DEPTHWISE = 3, 4  # operator codes
UINT8, INT32 = 3, 2  # types of tensors


class Table:
    """A table of a FlatBuffer: a field is found by its number in the schema."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def place(self, field):
        vtable = self.at - struct.unpack_from("<i", self.data, self.at)[0]
        size, offset = struct.unpack_from("<H", self.data, vtable)[0], 4 + 2 * field
        relative = struct.unpack_from("<H", self.data, vtable + offset)[0] if offset < size else 0
        return self.at + relative if relative else None

    def number(self, field, form="<I"):
        at = self.place(field)
        return struct.unpack_from(form, self.data, at)[0] if at else 0

    def table(self, field):
        at = self.place(field)
        return Table(self.data, at + struct.unpack_from("<I", self.data, at)[0])

    def vector(self, field, kind):
        at = self.place(field)
        at += struct.unpack_from("<I", self.data, at)[0]
        return np.frombuffer(self.data, kind, struct.unpack_from("<I", self.data, at)[0], at + 4)

    def tables(self, field):
        at = self.place(field)
        at += struct.unpack_from("<I", self.data, at)[0]
        places = range(at + 4, at + 4 + 4 * struct.unpack_from("<I", self.data, at)[0], 4)
        return [Table(self.data, p + struct.unpack_from("<I", self.data, p)[0]) for p in places]


def tensors(data):
    model = Table(data, struct.unpack_from("<I", data, 0)[0])
    codes = [c.number(0, "<b") for c in model.tables(1)]
    graph, buffers = model.tables(2)[0], model.tables(4)
    all_tensors = graph.tables(0)

    def read(index):
        t = all_tensors[index]
        kind = {UINT8: "u1", INT32: "<i4"}[t.number(1, "<b")]
        quantization = t.table(4)
        scale, zero = quantization.vector(2, "<f4"), quantization.vector(3, "<i8")
        stored = buffers[t.number(2)].vector(0, "u1").view(kind).reshape(t.vector(0, "<i4"))
        return ((stored.astype(np.float64) - zero[0]) * scale[0]).astype("<f4")

    count = 0
    for operation in graph.tables(3):
        code = codes[operation.number(0)]
        if code in (CONV, DEPTHWISE):
            _, weight, bias = operation.vector(1, "<i4")
            # (out, height, width, in), or (1, height, width, channels)
            axes, name = ((0, 3, 1, 2), "conv%02d") if code == CONV else ((3, 0, 1, 2), "dwconv%02d")
            yield name % count + ".weight", np.ascontiguousarray(read(weight).transpose(axes))
            yield name % count + ".bias", read(bias)
            count += 1


header, body = {}, b""
for name, tensor in tensors(open(sys.argv[1], "rb").read()):
    header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(body), len(body) + tensor.nbytes]}
    body += tensor.tobytes()
header["__metadata__"] = {"format": "pt"}
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + body)
