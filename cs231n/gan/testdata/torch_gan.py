"""The GAN notebook's models, losses and training step, written in PyTorch.

golden.py records its results and bench_torch.py times it. It needs only torch
and numpy.

Two things determine every digit of a training run: the order of draws from
torch's CPU generator, and float32 rounding. Modules are therefore built in the
assignment's order, and batches come from a DataLoader, which draws a base seed
at the start of every epoch.
"""

from dataclasses import dataclass
from typing import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

BATCH = 128
NOISE = 96
TRAIN_IMAGES = 50_000
STEPS_PER_EPOCH = TRAIN_IMAGES // BATCH  # the last, partial batch is skipped


def use_cpu(threads: int) -> None:
    """Runs torch on the given number of CPU threads, with reproducible results."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)


# --- data -------------------------------------------------------------------


class Images(Dataset):
    """Images (1, 28, 28) in [0, 1], converted on access."""

    def __init__(self, pixels: np.ndarray):
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, i: int) -> Tensor:
        return torch.from_numpy(self.pixels[i].copy())[None].float().div(255)


def image_loader(pixels: np.ndarray) -> DataLoader:
    """Batches of 128 images in file order."""
    return DataLoader(Images(pixels), batch_size=BATCH, shuffle=False)


def scale(images: Tensor) -> Tensor:
    """Maps pixels from [0, 1] to [-1, 1], the range of the generators' tanh."""
    return 2 * (images - 0.5)


def epoch(loader: DataLoader) -> Iterator[Tensor]:
    """The 390 full batches of one epoch, scaled."""
    return (scale(images) for images in loader if len(images) == BATCH)


def sample_noise(rows: int, dim: int) -> Tensor:
    """Uniform noise in [-1, 1), shape (rows, dim)."""
    return torch.rand(rows, dim) * 2 - 1


# --- models -----------------------------------------------------------------


def discriminator() -> nn.Sequential:
    """(N, 1, 28, 28) images to (N, 1) logits, fully connected."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 256),
        nn.LeakyReLU(0.01),
        nn.Linear(256, 256),
        nn.LeakyReLU(0.01),
        nn.Linear(256, 1),
    )


def generator(noise: int = NOISE) -> nn.Sequential:
    """(N, noise) to (N, 784) images, fully connected."""
    return nn.Sequential(
        nn.Linear(noise, 1024),
        nn.ReLU(),
        nn.Linear(1024, 1024),
        nn.ReLU(),
        nn.Linear(1024, 784),
        nn.Tanh(),
    )


def dc_classifier() -> nn.Sequential:
    """(N, 1, 28, 28) images to (N, 1) logits, with two convolutions."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 5),
        nn.LeakyReLU(0.01),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5),
        nn.LeakyReLU(0.01),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * 4 * 64, 4 * 4 * 64),
        nn.LeakyReLU(0.01),
        nn.Linear(4 * 4 * 64, 1),
    )


def dc_generator(noise: int = NOISE) -> nn.Sequential:
    """(N, noise) to (N, 784) images, with two transposed convolutions (InfoGAN, C.1)."""
    return nn.Sequential(
        nn.Linear(noise, 1024),
        nn.ReLU(),
        nn.BatchNorm1d(1024),
        nn.Linear(1024, 7 * 7 * 128),
        nn.ReLU(),
        nn.BatchNorm1d(7 * 7 * 128),
        nn.Unflatten(1, (128, 7, 7)),
        nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.BatchNorm2d(64),
        nn.ConvTranspose2d(64, 1, 4, stride=2, padding=1),
        nn.Tanh(),
        nn.Flatten(),
    )


def initialize_weights(module: nn.Module) -> None:
    """Re-initializes a module's weights with Xavier's rule, except those of Conv2d."""
    if isinstance(module, (nn.Linear, nn.ConvTranspose2d)):
        nn.init.xavier_uniform_(module.weight)


# --- losses -----------------------------------------------------------------


def bce(logits: Tensor, label: float) -> Tensor:
    """Mean binary cross-entropy of logits with the same label for all."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def gan_d_loss(real: Tensor, fake: Tensor) -> Tensor:
    return bce(real, 1) + bce(fake, 0)


def gan_g_loss(fake: Tensor) -> Tensor:
    return bce(fake, 1)


def half_square(scores: Tensor, target: float) -> Tensor:
    """Half the mean squared difference between scores and one target."""
    return 0.5 * F.mse_loss(scores, torch.full_like(scores, target))


def lsgan_d_loss(real: Tensor, fake: Tensor) -> Tensor:
    return half_square(real, 1) + half_square(fake, 0)


def lsgan_g_loss(fake: Tensor) -> Tensor:
    return half_square(fake, 1)


# --- training ---------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """The settings of one of the notebook's GANs."""

    new_d: Callable[[], nn.Sequential]
    new_g: Callable[[], nn.Sequential]
    d_loss: Callable[[Tensor, Tensor], Tensor]
    g_loss: Callable[[Tensor], Tensor]
    xavier: bool  # whether initialize_weights follows each model's construction


KINDS = {
    "gan": Kind(discriminator, generator, gan_d_loss, gan_g_loss, False),
    "lsgan": Kind(discriminator, generator, lsgan_d_loss, lsgan_g_loss, False),
    "dcgan": Kind(dc_classifier, dc_generator, gan_d_loss, gan_g_loss, True),
}


def adam(model: nn.Module, fused: bool = False) -> torch.optim.Adam:
    return torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.5, 0.999), fused=fused)


class Trainer:
    """A GAN in training. The constructor draws the weights, D's before G's.

    If the kind uses Xavier's rule, init re-initializes each model right after it
    is built.
    """

    def __init__(self, kind: Kind, init: Callable[[nn.Module], None] = initialize_weights):
        self.kind = kind
        self.d, self.g = self._build(kind.new_d, init), self._build(kind.new_g, init)
        self.d_solver, self.g_solver = adam(self.d), adam(self.g)

    def _build(
        self, new: Callable[[], nn.Sequential], init: Callable[[nn.Module], None]
    ) -> nn.Sequential:
        model = new()
        return model.apply(init) if self.kind.xavier else model

    def _fake_images(self) -> Tensor:
        return self.g(sample_noise(BATCH, NOISE)).view(BATCH, 1, 28, 28)

    def step(self, real: Tensor) -> tuple[Tensor, Tensor]:
        """Updates D, then G against the updated D; returns both losses as scalars."""
        self.d_solver.zero_grad()
        logits_real = self.d(real)
        with torch.no_grad():
            fake = self._fake_images()
        d_loss = self.kind.d_loss(logits_real, self.d(fake))
        d_loss.backward()
        self.d_solver.step()

        self.g_solver.zero_grad()
        g_loss = self.kind.g_loss(self.d(self._fake_images()))
        g_loss.backward()
        self.g_solver.step()
        return d_loss.detach(), g_loss.detach()
