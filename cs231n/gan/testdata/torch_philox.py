"""torch's CUDA generator for uniform_ on a Tesla T4, computed on the CPU.

The assignment's outputs come from a T4. Its cells move a model to the GPU before
they call initialize_weights, so the Xavier weights of the convolutional GAN are
drawn by the GPU's generator, not from the CPU's stream. That generator is
Philox4x32-10, a counter turned into four 32-bit words (Salmon et al. 2011,
"Parallel random numbers: as easy as 1, 2, 3"), and needs no GPU.

Which element gets which word follows torch's distribution kernel
(aten/src/ATen/native/cuda/DistributionTemplates.h): blocks of 256 threads, as
many as the GPU holds at once, and every thread walks the tensor in strides of
the whole grid, four words at a time.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

BLOCK = 256  # threads
T4_BLOCKS = 40 * (1024 // BLOCK)  # multiprocessors, times blocks that fit on one
WORDS = 4  # random words per counter


def philox(counter: np.ndarray, seed: int) -> np.ndarray:
    """Philox4x32-10 of counters (4, n) under a 64-bit seed: words (4, n), in uint64."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    c0, c1, c2, c3 = counter.astype(np.uint64)
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p, q = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (q >> half) ^ c1 ^ np.uint64(k0), q & low, (p >> half) ^ c3 ^ np.uint64(k1), p & low
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3])


class T4:
    """The generator after manual_seed(seed), with uniform_ as its only user."""

    def __init__(self, seed: int):
        self.seed = seed
        self.used = 0  # counters that every thread has used

    def uniform(self, count: int, low: float, high: float) -> Tensor:
        """The values of torch.empty(count, device="cuda").uniform_(low, high) on a T4."""
        blocks = min(T4_BLOCKS, math.ceil(count / BLOCK))
        threads = np.arange(blocks * BLOCK)
        rounds = math.ceil(count / (len(threads) * WORDS))
        zero = np.zeros_like(threads)
        words = np.stack([
            philox(np.stack([zero + self.used + r, zero, threads, zero]), self.seed)
            for r in range(rounds)
        ])
        self.used += rounds
        unit = words.ravel()[:count].astype(np.float32) * np.float32(2**-32) + np.float32(2**-33)
        low, high = np.float32(low), np.float32(high)
        # The GPU multiplies and adds with one rounding. A unit of (0, 1] becomes [low, high).
        value = (unit.astype(np.float64) * (high - low) + low).astype(np.float32)
        return torch.from_numpy(np.where(value == high, low, value))

    def initialize_weights(self, module: nn.Module) -> None:
        """The notebook's initialize_weights for a module on the GPU."""
        if isinstance(module, (nn.Linear, nn.ConvTranspose2d)):
            fans = (module.weight.shape[0] + module.weight.shape[1]) * module.weight[0, 0].numel()
            bound = math.sqrt(6 / fans)
            values = self.uniform(module.weight.numel(), -bound, bound)
            module.weight.data = values.view_as(module.weight)
