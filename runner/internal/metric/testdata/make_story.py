#!/usr/bin/env python3
"""Writes story.json: skewness, correlation and Kolmogorov-Smirnov distances as scipy
computes them, of values that plain integer arithmetic draws.

    /usr/bin/python3 make_story.py
"""
import json
import math
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import stats


def draw(seed, n):
    """n numbers between 0 and 1, by the generator of Park and Miller."""
    out = []
    for _ in range(n):
        seed = seed * 48271 % 2147483647
        out.append(seed / 2147483647)
    return out


def skewed(seed, n):
    """n numbers with a long tail to the right, of few digits."""
    return [round(-math.log(u), 3) for u in draw(seed, n)]


def skewness(values):
    """The adjusted coefficient in exact arithmetic, since floats cancel where the mean is
    far from 0; scipy's has to be the same but for that."""
    exact, n = [Fraction(v) for v in values], len(values)
    mean = sum(exact) / n
    second, third = (sum((v - mean) ** k for v in exact) / n for k in (2, 3))
    square = third**2 / second**3 * n * (n - 1) / (n - 2) ** 2
    with localcontext() as context:
        context.prec = 50
        root = (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
    want = float(root) if third > 0 else -float(root)
    exponent = math.frexp(max(map(abs, values)))[1]
    assert math.isclose(want, stats.skew(np.ldexp(np.array(values), -exponent), bias=False), rel_tol=1e-9, abs_tol=0)
    return want


uniform, weights, other = [round(u, 4) for u in draw(1, 250)], skewed(2, 200), skewed(3, 60)
lists = {
    "three": [1.0, 2.0, 4.0],
    "uniform": uniform,
    "long tail": weights,
    "long tail to the left": [5 - w for w in weights],
    "years": [2023 + round(u, 2) for u in draw(4, 60)],
    "ties": [float(math.floor(6 * u * u)) for u in uniform],
    "large": [w * 1e200 for w in weights],
    "small": [w * 1e-200 for w in weights],
}
pairs = {
    "line": [[1.0, 2.0, 3.0, 5.0], [2.5, 4.5, 6.5, 10.5]],
    "falling": [[1.0, 2.0, 3.0, 5.0], [3.0, 2.0, 1.0, -1.0]],
    "loose": [uniform[:200], [round(u + w, 3) for u, w in zip(uniform, weights)]],
    "weak": [uniform[:60], other],
    "years": [lists["years"], [round(y * y, 2) for y in lists["years"]]],
    "far apart": [[w * 1e30 for w in weights], [(w + u) * 1e-30 for w, u in zip(weights, uniform)]],
}
samples = {
    "same": [weights, weights],
    "alike": [weights[:150], weights[150:]],
    "apart": [[1.0, 2.0], [3.0, 4.0, 5.0]],
    "other": [uniform, other],
    "ties": [lists["ties"][:150], [float(math.floor(5 * u)) for u in uniform[150:]]],
    "one": [[1.0], [0.5, 1.0, 1.5]],
}
Path(__file__).with_name("story.json").write_text(json.dumps({
    "skewness": {k: {"values": v, "want": skewness(v)} for k, v in lists.items()},
    "pearson": {k: {"x": x, "y": y, "want": float(np.clip(stats.pearsonr(x, y)[0], -1, 1))} for k, (x, y) in pairs.items()},
    "kolmogorov_smirnov": {k: {"a": a, "b": b, "want": float(stats.ks_2samp(a, b).statistic)} for k, (a, b) in samples.items()},
    "limit": {"308 64": float(math.sqrt(-math.log(0.025) / 2) * math.sqrt((308 + 64) / (308 * 64)))},
}, indent=None, separators=(",", ":")) + "\n")
