"""Writes the PyTorch reference values for the Go tests of the layers.

Run from the repository's root, in an environment made from
kernels/requirements-torch.txt (last run: Python 3.11, torch 2.15.0,
numpy 2.4.6, CPU, 2 threads; a few seconds):

    python cs231n/nn/testdata/golden.py

It writes these files:

  layers.json     layers on small inputs: values and gradients
  attention.json  multi-head attention on small inputs: values, weights and gradients
  init.json       parameters after PyTorch's default initialization and after
                  Xavier's rule

Tensors have PyTorch's layouts: images (N, C, H, W), Linear (out, in), Conv2d
(out, in, k, k), ConvTranspose2d (in, out, k, k). All but init.json is computed
in float64. Numbers are the shortest decimals that round to the same float32, in
attention.json to the same float64.

Append new cases at the end: all cases share one random generator, so a new case
in the middle would change those after it.
"""

import json
import math
import pathlib
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor, nn

HERE = pathlib.Path(__file__).parent
SEED = 231  # the assignment's


def hundredths(
    rng: np.random.Generator, *shape: int, scale: float = 1, dtype: DTypeLike = np.float32
) -> Tensor:
    """Values with two decimals, which keep the files small, rounded to dtype and stored as float64."""
    values = (scale * rng.normal(size=shape)).round(2).astype(dtype)
    return torch.from_numpy(values.astype(np.float64))


# --- layers -----------------------------------------------------------------


def layer_case(rng: np.random.Generator, layer: nn.Module, x: Tensor) -> dict[str, Any]:
    """Runs layer on x, and its backward pass on a random upstream gradient dy.

    It computes in float64, so the reference is exact to float32.
    """
    layer.double()
    x.requires_grad_()
    for parameter in layer.parameters():
        parameter.data = hundredths(rng, *parameter.shape)
    y = layer(x)
    dy = hundredths(rng, *y.shape)
    y.backward(dy)
    case = {"x": x, "y": y, "dy": dy, "dx": x.grad}
    for name, parameter in layer.named_parameters():
        case |= {name: parameter, "d" + name: parameter.grad}
    return case


def layers() -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    # With few distinct values, most windows of the pool have ties.
    ties = torch.from_numpy(rng.integers(-1, 2, size=(2, 3, 8, 10)).astype(np.float64))
    kinks = hundredths(rng, 3, 5)
    kinks[:, 0] = 0  # the gradient of ReLU at zero is a convention: record PyTorch's
    return {
        "conv2d": layer_case(rng, nn.Conv2d(3, 4, 5), hundredths(rng, 2, 3, 10, 11)),
        "max_pool": layer_case(rng, nn.MaxPool2d(2), ties),
        "conv_transpose2d": layer_case(
            rng, nn.ConvTranspose2d(5, 3, 4, stride=2, padding=1), hundredths(rng, 2, 5, 6, 7)
        ),
        "batch_norm1d": layer_case(rng, nn.BatchNorm1d(5), hundredths(rng, 7, 5)),
        "batch_norm2d": layer_case(rng, nn.BatchNorm2d(3), hundredths(rng, 2, 3, 5, 7)),
        "leaky_relu": layer_case(rng, nn.LeakyReLU(0.01), kinks.clone()),
        "relu": layer_case(rng, nn.ReLU(), kinks.clone()),
        "linear": layer_case(rng, nn.Linear(5, 3), hundredths(rng, 7, 5)),
        "linear3d": layer_case(rng, nn.Linear(5, 3), hundredths(rng, 2, 7, 5)),
        "tanh": layer_case(rng, nn.Tanh(), hundredths(rng, 3, 5)),
        "flatten": layer_case(rng, nn.Flatten(), hundredths(rng, 2, 3, 5, 7)),
        "unflatten": layer_case(rng, nn.Unflatten(1, (3, 5, 7)), hundredths(rng, 2, 105)),
        "conv_transpose2d_one_channel": layer_case(
            rng, nn.ConvTranspose2d(5, 1, 4, stride=2, padding=1), hundredths(rng, 2, 5, 3, 4)
        ),
        "conv_transpose2d_one_input": layer_case(
            rng, nn.ConvTranspose2d(1, 2, 4, stride=2, padding=1), hundredths(rng, 2, 1, 3, 4)
        ),
        "conv2d_one_channel": layer_case(rng, nn.Conv2d(1, 4, 3), hundredths(rng, 2, 1, 7, 6)),
        "layer_norm": layer_case(rng, nn.LayerNorm(7), hundredths(rng, 2, 3, 7)),
        "layer_norm_rows": layer_case(rng, nn.LayerNorm(5), hundredths(rng, 4, 5)),
        # A seed above 2^31 - 1 wraps around.
        "dropout": dropout_case(rng, 3_000_000_019, 0.3, hundredths(rng, 3, 5, 7)),
        "conv2d_padding": layer_case(rng, nn.Conv2d(3, 4, 3, padding=1), hundredths(rng, 2, 3, 5, 6)),
        "conv2d_wide_padding": layer_case(
            rng, nn.Conv2d(2, 3, 3, padding=2), hundredths(rng, 1, 2, 1, 4)
        ),
        "conv2d_pointwise": layer_case(rng, nn.Conv2d(3, 5, 1), hundredths(rng, 2, 3, 5, 4)),
        "conv2d_pointwise_one_pixel": layer_case(rng, nn.Conv2d(3, 2, 1), hundredths(rng, 1, 3, 1, 1)),
        "conv2d_strided": layer_case(
            rng, nn.Conv2d(3, 5, 4, stride=2, padding=1), hundredths(rng, 3, 3, 6, 10)
        ),
        "conv2d_strided_one_channel": layer_case(
            rng, nn.Conv2d(1, 3, 4, stride=2, padding=1), hundredths(rng, 2, 1, 8, 6)
        ),
        "conv2d_strided_blocks": layer_case(
            rng, nn.Conv2d(2, 3, 2, stride=2), hundredths(rng, 1, 2, 4, 2)
        ),
        "conv2d_strided_large": layer_case(
            rng, nn.Conv2d(2, 3, 6, stride=2, padding=2), hundredths(rng, 1, 2, 6, 8)
        ),
        "group_norm": layer_case(rng, nn.GroupNorm(3, 6), hundredths(rng, 2, 6, 3, 5)),
        "group_norm_rows": layer_case(rng, nn.GroupNorm(2, 10), hundredths(rng, 3, 10)),
        "group_norm_one_group": layer_case(rng, nn.GroupNorm(1, 5), hundredths(rng, 1, 5, 2, 3)),
        "group_norm_channels": layer_case(rng, nn.GroupNorm(3, 3), hundredths(rng, 2, 3, 3, 5)),
        "silu": layer_case(rng, nn.SiLU(), hundredths(rng, 3, 5, scale=3)),
        "embedding": embedding_case(rng, 5, 3, [4, 0, 2, 2, 4, 4, 1]),
        "sinusoids": sinusoids_case(10, [0, 0.5, 1, 999, 1000, -3]),
        "conv_transpose2d_blocks": layer_case(
            rng, nn.ConvTranspose2d(3, 2, 2, stride=2), hundredths(rng, 2, 3, 3, 5)
        ),
        "conv_transpose2d_large": layer_case(
            rng, nn.ConvTranspose2d(3, 2, 6, stride=2, padding=2), hundredths(rng, 1, 3, 2, 3)
        ),
    }


