"""Writes golden.json: values drawn by NumPy and PyTorch, for golden_test.go.

    python golden.py > golden.json

Made with NumPy 2.4 and PyTorch 2.15 on a processor with AVX2. Each case seeds a
stream and runs a list of operations on it. An operation that takes a wrong number of
draws changes all results after it. Values are bit patterns. For a long result only
both ends are stored, with the SHA-256 of its little-endian bytes.
"""

import hashlib
import json
import math

import numpy as np
import torch

SEEDS = [0, 231, 2**32 - 1]
SIZES = [1, 2, 15, 16, 17, 31, 40, 100]


def patterns(values):
    """The bit patterns of an array, as JSON fields."""
    values = np.ascontiguousarray(values).reshape(-1)
    bits = values.view(f"u{values.itemsize}").tolist()
    if len(bits) <= 40:
        return {"bits": bits}
    return {"bits": bits[:8], "tail": bits[-8:], "sha256": hashlib.sha256(values.tobytes()).hexdigest()}


def draw():
    """One draw of PyTorch's generator, all 32 bits of it.

    PyTorch has no such function. Read two draws as 64 bits, the first in the upper half,
    then restore the state and take one draw.
    """
    state = torch.get_rng_state()
    both = torch.empty((), dtype=torch.int64).random_(-(2**63), None).item() % 2**64
    torch.set_rng_state(state)
    torch.rand(1)
    return both >> 32


def dropout(n, p):
    """The MCG31m1 stream, from one draw of PyTorch's.

    PyTorch 2.15 implements bernoulli_ differently, so this computes the generator's
    definition with Python's integers.
    """
    x = draw() % (2**31 - 1) or 1
    keep = []
    for _ in range(n):
        keep.append(x / (2**31 - 1) < p)
        x = 1132489760 * x % (2**31 - 1)
    return np.array(keep, dtype=np.uint8)


