"""The captioning Transformer and its solver in PyTorch, the reference for the Go package.

golden_transformer.py records its results and bench_torch.py times it. It needs only torch and numpy.

Parameters come from torch's CPU generator in the order in which the assignment builds its modules. Batches come
from NumPy's global stream. Dropout is a function that is passed to the model:

    mcg31_dropout   the masks that PyTorch with MKL drew when the assignment's outputs were printed
    F.dropout       the masks of the installed PyTorch
    no_dropout      no masks

Shape letters: N batch, T words read, S words or images attended to, D image features, W word vector, H heads,
V vocabulary.
"""

import copy
import math
from typing import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

RATE = 0.1  # of every dropout
FEED_FORWARD = 2048
NULL, START = "<NULL>", "<START>"

Dropout = Callable[[Tensor, float], Tensor]


def use_cpu(threads: int) -> None:
    """Runs torch on the given number of CPU threads, with reproducible results."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)


# --- dropout ------------------------------------------------------------------

MCG31_MULTIPLIER, MCG31_MODULUS = 1132489760, 2**31 - 1


def draw32() -> int:
    """The next 32-bit draw of torch's CPU generator."""
    before = torch.get_rng_state()
    # torch's 32-bit draws drop the top bit. An int64 takes two draws, the first in the upper half: read it,
    # restore the state, and advance by one draw with an int32.
    both = torch.empty(1, dtype=torch.int64).random_(-(2**63), None).item()
    torch.set_rng_state(before)
    torch.empty(1, dtype=torch.int32).random_()
    return (both >> 32) & 0xFFFFFFFF


def mcg31(seed: int, count: int) -> np.ndarray:
    """The first count numbers of MKL's generator MCG31: x0 from the seed, then x·multiplier mod 2^31 - 1."""
    x = np.empty(count, np.uint64)
    x[:1] = seed % MCG31_MODULUS or 1
    # The numbers k steps ahead are the known ones times multiplier^k, so each pass doubles their count. A
    # product of two 31-bit numbers fits in 64 bits.
    known = 1
    while known < count:
        more = min(known, count - known)
        jump = np.uint64(pow(MCG31_MULTIPLIER, known, MCG31_MODULUS))
        x[known : known + more] = x[:more] * jump % np.uint64(MCG31_MODULUS)
        known += more
    return x


def mcg31_dropout(x: Tensor, rate: float) -> Tensor:
    """Dropout whose mask is seeded by one draw: keeps values with probability 1 - rate and divides them by it."""
    keep = 1 - rate
    kept = mcg31(draw32(), x.numel()) / MCG31_MODULUS < keep
    mask = torch.from_numpy(kept).view(x.shape).to(x.dtype)
    return x * (mask / keep)


def no_dropout(x: Tensor, rate: float) -> Tensor:
    """The identity."""
    return x


# --- layers -------------------------------------------------------------------


