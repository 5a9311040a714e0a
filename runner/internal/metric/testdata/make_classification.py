#!/usr/bin/python3
"""Writes classification.json beside it: predictions and what scikit-learn says of them.

Run with a Python that has scikit-learn 1.2.1. Python writes the shortest digits that bring
back the same double, so nothing is lost on the way.
"""
import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import metrics
from sklearn.calibration import calibration_curve

warnings.simplefilter("ignore")  # of classes that are absent, which is what is asked
assert sklearn.__version__ == "1.2.1"
random = np.random.RandomState(1)
BINS = 10


def softmax(outputs):
    e = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def reliability(confidence, right):
    """Guo et al. (2017), equations 2, 3 and 5; bins as scikit-learn draws them."""
    edges = np.linspace(0, 1, BINS + 1)
    place = np.searchsorted(edges[1:-1], confidence)
    rows = []
    for b in range(BINS):
        inside = place == b
        n = int(inside.sum())
        rows.append([n, float(confidence[inside].mean()) if n else 0.0, float(right[inside].mean()) if n else 0.0])
    if right.any() and not right.all():
        shares, means = calibration_curve(right, confidence, n_bins=BINS)
        filled = [r for r in rows if r[0]]
        assert np.allclose([r[1] for r in filled], means, rtol=1e-13) and np.allclose([r[2] for r in filled], shares, rtol=1e-13)
    ece = sum(r[0] / len(right) * abs(r[2] - r[1]) for r in rows)
    return {"bins": rows, "ece": float(ece), "confidence": float(confidence.mean())}


def judged(name, outputs, truth):
    outputs = np.asarray(outputs, dtype=np.float32)
    truth = np.asarray(truth)
    classes = list(range(outputs.shape[1]))
    p = softmax(outputs.astype(np.float64))
    predicted = outputs.argmax(axis=1)
    of = {"zero_division": 0}
    each = metrics.precision_recall_fscore_support(truth, predicted, labels=classes, average=None, **of)
    macro = metrics.precision_recall_fscore_support(truth, predicted, average="macro", **of)
    weighted = metrics.precision_recall_fscore_support(truth, predicted, average="weighted", **of)
    hot = np.eye(len(classes))[truth]
    brier = float(((p - hot) ** 2).sum(axis=1).mean())
    if len(classes) == 2:
        assert np.isclose(brier, 2 * metrics.brier_score_loss(truth, p[:, 1], pos_label=1), rtol=1e-13)
    auc = precision = None
    if len(set(truth)) == len(classes):
        precision = float(metrics.average_precision_score(hot, p, average="macro"))
        auc = float(metrics.roc_auc_score(truth, p[:, 1] if len(classes) == 2 else p, multi_class="ovr", average="macro"))
    return {
        "name": name, "classes": len(classes), "outputs": [float(x) for x in outputs.ravel()], "truth": [int(t) for t in truth],
        "confusion": metrics.confusion_matrix(truth, predicted, labels=classes).tolist(),
        "accuracy": float(metrics.accuracy_score(truth, predicted)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(truth, predicted)),
        "each": [[float(each[k][c]) for k in range(3)] + [int(each[3][c])] for c in classes],
        "macro": [float(x) for x in macro[:3]], "weighted": [float(x) for x in weighted[:3]],
        "log_loss": float(metrics.log_loss(truth, p, labels=classes)), "brier": brier,
        "reliability": reliability(p.max(axis=1), predicted == truth),
        "macro_auc": auc, "macro_average_precision": precision,
    }


def scattered(truth, classes, skill):
    outputs = random.normal(size=(len(truth), classes))
    outputs[np.arange(len(truth)), truth] += skill
    return outputs.round(3)


def hot(predicted, classes):
    # With noise, because equal outputs in another order have softmaxes that are equal but for
    # their last bits, and so ties that are none, other ones in every implementation.
    return (4 * np.eye(classes)[predicted] + random.rand(len(predicted), classes)).round(3)


def cases():
    truth = random.choice(5, size=150, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    yield judged("random, unequal classes", scattered(truth, 5, 1.5), truth)
    truth = random.randint(0, 2, size=80)
    yield judged("two classes", scattered(truth, 2, 1.0), truth)
    truth = random.randint(0, 12, size=120)
    yield judged("twelve classes", scattered(truth, 12, 2.5), truth)
    truth = random.choice([0, 1, 3], size=60)
    yield judged("a class absent in truth", scattered(truth, 4, 1.0), truth)
    outputs = scattered(truth, 4, 1.0)
    outputs[:, 2] = -9
    yield judged("a class absent in truth and predictions", outputs, truth)
    truth = random.randint(0, 4, size=60)
    outputs = scattered(truth, 4, 1.0)
    outputs[:, 1] = -9
    yield judged("a class never predicted", outputs, truth)
    yield judged("always the same class", hot(np.zeros(60, dtype=int), 4), truth)
    yield judged("all right", hot(truth, 4), truth)
    yield judged("all wrong", hot((truth + 1) % 4, 4), truth)
    yield judged("one sample, right", [[0.5, 1.5, -1]], [1])
    yield judged("one sample, wrong", [[0.5, 1.5, -1]], [2])
    yield judged("one class in truth", scattered(np.ones(20, dtype=int), 3, 0.5), np.ones(20, dtype=int))
    yield judged("surer than right", 4 * scattered(truth, 4, 0.5), truth)
    yield judged("equal outputs", np.zeros((8, 2)), [0, 1, 0, 1, 1, 0, 0, 0])


def ranked(name, scores, member):
    scores, member = np.asarray(scores, dtype=np.float64), np.asarray(member, dtype=int)
    case = {"name": name, "scores": scores.tolist(), "member": member.astype(bool).tolist()}
    if member.any() and not member.all():
        alarms, hits, _ = metrics.roc_curve(member, scores, drop_intermediate=False)
        precision, recall, _ = metrics.precision_recall_curve(member, scores)
        case.update(
            auc=float(metrics.roc_auc_score(member, scores)), average_precision=float(metrics.average_precision_score(member, scores)),
            roc=np.column_stack([alarms, hits]).tolist(), precision_recall=np.column_stack([recall, precision])[::-1].tolist())
    return case


def rankings():
    member = (random.rand(100) < 0.3).astype(int)
    yield ranked("random", (random.normal(size=100) + member).round(4), member)
    yield ranked("ties", (random.randint(0, 4, size=100) + 2 * member) / 8, member)
    yield ranked("all scores equal", np.full(100, 0.5), member)
    yield ranked("in order", member + 0.5 * random.rand(100).round(3), member)
    yield ranked("in reverse", -member - 0.5 * random.rand(100).round(3), member)
    yield ranked("one member", [0.1, 0.9, 0.5, 0.5], [0, 0, 1, 0])
    yield ranked("one other", [0.1, 0.9, 0.5, 0.5], [1, 1, 0, 1])
    yield ranked("two samples", [0.2, 0.7], [0, 1])
    yield ranked("two samples, equal", [0.7, 0.7], [0, 1])
    # Of these scikit-learn raises for the AUC and calls the average precision 0 or 1.
    yield ranked("no member", [0.2, 0.7], [0, 0])
    yield ranked("no other", [0.2, 0.7], [1, 1])
    yield ranked("one sample", [0.7], [1])


path = pathlib.Path(__file__).with_name("classification.json")
lists = {"cases": list(cases()), "rankings": list(rankings())}
lines = ",\n".join('"%s": [\n%s\n]' % (k, ",\n".join(json.dumps(c, separators=(",", ":")) for c in v)) for k, v in lists.items())
path.write_text("{\n" + lines + "\n}\n")
