"""Writes transformer.json: results of the PyTorch captioning Transformer on the checks and on small/.

Run from the repository's root, in an environment made from kernels/requirements-torch.txt (last run: Python
3.11, torch 2.15.0, numpy 2.4.6, h5py 3.16.0; less than a minute):

    python cs231n/captioning/testdata/golden_transformer.py

transformer.json contains

  mcg31     first numbers of dropout's generator, for the seed that a 32-bit draw gives it
  attention, positions, scores
            the assignment's checks: inputs, outputs, the seeds of dropout, and the errors compared with the
            values that the assignment prints
  rows      the caption rows that max_train draws
  init      checksums of the initial parameters, by name
  grads     loss and checksums of the gradients of the first iteration, float64 without dropout
  batches   the rows of those captions in each iteration
  runs      the loss of every iteration: float32 with the assignment's dropout, float64 without dropout
  samples   greedy captions after a longer float64 run, without dropout: word ids and their decoded text, the
            run's last loss, and the smallest difference between the two highest scores of a word
  weights   self-attention weights of that model on one caption: (1, H, T, T) by layer

Arrays are {"shape", "values"} with the values in row-major order. Checksums are those of curves.json. Names
are those of the model's state_dict with slashes. Affine weights are (out, in). Float64 models are drawn in
float32 and converted, and so is the table of positions.

A relative change of the weights by 1e-7 (float32) or 1e-15 (float64) changes a curve of 30 iterations by less
than 1e-6 or 1e-15, relatively, and the longer run by 1e-14. A bias of the keys adds the same value to all scores
of a softmax, so its gradient is rounding noise. With a memory of one vector, the gradients of the keys and
queries of cross-attention are zero.

Each run does, in this order: seed both streams, load with max_train, build the model, train.
"""

import json
import pathlib
import platform

import h5py
import numpy as np
import torch

import golden
import numpy_captioning as nc
import torch_transformer as tt

HERE = pathlib.Path(__file__).parent
CONFIG = {
    "seed": 231,
    "max_train": 50,
    "wordvec_dim": 16,
    "heads": 2,
    "layers": 2,
    "max_length": 30,
    "batch_size": 10,
    "learning_rate": 1e-3,
    "iterations": 30,
    "iterations_before_sampling": 200,
    "sampled_images": [0, 1, 5, 11, 17, 20, 26, 29, 35, 39],
    "caption_of_weights": 2,
}


def array(values):
    values = torch.as_tensor(values).detach()
    return {"shape": list(values.shape), "values": values.flatten().tolist()}


def checksums(named):
    return {
        name.replace(".", "/"): golden.checksum(values.detach().numpy()) for name, values in named
    }


def seed():
    torch.manual_seed(CONFIG["seed"])
    np.random.seed(CONFIG["seed"])


# --- the assignment's checks --------------------------------------------------


def recorded():
    """mcg31_dropout, and the list to which it appends the seed of each mask."""
    draws = []

    def dropout(x, rate):
        state = torch.get_rng_state()
        draws.append(tt.draw32())
        torch.set_rng_state(state)
        return tt.mcg31_dropout(x, rate)

    return dropout, draws


def error(name, printed, expected, values, within=1e-9):
    """The assignment's rel_error, compared with the value that the assignment prints."""
    x, y = np.array(expected), values.detach().double().numpy().reshape(np.shape(expected))
    seen = float(np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y))))
    assert abs(seen - printed) <= within * printed, f"{name}: the assignment's error is {printed}, this is {seen}"
    return seen


def mcg31():
    seeds = [1, 12345, 2**31 - 1, 2**32 - 1]
    return [{"seed": s, "numbers": tt.mcg31(s, 8).tolist()} for s in seeds]


def attention():
    """One caption of 3 words. The third call has other words as its memory."""
    seed()
    dropout, draws = recorded()
    attend = tt.MultiHeadAttention(8, 2, dropout)
    data = torch.randn(1, 3, 8)
    alone = attend(data, data)
    mask = torch.randn(3, 3) < 0.5
    masked = attend(data, data, mask)
    other = torch.randn(1, 3, 8)
    two = attend(data, other)
    return {
        "heads": 2,
        "params": {name.replace(".", "/"): array(p) for name, p in attend.state_dict().items()},
        "data": array(data),
        "other": array(other),
        "mask": array(mask.int()),
        "draws": draws,
        "self": array(alone),
        "masked": array(masked),
        "two": array(two),
        "errors": {
            "self": error("self-attention", 0.0003775124598178026, SELF, alone),
            "masked": error("masked attention", 0.0001526367643724865, MASKED, masked),
            # The value with the largest error, -0.0341, is a sum that this PyTorch rounds differently.
            "two": error("attention to others", 0.0003527921483788199, TWO, two, within=1e-3),
        },
    }


def positions():
    seed()
    dropout, draws = recorded()
    data = torch.randn(1, 2, 6)
    out = tt.PositionalEncoding(6, dropout, max_length=5000)(data)
    return {
        "data": array(data),
        "draws": draws,
        "out": array(out),
        "error": error("positional encoding", 0.00010421011374914356, POSITIONS, out),
    }


def scores():
    """Every parameter is a float64 linspace(-1.4, 1.3). Dropout is on."""
    seed()
    N, D, W, T = 4, 20, 30, 3
    words = {nc.NULL: 0, "cat": 2, "dog": 3}
    dropout, draws = recorded()
    model = tt.CaptioningTransformer(words, D, W, heads=2, layers=2, max_length=30, dropout=dropout).double()
    for p in model.parameters():
        p.data = torch.from_numpy(np.linspace(-1.4, 1.3, p.numel()).reshape(p.shape))
    features = torch.from_numpy(np.linspace(-1.5, 0.3, N * D).reshape(N, D))
    captions = torch.from_numpy((np.arange(N * T) % len(words)).reshape(N, T))
    out = model(features, captions)
    return {
        "features": array(features),
        "captions": array(captions),
        "draws": draws,
        "out": array(out),
        # The score with the largest error, 4.5897, differs from the assignment's by 5e-9, less than the error
        # of float32 statistics in LayerNorm.
        "error": error("scores", 5.0561688361043265e-06, SCORES, out, within=2e-4),
    }