class MultiHeadAttention(nn.Module):
    """softmax(Q·Kᵀ / √(W/H))·V for each of H heads, concatenated and projected.

    After a call, weights (N, H, T, S) are those of the softmax, before dropout.
    """

    def __init__(self, width: int, heads: int, dropout: Dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.key = nn.Linear(width, width)
        self.query = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)

    def split(self, x: Tensor) -> Tensor:
        """(N, T, W) -> (N, H, T, W/H)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, query: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """query (N, T, W), memory (N, S, W) for keys and values, mask (T, S) true where t may attend to s."""
        q, k, v = self.split(self.query(query)), self.split(self.key(memory)), self.split(self.value(memory))
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        weights = scores.softmax(dim=-1)
        self.weights = weights.detach()
        joined = (self.dropout(weights, RATE) @ v).transpose(1, 2).flatten(2)
        return self.proj(joined)


class PositionalEncoding(nn.Module):
    """Adds sin(t·10000^(-j/W)) to the even columns j and the cosine of the same angle to column j + 1."""

    def __init__(self, width: int, dropout: Dropout, max_length: int):
        super().__init__()
        self.dropout = dropout
        columns = torch.arange(0, width, 2, dtype=torch.float64)
        angles = torch.arange(max_length)[:, None] * 10000 ** (-columns / width)
        table = torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
        self.register_buffer("table", table.float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, W) -> (N, T, W), T up to max_length."""
        return self.dropout(x + self.table[: x.shape[1]], RATE)


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the image, and a feed-forward network of two affine layers.

    Each is followed by dropout, a residual connection and LayerNorm.
    """

    def __init__(self, width: int, heads: int, dropout: Dropout):
        super().__init__()
        self.dropout = dropout
        self.self_attn = MultiHeadAttention(width, heads, dropout)
        self.multihead_attn = MultiHeadAttention(width, heads, dropout)
        self.linear1 = nn.Linear(width, FEED_FORWARD)
        self.linear2 = nn.Linear(FEED_FORWARD, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        x = self.norm1(x + self.dropout(self.self_attn(x, x, mask), RATE))
        x = self.norm2(x + self.dropout(self.multihead_attn(x, memory), RATE))
        wide = self.dropout(self.linear1(x).relu(), RATE)
        return self.norm3(x + self.dropout(self.linear2(wide), RATE))


class Decoder(nn.Module):
    """A stack of layers that start as copies of one."""

    def __init__(self, layer: DecoderLayer, count: int):
        super().__init__()
        self.layers = nn.ModuleList(copy.deepcopy(layer) for _ in range(count))

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x, memory, mask)
        return x


# --- model --------------------------------------------------------------------


def redraw(module: nn.Module) -> None:
    """Initializes affine and embedding weights, padding included, with normal(0, 0.02), and affine biases with 0."""
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)


class CaptioningTransformer(nn.Module):
    """Scores of the word after each input word. The memory is one vector, the projected image."""

    def __init__(
        self,
        word_to_idx: dict[str, int],
        input_dim: int,
        wordvec_dim: int,
        heads: int,
        layers: int,
        max_length: int,
        dropout: Dropout,
    ):
        super().__init__()
        self.null, self.start = word_to_idx[NULL], word_to_idx.get(START)
        vocabulary = len(word_to_idx)
        self.visual_projection = nn.Linear(input_dim, wordvec_dim)
        self.embedding = nn.Embedding(vocabulary, wordvec_dim, padding_idx=self.null)
        self.positions = PositionalEncoding(wordvec_dim, dropout, max_length)
        self.transformer = Decoder(DecoderLayer(wordvec_dim, heads, dropout), layers)
        self.apply(redraw)
        self.output = nn.Linear(wordvec_dim, vocabulary)  # after redraw, so it has Linear's own initialization

    def forward(self, features: Tensor, captions: Tensor) -> Tensor:
        """features (N, D), captions (N, T) -> scores (N, T, V)."""
        T = captions.shape[1]
        memory = self.visual_projection(features)[:, None]
        mask = torch.ones(T, T, dtype=torch.bool).tril()
        return self.output(self.transformer(self.positions(self.embedding(captions)), memory, mask))

    def loss(self, features: Tensor, captions: Tensor) -> Tensor:
        """Cross-entropy of the words that are not NULL, divided by the number of all positions, N·T."""
        scores, targets = self(features, captions[:, :-1]), captions[:, 1:]
        losses = F.cross_entropy(scores.flatten(0, 1), targets.flatten(), reduction="none")
        return (losses * (targets.flatten() != self.null)).mean()

    @torch.no_grad()
    def sample(self, features: Tensor, length: int) -> tuple[Tensor, float]:
        """Greedy captions (N, length), and the smallest difference between the two highest scores of a word.

        Reads the whole caption so far for every word, as the assignment does.
        """
        read, margin = torch.full((len(features), 1), self.start), math.inf
        for _ in range(length):
            scores = self(features, read)[:, -1]
            best = scores.topk(2)
            margin = min(margin, (best.values[:, 0] - best.values[:, 1]).min().item())
            read = torch.cat((read, best.indices[:, :1]), dim=1)
        return read[:, 1:], margin


class Solver:
    """Trains a model with Adam on batches from data.minibatch(size), which returns rows, captions, features."""

    def __init__(self, model: CaptioningTransformer, data, learning_rate: float, batch_size: int):
        self.model, self.data, self.batch_size = model, data, batch_size
        self.adam = torch.optim.Adam(model.parameters(), learning_rate)
        self.batches: list[list[int]] = []
        self.losses: list[float] = []

    def step(self) -> None:
        rows, captions, features = self.data.minibatch(self.batch_size)
        weight = self.model.output.weight  # has the model's type and device
        loss = self.model.loss(torch.from_numpy(features).to(weight), torch.from_numpy(captions).long().to(weight.device))
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.batches.append(rows.tolist())
        self.losses.append(loss.item())

    def train(self, iterations: int) -> None:
        for _ in range(iterations):
            self.step()
