"""The command line, the loop and the result of the programs that cmd/bench times.

A program adds this folder to sys.path, because each library has its own environment and none has a package of ours.
"""

import argparse
import gzip
import json
import os
import pathlib
import resource
import shutil
import statistics
import sys
import time
from typing import Callable

WARM_UP = 5  # calls before timing starts; torch.compile may compile again in the second and third


def parse(doc: str, models: tuple[str, ...] = (), data: bool = False, **choices) -> argparse.Namespace:
    """Parses the command line. Each of choices is an option with its values, of which the first is the default.

    Programs call it before NumPy starts its threads, whose number is then fixed.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    if models:
        parser.add_argument("--model", choices=models, required=True)
        parser.add_argument("--iters", type=int, default=20, help=f"calls to time, after {WARM_UP} that are not counted")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    if data:
        parser.add_argument("--data", required=True, help="folder of MNIST's four .gz archives")
    for name, values in choices.items():
        parser.add_argument(f"--{name}", choices=values, default=values[0])
    args = parser.parse_args()
    if args.threads < 1 or models and args.iters < 1:
        parser.error("--iters and --threads must be at least 1")
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    return args


def start_torch(threads: int) -> str:
    """Prepares PyTorch and returns the default device: a GPU, if there is one."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(231)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_default_device(device)
    return device


# Modes of torch.compile. The others capture CUDA graphs, which a CPU does not have.
COMPILE_MODES = ("none", "default", "max-autotune-no-cudagraphs")


def compiled(call: Callable, mode: str) -> Callable:
    """Returns call, compiled by torch.compile unless mode is none."""
    if mode == "none":
        return call
    if not shutil.which(os.environ.get("CXX", "g++")):
        sys.exit("torch.compile needs a C++ compiler: install g++, or name one in the variable CXX")
    import torch
    import torch._inductor.config

    torch._inductor.config.fallback_random = True  # torch's own generators are faster than the compiled ones on a CPU
    return torch.compile(call, mode=mode)


def start_jax(threads: int) -> str:
    """Limits XLA's threads and returns the default device. XLA starts one thread for each core that the process may use."""
    import jax

    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    return jax.default_backend()


def read_mnist(folder: str, count: int = 50_000):
    """Reads MNIST's first training images, uint8 (count, 784), and their labels."""
    import numpy as np

    part = lambda name, skip: np.frombuffer(gzip.decompress((pathlib.Path(folder) / name).read_bytes())[skip:], np.uint8)
    images = part("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)[:count]
    return images, part("train-labels-idx1-ubyte.gz", 8)[:count]


def measure(args: argparse.Namespace, device: str, call: Callable[[], float]) -> None:
    """Times call, which waits for the device and returns the loss, and prints times in milliseconds as one line of JSON."""
    times = []
    for _ in range(WARM_UP + args.iters):
        start = time.perf_counter()
        loss = call()
        times.append(1000 * (time.perf_counter() - start))
    timed = times[WARM_UP:]
    print(json.dumps({
        "model": args.model,
        "median_ms": round(statistics.median(timed), 3),
        "min_ms": round(min(timed), 3),
        "first_ms": round(times[0], 1),  # builds, compiles and runs
        "last_loss": loss,
        "iters": args.iters,
        "threads": args.threads,
        "device": device,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),  # ru_maxrss is in KiB on Linux
    }))
