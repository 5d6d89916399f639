"""Writes small/, a small data set in COCO's format, and curves.json, NumPy's results on it.

Run from the repository's root (last run: Python 3.11, numpy 2.4.6, h5py 3.16.0; a few seconds):

    python cs231n/captioning/testdata/golden.py

curves.json contains

  fixed     the assignment's fixed-value checks: loss, and a checksum of each gradient
  init      checksums of the initial parameters, by cell
  rows      the caption rows that max_train draws
  batches   the rows of those captions in each iteration, by cell
  runs      the loss of every iteration: adam for each cell in float32 and float64, and the RNN's other rules in
            float64
  samples   greedy captions after a longer float64 adam run, by cell: word ids and their decoded text, the
            run's last loss, and the smallest difference between the two highest scores of a word

A relative change of the weights by 1e-15 (float64) or 1e-7 (float32) changes a curve of 40 iterations by less
than 1e-15 or 3e-7, relatively. With rmsprop, whose first steps are large, the change is up to 3e-11 or 1e-2
(first 8 iterations 1e-15 or 1e-6, first 20 2e-13 or 1e-4).

Each run does, in this order: seed, load with max_train, build the model, train. A checksum is the sum, the
sum of squares, and the sum of value k times cos(k) in row-major order, which detects swapped values, all in
float64.
"""

import collections
import itertools
import json
import pathlib
import platform

import h5py
import numpy as np

import numpy_captioning as nc

HERE = pathlib.Path(__file__).parent
SMALL = HERE / "small"
CONFIG = {
    "seed": 231,
    "max_train": 50,
    "hidden_dim": 32,
    "wordvec_dim": 16,
    "batch_size": 10,
    "iterations": 40,
    "iterations_before_sampling": 200,
    "learning_rate": 5e-3,
    "lr_decay": {"rnn": 0.95, "lstm": 0.995},
    "sampled_images": [0, 1, 5, 17, 39],
}

# --- small/ -------------------------------------------------------------------

LENGTH, DIM = 9, 24  # words of a caption with START and END; values of a feature vector
IMAGES = {"train": 40, "val": 12}
CAPTIONS_PER_IMAGE = 5
RARE = 7  # minimum number of occurrences of a word in the vocabulary
COLOURS = "red green blue yellow white black teal".split()
THINGS = "ball box cup kite drum lamp sled".split()
PLACES = ["on", "under", "near", "next to"]
ORDER = ["{c} {t} {p} {u}", "a {c} {t} {p} a {u}", "the {t} is {c}", "a {t} {p} the {d} {u}", "one {c} {t}",
         "there is a {t} here", "two things a {t} and a {u}", "a {d} {u}"]  # fmt: skip


def scenes(stream, images):
    """For every image, its parts as numbers: colour and thing, place, colour and thing."""
    sizes = [len(COLOURS), len(THINGS), len(PLACES), len(COLOURS), len(THINGS)]
    # Low numbers are more frequent, so some words are rare.
    return [[int(n * stream.random_sample() ** 1.6) for n in sizes] for _ in range(images)]


def describe(scene, which):
    c, t, p, d, u = (words[k] for words, k in zip((COLOURS, THINGS, PLACES, COLOURS, THINGS), scene))
    return ORDER[which].format(c=c, t=t, p=p, d=d, u=u).split()[: LENGTH - 2]


def encode(words, ids):
    row = [ids[nc.START], *(ids.get(w, ids[nc.UNKNOWN]) for w in words), ids[nc.END]]
    return row + [ids[nc.NULL]] * (LENGTH - len(row))


def write_small():
    stream = np.random.RandomState(3)
    directions = stream.standard_normal((5, max(len(COLOURS), len(THINGS)), DIM))
    texts, features, image_idxs = {}, {}, {}
    for split, images in IMAGES.items():
        seen = scenes(stream, images)
        clean = np.array([sum(directions[part, k] for part, k in enumerate(s)) for s in seen])
        features[split] = np.round(clean + 0.1 * stream.standard_normal(clean.shape), 3).astype(np.float32)
        image_idxs[split] = np.repeat(np.arange(images), CAPTIONS_PER_IMAGE).astype(np.int32)
        texts[split] = [
            describe(s, which) for s in seen for which in stream.permutation(len(ORDER))[:CAPTIONS_PER_IMAGE]
        ]

    counts = collections.Counter(itertools.chain.from_iterable(texts["train"]))
    common = sorted((w for w, n in counts.items() if n >= RARE), key=lambda w: (-counts[w], w))
    words = [nc.NULL, nc.START, nc.END, nc.UNKNOWN, *common]
    ids = {w: i for i, w in enumerate(words)}

    SMALL.mkdir(exist_ok=True)
    vocabulary = {"idx_to_word": words, "word_to_idx": ids}
    (SMALL / "coco2014_vocab.json").write_text(json.dumps(vocabulary) + "\n")
    with h5py.File(SMALL / "coco2014_captions.h5", "w") as f:
        for split in IMAGES:
            f[f"{split}_captions"] = np.array([encode(t, ids) for t in texts[split]], np.int32)
            f[f"{split}_image_idxs"] = image_idxs[split]
    for split, images in IMAGES.items():
        with h5py.File(SMALL / f"{split}2014_vgg16_fc7_pca.h5", "w") as f:
            f["features"] = features[split]
        addresses = (f"http://images.example/{split}/{i:02}.jpg\n" for i in range(images))
        (SMALL / f"{split}2014_urls.txt").write_text("".join(addresses))


