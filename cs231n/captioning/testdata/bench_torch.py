"""Times PyTorch on the captioning models, for comparison.

Run from the repository's root, in an environment made from kernels/requirements-torch.txt:

    python cs231n/captioning/testdata/bench_torch.py --model transformer --threads 2

    transformer   a training step of torch_transformer.py
    sample        25 captions of 30 words with it, without dropout and without a cache of keys and values
    rnn, lstm     a training step of the captioning RNN built from torch's own modules, which have two biases

A step draws its batch, computes loss and gradients, and updates every parameter with Adam. With --compile, torch.compile
compiles the step, or the model that samples.
"""

import pathlib
import sys

import torch
from torch import Tensor, nn
from torch.nn import functional as F

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "testdata"))
import bench_data as bd
import timing
import torch_transformer as tt


class Recurrent(nn.Module):
    """The captioning RNN or LSTM, with torch's modules."""

    def __init__(self, kind: str):
        super().__init__()
        self.project = nn.Linear(bd.D, bd.H)
        self.embedding = nn.Embedding(bd.V, bd.W)
        self.cell = (nn.LSTM if kind == "lstm" else nn.RNN)(bd.W, bd.H, batch_first=True)
        self.output = nn.Linear(bd.H, bd.V)

    def loss(self, features: Tensor, captions: Tensor) -> Tensor:
        """Cross entropy of captions (N, T+1), summed over the words that are not NULL and divided by N."""
        h0 = self.project(features)[None]
        start = (h0, torch.zeros_like(h0)) if isinstance(self.cell, nn.LSTM) else h0
        scores = self.output(self.cell(self.embedding(captions[:, :-1]), start)[0])
        total = F.cross_entropy(scores.flatten(0, 1), captions[:, 1:].flatten(), ignore_index=0, reduction="sum")
        return total / len(captions)


def transformer(dropout: tt.Dropout) -> tt.CaptioningTransformer:
    return tt.CaptioningTransformer(bd.WORDS, bd.D, bd.W, heads=2, layers=2, max_length=bd.SAMPLED_WORDS, dropout=dropout)


def train(model: nn.Module, learning_rate: float, mode: str, device: str):
    """Returns a step of training, as a function."""
    data, adam = bd.RandomData(), torch.optim.Adam(model.parameters(), learning_rate, fused=True)

    def update(features: Tensor, captions: Tensor) -> Tensor:
        adam.zero_grad()
        loss = model.loss(features, captions)
        loss.backward()
        adam.step()
        return loss.detach()

    update = timing.compiled(update, mode)

    def step() -> float:
        _, captions, features = data.minibatch(bd.BATCH)
        return update(torch.from_numpy(features).to(device), torch.from_numpy(captions).to(device)).item()

    return step


def sample(mode: str, device: str):
    """Returns the generation of captions, as a function."""
    model, features = transformer(tt.no_dropout), torch.from_numpy(bd.RandomData().minibatch(bd.BATCH)[2]).to(device)
    model.forward = timing.compiled(model.forward, mode)

    def call() -> float:
        model.sample(features, bd.SAMPLED_WORDS)
        return 0.0

    return call


def main() -> None:
    args = timing.parse(__doc__, ("transformer", "sample", "rnn", "lstm"), compile=timing.COMPILE_MODES)
    device = timing.start_torch(args.threads)
    if args.model == "sample":
        call = sample(args.compile, device)
    elif args.model == "transformer":
        call = train(transformer(F.dropout), 1e-3, args.compile, device)
    else:
        call = train(Recurrent(args.model), 5e-3, args.compile, device)
    timing.measure(args, device, call)


if __name__ == "__main__":
    main()
