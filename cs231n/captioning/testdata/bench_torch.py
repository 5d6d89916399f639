"""Times PyTorch on the captioning models, for comparison.

Run from the repository's root, in an environment made from kernels/requirements-torch.txt:

    python cs231n/captioning/testdata/bench_torch.py --model transformer --threads 2

    transformer   a training step of torch_transformer.py
    sample        25 captions of 30 words with it, without dropout and without a cache of keys and values
    rnn, lstm     a training step of the captioning RNN built from torch's own modules, which have two biases

The sizes are those of the assignment's overfitting cells on COCO. A step draws its batch, computes loss and
gradients, and updates every parameter with Adam. Captions are random and have no padding, which does not change
the work. --dropout selects the masks of the Transformer's step: torch's (the default), those of mcg31_dropout,
which NumPy computes, or none. Prints one line of JSON with times in milliseconds and the machine's load at the
start. On a busy machine compare the minimum too, and time fewer threads.
"""

import argparse
import functools
import json
import os
import resource
import statistics
import time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import torch_transformer as tt

BATCH, T, H, W, D, V = 25, 16, 512, 256, 512, 1004
CAPTIONS, IMAGES, SAMPLED_WORDS = 50, 1000, 30
WORDS = {tt.NULL: 0, tt.START: 1, **{f"word{i}": i for i in range(2, V)}}
DROPOUTS = {"torch": F.dropout, "mcg31": tt.mcg31_dropout, "none": tt.no_dropout}


class RandomData:
    """Captions (M, T+1) without NULL of images with features (I, D)."""

    def __init__(self):
        self.captions = np.random.randint(2, V, size=(CAPTIONS, T + 1))
        self.image_idxs = np.random.randint(IMAGES, size=CAPTIONS)
        self.features = np.random.randn(IMAGES, D).astype(np.float32)

    def minibatch(self, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = np.random.choice(CAPTIONS, size)
        return rows, self.captions[rows], self.features[self.image_idxs[rows]]


class Recurrent(nn.Module):
    """The captioning RNN or LSTM, with torch's modules."""

    def __init__(self, kind: str):
        super().__init__()
        self.project = nn.Linear(D, H)
        self.embedding = nn.Embedding(V, W)
        self.cell = (nn.LSTM if kind == "lstm" else nn.RNN)(W, H, batch_first=True)
        self.output = nn.Linear(H, V)

    def loss(self, features: Tensor, captions: Tensor) -> Tensor:
        """Cross entropy of captions (N, T+1), summed over the words that are not NULL and divided by N."""
        h0 = self.project(features)[None]
        start = (h0, torch.zeros_like(h0)) if isinstance(self.cell, nn.LSTM) else h0
        scores = self.output(self.cell(self.embedding(captions[:, :-1]), start)[0])
        total = F.cross_entropy(scores.flatten(0, 1), captions[:, 1:].flatten(), ignore_index=0, reduction="sum")
        return total / len(captions)


def transformer(dropout: tt.Dropout) -> tt.CaptioningTransformer:
    return tt.CaptioningTransformer(WORDS, D, W, heads=2, layers=2, max_length=30, dropout=dropout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=("transformer", "sample", "rnn", "lstm"), default="transformer")
    parser.add_argument("--dropout", choices=DROPOUTS, default="torch", help="masks of the transformer's step")
    parser.add_argument("--warmup", type=int, default=5, help="calls before timing starts")
    parser.add_argument("--iters", type=int, default=30, help="calls to time (at least 1)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    if args.warmup < 0 or args.iters < 1 or args.threads < 1:
        parser.error("--warmup cannot be negative, --iters and --threads must be at least 1")

    torch.set_num_threads(args.threads)
    torch.set_default_device(args.device)
    torch.manual_seed(231)
    np.random.seed(231)
    data, out = RandomData(), {"model": args.model}
    if args.model == "sample":
        model, features = transformer(tt.no_dropout), torch.from_numpy(data.minibatch(BATCH)[2]).to(args.device)
        call = functools.partial(model.sample, features, SAMPLED_WORDS)
    elif args.model == "transformer":
        out["dropout"] = args.dropout
        solver = tt.Solver(transformer(DROPOUTS[args.dropout]), data, learning_rate=1e-3, batch_size=BATCH)
        call = solver.step
    else:
        solver = tt.Solver(Recurrent(args.model), data, learning_rate=5e-3, batch_size=BATCH)
        call = solver.step

    load, times = os.getloadavg()[0], []
    for _ in range(args.warmup + args.iters):
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    timed = times[args.warmup :]
    out |= {
        "median_ms": round(statistics.median(timed), 2),
        "min_ms": round(min(timed), 2),
        "max_ms": round(max(timed), 2),
        "first_ms": round(times[0], 1),
        "iters": args.iters,
        "threads": args.threads,
        "device": args.device,
        "torch": torch.__version__,
        "load": round(load, 1),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,  # KiB on Linux
    }
    if args.model != "sample":
        out["last_loss"] = solver.losses[-1]
    print(json.dumps(out))


if __name__ == "__main__":
    main()
