"""The diffusion notebook's network, objectives, training step and samplers in PyTorch.

golden.py records its results and bench_torch.py times it. It needs only torch and numpy. Modules are built, and random
numbers drawn, in the order of the Go package, so one seed gives both the same numbers.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

BATCH = 64
NO_LABEL = 10


def scale(images: np.ndarray) -> Tensor:
    """Maps pixels 0…255 to [−1, 1]."""
    return torch.from_numpy(images.astype(np.float32)) / 127.5 - 1


def sinusoids(t: Tensor, width: int = 64) -> Tensor:
    angles = t[:, None] * 10000 ** (-torch.arange(width // 2) / (width // 2))
    return torch.cat([angles.sin(), angles.cos()], 1)


class Block(nn.Module):
    def __init__(self, channels: int, width: int):
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, channels), nn.SiLU(), nn.Conv2d(channels, channels, 3, padding=1))
        self.modulation = nn.Linear(width, 2 * channels)
        self.norm = nn.GroupNorm(8, channels)
        self.last = nn.Sequential(nn.SiLU(), nn.Conv2d(channels, channels, 3, padding=1))
        nn.init.zeros_(self.last[1].weight)
        nn.init.zeros_(self.last[1].bias)

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        a, b = self.modulation(e)[:, :, None, None].chunk(2, 1)
        return x + self.last(self.norm(self.first(x)) * (1 + a) + b)


class UNet(nn.Module):
    def __init__(self, c: int):
        super().__init__()
        e = 4 * c
        self.time = nn.Sequential(nn.Linear(64, e), nn.SiLU(), nn.Linear(e, e))
        self.label = nn.Embedding(NO_LABEL + 1, e)
        self.stem = nn.Conv2d(1, c, 4, stride=2, padding=1)
        self.high = nn.ModuleList([Block(c, e)])
        self.shrink = nn.Conv2d(c, 2 * c, 2, stride=2)
        self.low = nn.ModuleList([Block(2 * c, e), Block(2 * c, e)])
        self.grow = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.up = nn.ModuleList([Block(c, e)])
        self.head = nn.Sequential(nn.GroupNorm(8, c), nn.SiLU(), nn.ConvTranspose2d(c, 1, 4, stride=2, padding=1))
        nn.init.zeros_(self.head[2].weight)

    def forward(self, x: Tensor, time: Tensor, label: Tensor) -> Tensor:
        e = F.silu(self.time(sinusoids(time)) + self.label(label))
        h = self.stem(x.reshape(-1, 1, 28, 28).contiguous(memory_format=torch.channels_last))
        for block in self.high:
            h = block(h, e)
        kept = h
        h = self.shrink(h)
        for block in self.low:
            h = block(h, e)
        h = self.grow(h) + kept
        for block in self.up:
            h = block(h, e)
        return self.head(h).reshape(-1, 784)


def cosine(steps: int = 1000) -> np.ndarray:
    """ᾱ of Nichol and Dhariwal 2021, with every β at most 0.999."""
    f = np.cos(np.pi / 2 * (np.arange(steps + 1) / steps + 0.008) / 1.008) ** 2
    return np.cumprod(1 - np.minimum(1 - f[1:] / f[:-1], 0.999))


def linear(steps: int = 1000) -> np.ndarray:
    """ᾱ of Ho et al. 2020."""
    return np.cumprod(1 - 1000 / steps * np.linspace(1e-4, 0.02, steps))


class Noise:
    """Predicts the noise; levels (time, α, σ) of the cosine schedule."""

    def __init__(self):
        bar = cosine()
        self.alpha, self.sigma = np.sqrt(bar), np.sqrt(1 - bar)

    def draw(self, n: int) -> Tensor:
        return torch.randint(0, 1000, (n,)).float()

    def mixture(self, drawn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        t = drawn.long()
        look = lambda table: torch.from_numpy(table.astype(np.float32))[t]
        return drawn, look(self.alpha), look(self.sigma)

    def target(self, image: Tensor, noise: Tensor) -> Tensor:
        return noise

    def levels(self, steps: int) -> list[tuple[float, float, float]]:
        visited = np.linspace(999, 0, steps).round().astype(int)
        return [(float(t), self.alpha[t], self.sigma[t]) for t in visited] + [(0.0, 1.0, 0.0)]

    def image(self, x: Tensor, predicted: Tensor, alpha: float, sigma: float) -> Tensor:
        return (x - sigma * predicted) / alpha


class Flow:
    """Predicts noise − image on the straight path."""

    def draw(self, n: int) -> Tensor:
        return torch.randn(n)

    def mixture(self, drawn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        u = drawn.sigmoid()
        return u * 1000, 1 - u, u

    def target(self, image: Tensor, noise: Tensor) -> Tensor:
        return noise - image

    def levels(self, steps: int) -> list[tuple[float, float, float]]:
        return [(1000 * (1 - i / steps), i / steps, 1 - i / steps) for i in range(steps + 1)]

    def image(self, x: Tensor, predicted: Tensor, alpha: float, sigma: float) -> Tensor:
        return x - sigma * predicted


OBJECTIVES = {"noise": Noise, "flow": Flow}


class Trainer:
    """Training as diffusion.Config describes it."""

    def __init__(self, objective: str, channels: int, images: np.ndarray, labels: np.ndarray, steps: int, batch: int):
        self.objective, self.steps, self.batch = OBJECTIVES[objective](), steps, batch
        self.net = UNet(channels).to(memory_format=torch.channels_last)
        self.average = [p.detach().clone() for p in self.net.parameters()]
        self.adam = torch.optim.Adam(self.net.parameters(), lr=2e-3, betas=(0.9, 0.99))
        self.images, self.labels, self.done = scale(images), torch.from_numpy(labels.astype(np.int64)), 0

    def step(self) -> float:
        first = self.done % (len(self.images) // self.batch) * self.batch
        rows = slice(first, first + self.batch)
        drawn, noise = self.objective.draw(self.batch), torch.randn(self.batch, 784)
        label = torch.where(torch.rand(self.batch) < 0.1, NO_LABEL, self.labels[rows])
        loss = self.loss(self.images[rows], noise, drawn, label)
        self.adam.zero_grad()
        loss.backward()
        self.done += 1
        shape = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1, (self.done - 1) / self.steps)))
        self.adam.param_groups[0]["lr"] = 2e-3 * min(1, self.done / 200) * shape
        self.adam.step()
        decay = min(0.999, self.done / (9 + self.done))
        with torch.no_grad():
            for average, p in zip(self.average, self.net.parameters()):
                average.mul_(decay).add_(p, alpha=1 - decay)
        return loss.item()

    def loss(self, image: Tensor, noise: Tensor, drawn: Tensor, label: Tensor) -> Tensor:
        time, alpha, sigma = self.objective.mixture(drawn)
        x = alpha[:, None] * image + sigma[:, None] * noise
        return F.mse_loss(self.net(x, time, label), self.objective.target(image, noise))


@torch.no_grad()
def sample(net: UNet, objective, steps: int, guidance: float, eta: float, labels: Tensor) -> Tensor:
    """Draws an image for each label; see diffusion.Sampler."""
    n = len(labels)
    x = torch.randn(n, 784)
    levels = objective.levels(steps)
    fresh = [torch.randn(n, 784) for _ in range(steps)] if eta else [torch.zeros(n, 784)] * steps
    for (time, alpha, sigma), (_, alpha2, sigma2), z in zip(levels, levels[1:], fresh):
        predict = lambda label: net(x, torch.full((n,), time), label)
        without = predict(torch.full_like(labels, NO_LABEL))
        image = objective.image(x, without + guidance * (predict(labels) - without), alpha, sigma).clamp(-1, 1)
        noise = (x - alpha * image) / sigma
        s = eta * sigma2 / sigma * math.sqrt(max(1 - (alpha / alpha2) ** 2, 0))
        x = alpha2 * image + math.sqrt(max(sigma2**2 - s**2, 0)) * noise + s * z
    return x.clamp(-1, 1)
