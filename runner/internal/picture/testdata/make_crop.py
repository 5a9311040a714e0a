# Writes crop.json: the SHA-256 of what torchvision makes of some pictures by a resize of
# the short side and a crop of the middle, both to one size.
#
#     python3 make_crop.py > crop.json
#
# Made with torchvision 0.14.1 and Pillow 9.4.0.
import hashlib
import json

import numpy
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize


def picture(width, height):
    """As formula in decode_test.go draws it."""
    y, x = numpy.mgrid[0:height, 0:width]
    return Image.fromarray(numpy.stack([5 * x + y, x * y // 7, 200 - 3 * y + x], -1).astype(numpy.uint8))


cases = []
for width, height, size in [
    (61, 43, 32), (43, 61, 32), (64, 48, 48), (48, 67, 48), (33, 32, 32), (32, 35, 32), (32, 37, 32), (200, 9, 16),
    (7, 300, 8), (40, 40, 16), (16, 16, 16), (5, 6, 31), (6, 5, 31), (1, 1, 8), (101, 67, 23), (67, 103, 24),
]:
    crop = Compose([Resize(size, InterpolationMode.BILINEAR), CenterCrop(size)])
    pixels = numpy.asarray(crop(picture(width, height))).tobytes()
    cases.append({"width": width, "height": height, "size": size, "sha256": hashlib.sha256(pixels).hexdigest()})
print("[\n" + ",\n".join("  " + json.dumps(c) for c in cases) + "\n]")