# --- embedding --------------------------------------------------------------


def embedding_case(rng: np.random.Generator, num: int, dim: int, labels: list[int]) -> dict[str, Any]:
    layer = nn.Embedding(num, dim).double()
    layer.weight.data = hundredths(rng, num, dim)
    y = layer(torch.tensor(labels))
    dy = hundredths(rng, *y.shape)
    y.backward(dy)
    return {"labels": labels, "y": y, "dy": dy, "weight": layer.weight, "dweight": layer.weight.grad}


def sinusoids_case(width: int, times: list[float]) -> dict[str, Any]:
    """The encoding of diffusion models: sines, then cosines."""
    t = torch.tensor(times, dtype=torch.float64)
    half = width // 2
    frequencies = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float64) / half)
    angles = t[:, None] * frequencies[None]
    return {"x": t, "y": torch.cat([angles.sin(), angles.cos()], dim=-1)}


# --- dropout ----------------------------------------------------------------

MCG31_MULTIPLIER, MCG31_MODULUS = 1132489760, 2**31 - 1


def mcg31_mask(seed: int, rate: float, shape: tuple[int, ...]) -> Tensor:
    """The mask of dropout, drawn by MKL's generator MCG31: one for each value that is kept."""
    number = seed % MCG31_MODULUS or 1
    kept = []
    for _ in range(math.prod(shape)):
        kept.append(number / MCG31_MODULUS < 1 - rate)
        number = MCG31_MULTIPLIER * number % MCG31_MODULUS
    return torch.tensor(kept, dtype=torch.float64).view(shape)


class Scale(nn.Module):
    """Multiplies its input by given factors."""

    def __init__(self, factors: Tensor):
        super().__init__()
        self.factors = factors

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factors


def dropout_case(rng: np.random.Generator, seed: int, rate: float, x: Tensor) -> dict[str, Any]:
    mask = mcg31_mask(seed, rate, tuple(x.shape))
    case = layer_case(rng, Scale(mask / (1 - rate)), x)
    return {"seed": seed, "rate": rate, "mask": mask} | case


# --- attention --------------------------------------------------------------