# Values that the assignment prints, with four decimals.
SELF = [
    [-0.2494, 0.1396, 0.4323, -0.2411, -0.1547, 0.2329, -0.1936, -0.1444],
    [-0.1997, 0.1746, 0.7377, -0.3549, -0.2657, 0.2693, -0.2541, -0.2476],
    [-0.0625, 0.1503, 0.7572, -0.3974, -0.1681, 0.2168, -0.2478, -0.3038],
]
MASKED = [
    [-0.1347, 0.1934, 0.8628, -0.4903, -0.2614, 0.2798, -0.2586, -0.3019],
    [-0.1013, 0.3111, 0.5783, -0.3248, -0.3842, 0.1482, -0.3628, -0.1496],
    [-0.2071, 0.1669, 0.7097, -0.3152, -0.3136, 0.2520, -0.2774, -0.2208],
]
TWO = [
    [-0.1980, 0.4083, 0.1968, -0.3477, 0.0321, 0.4258, -0.8972, -0.2744],
    [-0.1603, 0.4155, 0.2295, -0.3485, -0.0341, 0.3929, -0.8248, -0.2767],
    [-0.0908, 0.4113, 0.3017, -0.3539, -0.1020, 0.3784, -0.7189, -0.2912],
]
POSITIONS = [
    [-1.2340, 1.1127, 1.6978, -0.0865, -0.0000, 1.2728],
    [0.9028, -0.4781, 0.5535, 0.8133, 1.2644, 1.7034],
]
SCORES = [
    [[-16.9532, 4.8261, 26.6054], [-17.1033, 4.6906, 26.4844], [-15.0708, 4.1108, 23.2924]],
    [[-17.1767, 4.5897, 26.3562], [-15.6017, 4.8693, 25.3403], [-15.1028, 4.6905, 24.4839]],
    [[-17.2172, 4.7701, 26.7574], [-16.6755, 4.8500, 26.3754], [-17.2172, 4.7701, 26.7574]],
    [[-16.3669, 4.1602, 24.6872], [-16.7897, 4.3467, 25.4831], [-17.0103, 4.7775, 26.5652]],
]


# --- training on small/ -------------------------------------------------------


def begin(dtype, dropout):
    """The rows of the data and the model in a solver, from the seed."""
    seed()
    data = nc.Data.load(golden.SMALL, CONFIG["max_train"])
    model = tt.CaptioningTransformer(
        data.word_to_idx,
        data.features.shape[1],
        CONFIG["wordvec_dim"],
        CONFIG["heads"],
        CONFIG["layers"],
        CONFIG["max_length"],
        dropout,
    )
    return tt.Solver(model.to(dtype), data, CONFIG["learning_rate"], CONFIG["batch_size"])


def train(dtype, dropout, iterations):
    solver = begin(dtype, dropout)
    solver.train(iterations)
    return solver


def first_grads():
    solver = train(torch.float64, tt.no_dropout, 1)  # the gradients remain after a step
    grads = checksums((name, p.grad) for name, p in solver.model.named_parameters())
    return {"loss": solver.losses[0], "checksums": grads}


def sample(solver):
    model, data = solver.model, solver.data
    features = torch.from_numpy(data.features[CONFIG["sampled_images"]]).double()
    captions, margin = model.sample(features, CONFIG["max_length"])
    words = list(data.word_to_idx)
    return {
        "loss": solver.losses[-1],
        "captions": captions.tolist(),
        "text": [golden.text(c, words) for c in captions.tolist()],
        "margin": margin,
    }


def weights(solver):
    model, data, row = solver.model, solver.data, CONFIG["caption_of_weights"]
    image, caption = int(data.image_idxs[row]), data.captions[row, :-1]
    with torch.no_grad():
        model(torch.from_numpy(data.features[image])[None].double(), torch.from_numpy(caption)[None].long())
    return {
        "image": image,
        "caption": caption.tolist(),
        "layers": [array(layer.self_attn.weights) for layer in model.transformer.layers],
    }


def training():
    solvers = [
        train(torch.float32, tt.mcg31_dropout, CONFIG["iterations"]),
        train(torch.float64, tt.no_dropout, CONFIG["iterations"]),
    ]
    assert solvers[0].batches == solvers[1].batches, "dropout moved NumPy's stream"
    longer = train(torch.float64, tt.no_dropout, CONFIG["iterations_before_sampling"])
    np.random.seed(CONFIG["seed"])
    everything = nc.Data.load(golden.SMALL)
    return {
        "rows": np.random.randint(len(everything.captions), size=CONFIG["max_train"]).tolist(),
        "init": checksums(begin(torch.float32, tt.no_dropout).model.named_parameters()),
        "grads": first_grads(),
        "batches": solvers[0].batches,
        "runs": [
            {"dtype": "float32", "dropout": tt.RATE, "losses": solvers[0].losses},
            {"dtype": "float64", "dropout": 0, "losses": solvers[1].losses},
        ],
        "samples": sample(longer),
        "weights": weights(longer),
    }


def main():
    tt.use_cpu(threads=1)
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    out = {
        "made_with": {**versions, "h5py": h5py.__version__},
        "config": CONFIG,
        "mcg31": mcg31(),
        "attention": attention(),
        "positions": positions(),
        "scores": scores(),
        **training(),
    }
    (HERE / "transformer.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
