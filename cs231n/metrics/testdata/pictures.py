"""Writes pictures.json: scores of made-up features and class probabilities by independent programs.

    pip install numpy==2.4.6 scipy==1.17.1 mpmath==1.3.0 torch==2.15.0 torchmetrics==1.9.0 prdc==0.2
    python pictures.py > pictures.json

The Fréchet distances are computed by mpmath with 50 digits. Where the covariances are not singular, scipy's matrix
square root gives the same to 1e-9, and torchmetrics' FrechetInceptionDistance, in float64, to 1e-8. Precision and recall
are the formula of the paper, written here with scipy's distances, and prdc, the code of Naeem et al. 2020, gives the same.
The inception score is torchmetrics', with one split, and agrees with the formula of the paper to 1e-12.
"""

import contextlib
import importlib.metadata
import json
import platform
import sys

import mpmath
import numpy as np
import prdc
import scipy.linalg
import torch
from scipy.spatial.distance import cdist
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore

mpmath.mp.dps = 50
PACKAGES = ["numpy", "scipy", "mpmath", "torch", "torchmetrics", "prdc"]


class Given(torch.nn.Module):
    """Takes features for pictures."""

    def __init__(self, width):
        super().__init__()
        self.num_features = width

    def forward(self, x):
        return x


def root(sigma):
    values, vectors = mpmath.eigsy(sigma)
    return vectors * mpmath.diag([mpmath.sqrt(max(v, mpmath.mpf(0))) for v in values]) * vectors.T


def exact_frechet(a, b):
    """The formula with 50 digits. Both roots are of symmetric matrices."""

    def gaussian(x):
        m = mpmath.matrix(x.tolist())
        mean = [mpmath.fsum(m[i, j] for i in range(m.rows)) / m.rows for j in range(m.cols)]
        for i in range(m.rows):
            for j in range(m.cols):
                m[i, j] -= mean[j]
        return mean, m.T * m / (m.rows - 1)

    (mean_a, sigma_a), (mean_b, sigma_b) = gaussian(a), gaussian(b)
    half = root(sigma_a)
    inner = half * sigma_b * half
    values = mpmath.eigsy((inner + inner.T) / 2, eigvals_only=True)
    cross = mpmath.fsum(mpmath.sqrt(max(v, mpmath.mpf(0))) for v in values)
    trace = mpmath.fsum(sigma_a[i, i] + sigma_b[i, i] for i in range(sigma_a.rows))
    return float(mpmath.fsum((x - y) ** 2 for x, y in zip(mean_a, mean_b)) + trace - 2 * cross)


def scipy_frechet(a, b):
    sigma_a, sigma_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    difference = a.mean(axis=0) - b.mean(axis=0)
    return difference @ difference + np.trace(sigma_a + sigma_b - 2 * scipy.linalg.sqrtm(sigma_a @ sigma_b).real)


def torchmetrics_frechet(a, b):
    metric = FrechetInceptionDistance(feature=Given(a.shape[1])).set_dtype(torch.float64)
    metric.update(torch.from_numpy(a), real=True)
    metric.update(torch.from_numpy(b), real=False)
    return metric.compute().item()


def precision_recall(real, fake, k):
    def on_manifold(points, of):
        radii = np.sort(cdist(of, of), axis=1)[:, k]  # column 0 is the point itself
        return float((cdist(points, of) <= radii).any(axis=1).mean())

    precision, recall = on_manifold(fake, real), on_manifold(real, fake)
    with contextlib.redirect_stdout(sys.stderr):
        theirs = prdc.compute_prdc(real, fake, nearest_k=k)
    assert np.isclose(precision, theirs["precision"], atol=1e-12) and np.isclose(recall, theirs["recall"], atol=1e-12)
    return precision, recall


def features(r, rows, rank, width, shift, spread):
    """Features as those after a ReLU, of the given rank and rounded to make the file small."""
    x = r.normal(size=(rows, rank)) * spread @ r.normal(size=(rank, width)) / np.sqrt(rank) + shift
    return np.round(np.maximum(x, 0) if rank == width else x, 3)


def pair(name, a, b, singular=False):
    want = exact_frechet(a, b)
    if not singular:
        assert abs(scipy_frechet(a, b) - want) < 1e-9, name
        assert abs(torchmetrics_frechet(a, b) - want) < 1e-8, name
    nearest = cdist(b, a)
    return {
        "name": name,
        "a": a.tolist(),
        "b": b.tolist(),
        "frechet": want,
        "precision_recall": {k: precision_recall(a, b, k) for k in (1, 3, 5)},
        "nearest": nearest.argmin(axis=1).tolist(),  # the row of a for each of b
        "distances": nearest.min(axis=1).tolist(),
    }


def classes(name, logits):
    logits = np.round(logits, 3)
    p = scipy.special.softmax(logits, axis=1)
    metric = InceptionScore(feature=Given(logits.shape[1]), splits=1).set_dtype(torch.float64)
    metric.update(torch.from_numpy(logits))
    want = metric.compute()[0].item()
    assert abs(np.exp((p * np.log(p / p.mean(axis=0))).sum(axis=1).mean()) - want) < 1e-12, name
    shares = np.bincount(p.argmax(axis=1), minlength=p.shape[1]) / len(p)
    return {"name": name, "logits": logits.tolist(), "inception": want, "shares": shares.tolist()}


def main():
    r = np.random.default_rng(231)
    one = features(r, 200, 16, 16, 0.5, 1)
    two = features(r, 150, 16, 16, 0.7, 1.2)
    two[[3, 77]] = one[[150, 9]]  # two copies
    # All rows have the same dead features and span five of the eleven dimensions.
    span = r.integers(-3, 4, size=(5, 11)) * (np.arange(11) != 4)
    flat_one = r.integers(-4, 5, size=(61, 5)) @ span / 8
    flat_two = r.integers(-3, 5, size=(43, 5)) @ span / 8
    line = r.integers(-5, 6, size=(29, 1)) @ np.array([[1, 2, 0, -1, 3, 1, 0, 0, 2, 1, -2]]) / 4
    golden = {
        "versions": {"python": platform.python_version(), **{p: importlib.metadata.version(p) for p in PACKAGES}},
        "pairs": [
            pair("other sizes", one, two),
            pair("far apart", two, features(r, 97, 16, 16, 4, 0.2)),
            pair("low rank", flat_one, flat_two, singular=True),
            pair("one direction", flat_two, np.round(line + r.normal(size=line.shape) * 0.01, 3), singular=True),
        ],
        "classes": [
            classes("sure", r.normal(size=(131, 10)) * 7),
            classes("unsure", r.normal(size=(53, 7)) * 0.4),
            classes("few classes", r.normal(size=(37, 5)) * 3 + [9, 8, 0, 0, 0]),
        ],
    }
    print(json.dumps(golden))


if __name__ == "__main__":
    main()
