"""Checks an ONNX file, runs it, and prints outputs as JSON.

    python onnx_run.py MODEL PICTURES C H W    # PICTURES: float32, (N, H, W, C), little-endian

Needs onnxruntime and, to check the file, onnx.
"""
import json
import sys

import numpy
import onnx
import onnxruntime

model, pictures, c, h, w = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
onnx.checker.check_model(model, full_check=True)
x = numpy.fromfile(pictures, dtype="<f4").reshape(-1, h, w, c).transpose(0, 3, 1, 2)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
(y,) = session.run(["output"], {"picture": numpy.ascontiguousarray(x)})
print(json.dumps({"outputs": y.astype(float).tolist(), "metadata": session.get_modelmeta().custom_metadata_map}))