class T4:
    """uniform_ of PyTorch's generator on a Tesla T4, computed without a GPU.

    The index of an element determines its word of Philox4x32-10. NumPy's long double has
    x86's 64-bit significand, which rounds the product and the sum of float32 almost as if
    once.
    """

    def seed(self, seed):
        self.key, self.used = seed, 0

    def uniform(self, n, a, b):
        threads = 256 * min(160, math.ceil(n / 256))
        index = np.arange(n, dtype=np.uint64)
        words = self.philox(self.used + index // (4 * threads), index % threads)
        word = np.choose((index // threads % 4).astype(int), words)
        self.used += math.ceil(n / (4 * threads))
        a, b = np.float32(a), np.float32(b)
        unit = word.astype(np.float32) * np.float32(2**-32) + np.float32(2**-33)
        value = (unit.astype(np.longdouble) * (b - a) + a).astype(np.float32)
        return np.where(value == b, a, value)

    def philox(self, low, high):
        """The four words of the counter high·2⁶⁴ + low, for arrays of both."""
        mask, half = np.uint64(2**32 - 1), np.uint64(32)
        c = [low & mask, low >> half, high & mask, high >> half]
        for i in range(10):
            k = [np.uint64((self.key + i * 0x9E3779B9) % 2**32), np.uint64(((self.key >> 32) + i * 0xBB67AE85) % 2**32)]
            p, q = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
            c = [q >> half ^ c[1] ^ k[0], q & mask, p >> half ^ c[3] ^ k[1], p & mask]
        return c


def linear(n_in, n_out):
    """A layer's parameters in the order of drawing."""
    layer = torch.nn.Linear(n_in, n_out)
    return torch.cat([layer.weight.detach().reshape(-1), layer.bias.detach()]).numpy()


TORCH = {
    "seed": torch.manual_seed,
    "uniform": lambda n, a, b: torch.empty(n).uniform_(a, b).numpy(),
    "normal": lambda n, a, b: torch.empty(n).normal_(a, b).numpy(),
    "dropout": lambda n, a, b: dropout(n, a),
    "randints": lambda n, a, b: torch.randint(0, int(a), (n,)).numpy().astype(np.int32),
    "base_seed": lambda n, a, b: torch.empty((), dtype=torch.int64).random_().numpy(),
    "linear": lambda n, a, b: linear(int(a), n),
}

NUMPY = {
    "seed": np.random.seed,
    "float64": lambda n, a, b: np.array([np.random.random() for _ in range(n)]),
    "rand": lambda n, a, b: np.random.rand(n),
    "randn": lambda n, a, b: np.random.randn(n),
    "randint": lambda n, a, b: np.array([np.random.randint(int(a)) for _ in range(n)], dtype=np.int64),
    "randints": lambda n, a, b: np.random.randint(int(a), size=n),
    "choice": lambda n, a, b: np.random.choice(int(a), n),
}

t4 = T4()
CUDA = {
    "seed": t4.seed,
    "uniform": t4.uniform,
}


def case(name, table, seed, *ops):
    table["seed"](seed)
    done = []
    for op, n, *args in ops:
        a, b = (args + [0, 0])[:2]
        done.append({"op": op, "n": n, "a": a, "b": b, **patterns(table[op](n, a, b))})
    return {"name": name, "seed": seed, "ops": done}


def torch_cases():
    for seed in SEEDS + [2**40 + 7, 2**64 - 1, 67280421310721]:
        # 700 goes beyond one twist of the generator.
        yield case("uniform", TORCH, seed, ("uniform", 3, 0, 1), ("uniform", 700, 0, 1), ("uniform", 1, 0, 1))
    for a, b in [(-1, 1), (-0.3, 0.7), (0.1, 0.10001), (-1 / math.sqrt(3), 1 / math.sqrt(3)), (1e-3, 1e5), (2, 2), (-1e38, 1e38), (1e-42, 1e-40)]:
        yield case("uniform bounds", TORCH, 231, ("uniform", 500, a, b))
    for n in SIZES:
        for seed in SEEDS if n < 31 else [231]:
            yield case("normal size", TORCH, seed, ("normal", n, 0, 1), ("uniform", 1, 0, 1))
    for a, b in [(0, 0.02), (1.5, 3), (-7, 0.1), (2, 0)]:
        yield case("normal moments", TORCH, 5, ("normal", 3, a, b), ("normal", 40, a, b))
    yield case("kept normal", TORCH, 1, ("normal", 1, 0, 1), ("uniform", 2, -1, 1), ("normal", 20, 0, 1), ("dropout", 5, 0.5), ("normal", 2, 3, 2), ("normal", 1, 0, 1), ("uniform", 1, 0, 1))
    yield case("whole layer", TORCH, 231, ("linear", 1024, 4), ("uniform", 1, 0, 1))
    yield case("whole layer", TORCH, 0, ("linear", 7, 1024), ("uniform", 1, 0, 1))
    yield case("epoch", TORCH, 231, ("base_seed", 1), ("uniform", 5, 0, 1), ("base_seed", 1), ("base_seed", 1))
    for seed in SEEDS:
        yield case("dropout", TORCH, seed, ("dropout", 40, 0.9), ("dropout", 3000, 0.5), ("dropout", 7, 0), ("dropout", 7, 1), ("uniform", 2, 0, 1))
    # From 2^28 an integer takes two draws.
    for n in [1, 2, 10, 1000, 2**28 - 1, 2**28, 2**31 - 1, 2**31]:
        for seed in SEEDS:
            yield case("integers", TORCH, seed, ("randints", 3, n), ("randints", 1000, n), ("uniform", 1, 0, 1))
    yield case("minibatch of diffusion", TORCH, 231, ("randints", 128, 1000), ("normal", 128 * 784, 0, 1), ("randints", 128, 10), ("uniform", 1, 0, 1))


def numpy_cases():
    for seed in SEEDS:
        yield case("rand", NUMPY, seed, ("float64", 3), ("rand", 700), ("float64", 1))
        for n in SIZES:
            yield case("randn size", NUMPY, seed, ("randn", n), ("rand", 1))
    yield case("kept normal", NUMPY, 231, ("randn", 3), ("rand", 2), ("randint", 3, 10), ("randn", 1), ("randn", 5), ("choice", 4, 9), ("randn", 1), ("rand", 1))
    for n in [1, 2, 3, 10, 64, 65, 1000, 400135, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**53]:
        yield case("integers", NUMPY, 231, ("randint", 3, n), ("randints", 9, n), ("choice", 5, n), ("rand", 1))
    yield case("minibatches", NUMPY, 231, ("randints", 50, 400135), ("choice", 25, 50), ("choice", 25, 50), ("randn", 1))


def cuda_cases():
    round_ = 4 * 160 * 256  # elements that the grid fills in a round
    for seed in SEEDS + [2**40 + 7, 2**64 - 1, 67280421310721]:
        yield case("uniform", CUDA, seed, ("uniform", 5, 0, 1), ("uniform", 3000, 0, 1), ("uniform", 1, 0, 1))
    for n in [1, 255, 256, 257, 1023, 1024, 1025, 3000, round_ // 4, round_ // 4 + 1, round_, round_ + 1, 4 * round_ + 3]:
        yield case("size", CUDA, 231, ("uniform", n, -1, 1), ("uniform", 5, -1, 1))
    # With a coarse float32 grid, many values round to the upper bound, which becomes the lower.
    for a, b in [(-1, 1), (-0.3, 0.7), (0.1, 0.10001), (1, 1 + 2**-22), (1e-3, 1e5), (2, 2), (-1e38, 1e38), (1e-42, 1e-40)]:
        yield case("bounds", CUDA, 231, ("uniform", 5000, a, b))


def main():
    cases = {"torch": torch_cases(), "numpy": numpy_cases(), "cuda": cuda_cases()}
    lines = {k: ",\n".join(json.dumps(c, separators=(",", ":")) for c in v) for k, v in cases.items()}
    print("{" + ",\n".join(f'"{k}": [\n{v}]' for k, v in lines.items()) + "}")


main()