# --- curves.json --------------------------------------------------------------


def checksum(values):
    flat = values.astype(np.float64).ravel()
    return {
        "shape": list(values.shape),
        "sum": float(flat.sum()),
        "squares": float(flat @ flat),
        "cosine": float(flat @ np.cos(np.arange(flat.size))),
    }


def checksums(arrays):
    return {name: checksum(values) for name, values in arrays.items()}


def fixed():
    """Every parameter is a linspace(-1.4, 1.3). The ids have a gap; V is the number of words."""
    N, D, W, H, T = 10, 20, 30, 40, 13
    words = {nc.NULL: 0, "cat": 2, "dog": 3}
    captions = (np.arange(N * T) % len(words)).reshape(N, T)
    out = []
    for cell, expected, (low, high) in (
        ("rnn", 9.832355910027387, (-1.5, 0.3)),
        ("lstm", 9.82445935443, (-0.5, 1.7)),
    ):
        model = nc.CaptioningRNN(cell, words, D, W, H, np.float64)
        for name, values in model.params.items():
            model.params[name] = np.linspace(-1.4, 1.3, values.size).reshape(values.shape)
        loss, grads = model.loss(np.linspace(low, high, N * D).reshape(N, D), captions)
        assert abs(loss - expected) < 1e-11, f"{cell}: the assignment's loss is {expected}, this is {loss}"
        out.append({"cell": cell, "features": [low, high], "loss": float(loss), "grads": checksums(grads)})
    return out


def begin(cell, dtype):
    """The rows of the data and the model, from the seed."""
    np.random.seed(CONFIG["seed"])
    data = nc.Data.load(SMALL, CONFIG["max_train"])
    dims = data.features.shape[1], CONFIG["wordvec_dim"], CONFIG["hidden_dim"]
    return data, nc.CaptioningRNN(cell, data.word_to_idx, *dims, dtype)


def text(caption, words):
    """The words of a caption up to and including END, without NULL."""
    said = []
    for word in (words[i] for i in caption):
        if word != nc.NULL:
            said.append(word)
        if word == nc.END:
            break
    return " ".join(said)


def train(cell, rule, dtype, iterations):
    data, model = begin(cell, dtype)
    decay = CONFIG["lr_decay"][cell]
    solver = nc.CaptioningSolver(model, data, rule, CONFIG["learning_rate"], decay, CONFIG["batch_size"])
    solver.train(iterations)
    return solver


def sample(solver):
    model, data, images = solver.model, solver.data, CONFIG["sampled_images"]
    captions, margin = model.sample(data.features[images])
    words = list(data.word_to_idx)
    return {
        "loss": solver.losses[-1],
        "captions": captions.tolist(),
        "text": [text(c, words) for c in captions],
        "margin": margin,
    }


def curves():
    out = {
        "made_with": {"python": platform.python_version(), "numpy": np.__version__, "h5py": h5py.__version__},
        "config": CONFIG,
        "fixed": fixed(),
        "init": {},
        "batches": {},
        "runs": [],
        "samples": {},
    }
    np.random.seed(CONFIG["seed"])
    out["rows"] = np.random.randint(len(nc.Data.load(SMALL).captions), size=CONFIG["max_train"]).tolist()
    for cell in nc.CELLS:
        out["init"][cell] = checksums(begin(cell, np.float64)[1].params)
        for rule, dtype in itertools.product(nc.RULES, (np.float32, np.float64)):
            # The tests of optim compare every rule in both types.
            if rule != "adam" and (cell != "rnn" or dtype == np.float32):
                continue
            solver = train(cell, rule, dtype, CONFIG["iterations"])
            run = {"cell": cell, "rule": rule, "dtype": np.dtype(dtype).name, "losses": solver.losses}
            out["runs"].append(run)
            # The draws do not depend on rule and type.
            assert out["batches"].setdefault(cell, solver.batches) == solver.batches
        out["samples"][cell] = sample(train(cell, "adam", np.float64, CONFIG["iterations_before_sampling"]))
    return out


def main():
    write_small()
    (HERE / "curves.json").write_text(json.dumps(curves(), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
