"""Checks an ONNX file, runs it, and prints outputs as JSON.

    python onnx_run.py MODEL EXAMPLES C H W

EXAMPLES are float32, little-endian: pictures (N, H, W, C), and behind them features (N, F),
if the model reads some.

Needs onnxruntime and, to check the file, onnx.
"""
import json
import sys

import numpy
import onnx
import onnxruntime

model, examples, c, h, w = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
onnx.checker.check_model(model, full_check=True)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
features = sum(i.shape[1] for i in session.get_inputs() if i.name == "features")
x = numpy.fromfile(examples, dtype="<f4")
n = len(x) // (c * h * w + features)
inputs = {"picture": numpy.ascontiguousarray(x[: n * c * h * w].reshape(n, h, w, c).transpose(0, 3, 1, 2))}
if features:
    inputs["features"] = x[n * c * h * w :].reshape(n, features)
(y,) = session.run(["output"], inputs)
print(json.dumps({"outputs": y.astype(float).tolist(), "metadata": session.get_modelmeta().custom_metadata_map}))