class Attention(nn.Module):
    """Multi-head attention. Head h uses the h-th part of the features.

    Shape letters: N batch, S queries, T keys, E features, H heads.
    """

    def __init__(self, features: int, heads: int):
        super().__init__()
        self.heads = heads
        self.key = nn.Linear(features, features)
        self.query = nn.Linear(features, features)
        self.value = nn.Linear(features, features)
        self.proj = nn.Linear(features, features)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, factors: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Returns the output, and the weights before dropout.

        Shapes: query: (N, S, E), key, value: (N, T, E), mask: (S, T), factors: (N, H, S, T)
        -> (N, S, E), (N, H, S, T).
        """
        q, k, v = (
            self._split(layer(x))
            for layer, x in ((self.query, query), (self.key, key), (self.value, value))
        )
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -math.inf)
        weights = scores.softmax(-1)
        kept = weights if factors is None else weights * factors
        return self.proj((kept @ v).transpose(1, 2).flatten(2)), weights


def attention_case(
    rng: np.random.Generator,
    shape: tuple[int, int, int, int, int],
    mask: Tensor | None = None,
    dropout: tuple[int, float] | None = None,
) -> dict[str, Any]:
    """Runs attention of shape (N, S, T, E, H), with dropout of the given seed and rate.

    "params" and "dparams" list weight and bias of key, query, value and proj,
    in this order.
    """
    n, s, t, e, h = shape
    case: dict[str, Any] = {"heads": h}
    if mask is not None:
        case["mask"] = mask
    factors = None
    if dropout is not None:
        seed, rate = dropout
        factors = mcg31_mask(seed, rate, (n, h, s, t)) / (1 - rate)
        case |= {"seed": seed, "rate": rate, "factors": factors}

    def draw(*shape: int, scale: float = 1) -> Tensor:
        return hundredths(rng, *shape, scale=scale, dtype=np.float64)

    inputs = {"query": draw(n, s, e), "key": draw(n, t, e), "value": draw(n, t, e)}
    for x in inputs.values():
        x.requires_grad_()
    layer = Attention(e, h).double()
    params = list(layer.parameters())
    for parameter in params:
        parameter.data = draw(*parameter.shape, scale=e**-0.5)  # weights far from 0 and 1
    out, weights = layer(*inputs.values(), mask, factors)
    dout = draw(*out.shape)
    out.backward(dout)
    case |= inputs | {"params": params, "weights": weights, "out": out, "dout": dout}
    case |= {"d" + name: x.grad for name, x in inputs.items()}
    return case | {"dparams": [parameter.grad for parameter in params]}


def attention() -> dict[str, Any]:
    """The cases by name.

    A bias of the keys adds the same value to all scores of a softmax, so its
    gradient is rounding noise. With one key, keys and queries have zero gradients.
    """
    rng = np.random.default_rng(SEED)
    lower = torch.ones(5, 5, dtype=torch.float64).tril()
    return {
        "two inputs": attention_case(rng, (2, 3, 5, 8, 2)),
        "masked": attention_case(rng, (2, 5, 5, 6, 3), lower),
        "masked, with dropout": attention_case(rng, (1, 5, 5, 6, 3), lower, (SEED, 0.25)),
        "one key": attention_case(rng, (2, 3, 1, 4, 2)),
        "one head": attention_case(rng, (1, 2, 3, 4, 1)),
    }


# --- initial values ---------------------------------------------------------


def initialize_weights(module: nn.Module) -> None:
    """Re-initializes a module's weights with Xavier's rule, except those of Conv2d."""
    if isinstance(module, (nn.Linear, nn.ConvTranspose2d)):
        nn.init.xavier_uniform_(module.weight)


def initial_values() -> dict[str, Any]:
    """Parameters of one model, drawn layer by layer from one seed."""
    torch.manual_seed(SEED)
    model = nn.Sequential(nn.Linear(4, 3), nn.Conv2d(2, 3, 5), nn.ConvTranspose2d(3, 2, 4))
    names = ("linear", "conv2d", "conv_transpose2d")

    def snapshot() -> dict[str, Any]:
        return {
            name: {"weight": layer.weight.detach().clone(), "bias": layer.bias.detach().clone()}
            for name, layer in zip(names, model)
        }

    default = snapshot()
    model.apply(initialize_weights)
    return {"default": default, "xavier": snapshot()}


# --- files ------------------------------------------------------------------


def plain(value: Any, dtype: DTypeLike) -> Any:
    """Turns tensors into {"shape", "data"} (vectors into lists) of short decimals of dtype."""
    if isinstance(value, dict):
        return {k: plain(v, dtype) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v, dtype) for v in value]
    if not isinstance(value, Tensor):
        return value
    data = [float(str(x)) for x in value.detach().numpy().astype(dtype).ravel()]
    return data if value.dim() == 1 else {"shape": list(value.shape), "data": data}


def render(value: Any, indent: str = "") -> str:
    """JSON with one line per key. Lists and tensors are on one line."""
    if not isinstance(value, dict) or "shape" in value:
        return json.dumps(value, separators=(",", ":"))
    inner = indent + " "
    lines = (f"{inner}{json.dumps(k)}: {render(v, inner)}" for k, v in value.items())
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def write(name: str, value: dict[str, Any], dtype: DTypeLike = np.float32) -> None:
    (HERE / name).write_text(render(plain(value, dtype)) + "\n")


def main() -> None:
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    write("layers.json", layers())
    write("attention.json", attention(), np.float64)
    write("init.json", initial_values())


if __name__ == "__main__":
    main()
