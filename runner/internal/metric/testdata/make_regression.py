"""Writes regression.json: predictions and what scikit-learn and SciPy say of them.

Run with a Python that has scikit-learn (1.2.1) and SciPy (1.10.1):

    python3 make_regression.py > regression.json

null stands for what they call NaN.
"""
import json
import warnings

import numpy as np
from scipy.stats import spearmanr
from sklearn import metrics

warnings.filterwarnings("ignore")
random = np.random.RandomState(7)


def noisy(truth, deviation):
    return truth + random.normal(0, deviation, len(truth))


skewed = np.round(random.uniform(0, 1, 190) ** 3 + 0.006, 3)
normal = random.normal(0, 1, 200)
counts = random.randint(2, 16, 60).astype(float)
bread = random.uniform(50, 100, 101)
cases = {
    "random": (normal, noisy(normal * 0.8, 0.5)),
    "no relation": (normal, random.normal(0, 1, 200)),
    "skewed": (skewed, noisy(skewed * 0.9, 0.1)),
    "positive, odd number": (bread, noisy(bread, 5)),
    "ties": (counts, np.round(noisy(counts, 1.5))),
    "ties in the predictions": (skewed, np.round(noisy(skewed, 0.1), 1)),
    "negative": (-100 * bread, noisy(-100 * bread, 300)),
    "constant target": (np.full(10, 0.1), noisy(np.full(10, 0.1), 0.2)),
    "constant target, perfect": (np.full(10, 0.1), np.full(10, 0.1)),
    "constant prediction": (bread, np.full(101, 75.5)),
    "perfect": (bread, bread),
    "reversed": (bread, -bread),
    "one sample": ([2.5], [2]),
    "one sample, perfect": ([2.5], [2.5]),
    "two samples": ([1, 2], [1.5, 1.75]),
    "two samples, crossed": ([1, 2], [2.5, 0.5]),
    "two samples, alike": ([3, 3], [2, 5]),
    "large offset": (1e8 + normal, noisy(1e8 + normal, 0.3)),
    "huge": (1e60 * bread, noisy(1e60 * bread, 1e61)),
    "tiny": (1e-12 * bread, noisy(1e-12 * bread, 1e-11)),
    "smaller than epsilon": (1e-30 * bread, noisy(1e-30 * bread, 1e-29)),
    "one tiny among large": (np.append(bread, 1e-9), np.append(bread, 1)),
    "with a zero": (np.append(bread, 0), np.append(bread, 1)),
}


def number(value):
    return None if np.isnan(value) else float(value)


out = []
for name, (truth, predicted) in cases.items():
    truth, predicted = np.asarray(truth, float), np.asarray(predicted, float)
    out.append({
        "name": name,
        "truth": truth.tolist(),
        "predicted": predicted.tolist(),
        "mse": number(metrics.mean_squared_error(truth, predicted)),
        "rmse": number(metrics.mean_squared_error(truth, predicted, squared=False)),
        "mae": number(metrics.mean_absolute_error(truth, predicted)),
        "median_ae": number(metrics.median_absolute_error(truth, predicted)),
        "mape": number(metrics.mean_absolute_percentage_error(truth, predicted)),
        "r2": number(metrics.r2_score(truth, predicted)),
        "bias": number(np.mean(predicted - truth)),
        "spearman": number(spearmanr(truth, predicted).statistic) if len(truth) > 1 else None,
    })
print("[\n" + ",\n".join(json.dumps(case) for case in out) + "\n]")
