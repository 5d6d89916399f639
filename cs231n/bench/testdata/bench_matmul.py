"""Times PyTorch's products of float32 matrices and prints the best rate as one line of JSON.

    python cs231n/bench/testdata/bench_matmul.py --threads 2
"""

import json
import time

import torch

import timing

SIDE, PRODUCTS, RUNS = 2048, 6, 4


def main() -> None:
    device = timing.start_torch(timing.parse(__doc__).threads)
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
