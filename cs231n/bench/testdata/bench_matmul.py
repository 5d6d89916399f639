"""Times PyTorch's products of float32 matrices and prints the best rate as one line of JSON.

    python cs231n/bench/testdata/bench_matmul.py --threads 2
"""

import argparse
import json
import os
import time

import torch

SIDE, PRODUCTS, RUNS = 2048, 6, 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_default_device(device)

    matrix, best = torch.randn(SIDE, SIDE) / SIDE**0.5, float("inf")
    for _ in range(1 + RUNS):
        start = time.perf_counter()
        product = matrix
        for _ in range(PRODUCTS):
            product = product @ matrix
        product.max().item()  # waits for the device
        best = min(best, time.perf_counter() - start)
    print(json.dumps({"gflops": round(2 * SIDE**3 * PRODUCTS / best / 1e9, 1), "device": device}))


main()
