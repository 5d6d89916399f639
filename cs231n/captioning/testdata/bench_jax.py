"""Times JAX on the captioning models, for comparison.

Run from the repository's root, in an environment made from kernels/requirements-jax.txt:

    python cs231n/captioning/testdata/bench_jax.py --model transformer --threads 2

    transformer   a training step of torch_transformer.py, with dropout
    sample        25 captions of 30 words with it; one program chooses all words, with a cache of keys and values
    rnn, lstm     a training step of bench_torch.py's captioning RNN; jax.lax.scan visits the words

The models and the work are those of the PyTorch programs. Programs are compiled with jax.jit, and a step donates its state.
"""

import functools
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "testdata"))
import bench_data as bd
import timing

HEADS, LAYERS, FEED_FORWARD, RATE = 2, 2, 2048, 0.1


def linear(key, inputs: int, outputs: int) -> dict:
    return {"w": 0.02 * jax.random.normal(key, (inputs, outputs)), "b": jnp.zeros(outputs)}


def apply_linear(p, x):
    return x @ p["w"] + p["b"]


# --- RNN and LSTM ---------------------------------------------------------------


def recurrent(gates: int, key) -> dict:
    """The captioning RNN (one gate) or LSTM (four), with two biases as in torch."""
    k = jax.random.split(key, 5)
    return {
        "project": linear(k[0], bd.D, bd.H), "embedding": jax.random.normal(k[1], (bd.V, bd.W)),
        "input": linear(k[2], bd.W, gates * bd.H), "hidden": linear(k[3], bd.H, gates * bd.H), "output": linear(k[4], bd.H, bd.V),
    }


def rnn_cell(p, h, x):
    h = jnp.tanh(x + apply_linear(p, h))
    return h, h


def lstm_cell(p, state, x):
    h, c = state
    i, f, g, o = jnp.split(x + apply_linear(p, h), 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def recurrent_loss(cell, p, key, features, captions):
    """Cross-entropy of captions (N, T+1), summed over the words that are not NULL and divided by N. key is not used."""
    h0 = apply_linear(p["project"], features)
    start = (h0, jnp.zeros_like(h0)) if cell is lstm_cell else h0
    x = apply_linear(p["input"], p["embedding"][captions[:, :-1].T])  # (T, N, gates·H)
    _, h = jax.lax.scan(functools.partial(cell, p["hidden"]), start, x)
    targets = captions[:, 1:].T
    losses = optax.softmax_cross_entropy_with_integer_labels(apply_linear(p["output"], h), targets)
    return (losses * (targets != 0)).sum() / len(captions)


# --- Transformer ------------------------------------------------------------------


def norm() -> dict:
    return {"w": jnp.ones(bd.W), "b": jnp.zeros(bd.W)}


def attention(key) -> dict:
    return {name: linear(k, bd.W, bd.W) for name, k in zip(("query", "key", "value", "proj"), jax.random.split(key, 4))}


def layer(key) -> dict:
    k = jax.random.split(key, 4)
    return {
        "self": attention(k[0]), "cross": attention(k[1]), "wide": linear(k[2], bd.W, FEED_FORWARD),
        "narrow": linear(k[3], FEED_FORWARD, bd.W), "norm1": norm(), "norm2": norm(), "norm3": norm(),
    }


def transformer(key) -> dict:
    k = jax.random.split(key, 3 + LAYERS)
    return {
        "project": linear(k[0], bd.D, bd.W), "embedding": 0.02 * jax.random.normal(k[1], (bd.V, bd.W)),
        "output": linear(k[2], bd.W, bd.V), "layers": [layer(key) for key in k[3:]],
    }


def positions(length: int) -> np.ndarray:
    angles = np.arange(length)[:, None] * 10000 ** (-np.arange(0, bd.W, 2) / bd.W)
    return np.stack((np.sin(angles), np.cos(angles)), -1).reshape(length, bd.W).astype(np.float32)


def apply_norm(p, x):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * p["w"] + p["b"]


def dropout(key, x):
    return jnp.where(jax.random.bernoulli(key, 1 - RATE, x.shape), x / (1 - RATE), 0)


def split(x):
    """(N, T, W) -> (N, T, heads, W/heads)."""
    return x.reshape(*x.shape[:2], HEADS, -1)


def attend(p, x, keys, values, mask, drop):
    """x (N, T, W), keys and values (N, S, heads, W/heads), mask (T, S)."""
    scores = jnp.einsum("nthw,nshw->nhts", split(apply_linear(p["query"], x)), keys) / (bd.W // HEADS) ** 0.5
    weights = drop(jax.nn.softmax(jnp.where(mask, scores, -jnp.inf)))
    return apply_linear(p["proj"], jnp.einsum("nhts,nshw->nthw", weights, values).reshape(x.shape))


def project(p, memory):
    """The keys and values of memory (N, S, W)."""
    return split(apply_linear(p["key"], memory)), split(apply_linear(p["value"], memory))


def apply_layer(p, x, own, image, mask, drop):
    """own are the keys and values of the words that x attends to, image those of the image."""
    x = apply_norm(p["norm1"], x + drop(attend(p["self"], x, *own, mask, drop)))
    x = apply_norm(p["norm2"], x + drop(attend(p["cross"], x, *image, True, drop)))
    wide = drop(jax.nn.relu(apply_linear(p["wide"], x)))
    return apply_norm(p["norm3"], x + drop(apply_linear(p["narrow"], wide)))


def transformer_loss(p, key, features, captions):
    """Cross-entropy of the words that are not NULL, divided by the number of all positions."""
    keys = iter(jax.random.split(key, 1 + 6 * LAYERS))
    drop = lambda x: dropout(next(keys), x)
    words, targets = captions[:, :-1], captions[:, 1:]
    memory, mask = apply_linear(p["project"], features)[:, None], np.tri(bd.T, dtype=bool)
    x = drop(p["embedding"][words] + positions(bd.T))
    for layer in p["layers"]:
        x = apply_layer(layer, x, project(layer["self"], x), project(layer["cross"], memory), mask, drop)
    losses = optax.softmax_cross_entropy_with_integer_labels(apply_linear(p["output"], x), targets)
    return (losses * (targets != 0)).mean()


@jax.jit
def sample(p, features):
    """Greedy captions (length, N)."""
    n, length = len(features), bd.SAMPLED_WORDS
    memory, table = apply_linear(p["project"], features)[:, None], jnp.asarray(positions(length))
    images = [project(layer["cross"], memory) for layer in p["layers"]]

    def choose(state, t):
        word, caches = state
        x = (p["embedding"][word] + table[t])[:, None]
        mask, grown = jnp.arange(length) <= t, []
        for layer, cache, image in zip(p["layers"], caches, images):
            own = [jax.lax.dynamic_update_slice_in_dim(old, new, t, 1) for old, new in zip(cache, project(layer["self"], x))]
            x = apply_layer(layer, x, own, image, mask, lambda x: x)
            grown.append(own)
        word = apply_linear(p["output"], x[:, 0]).argmax(-1)
        return (word, grown), word

    empty = [[jnp.zeros((n, length, HEADS, bd.W // HEADS))] * 2 for _ in range(LAYERS)]
    return jax.lax.scan(choose, (jnp.full(n, 1), empty), jnp.arange(length))[1]


# --- training -----------------------------------------------------------------

# The parameters, the loss and the learning rate of a model.
MODELS = {
    "rnn": (functools.partial(recurrent, 1), functools.partial(recurrent_loss, rnn_cell), 5e-3),
    "lstm": (functools.partial(recurrent, 4), functools.partial(recurrent_loss, lstm_cell), 5e-3),
    "transformer": (transformer, transformer_loss, 1e-3),
}


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def step(kind, state, features, captions):
    p, adam, key = state
    key, drop = jax.random.split(key)
    loss, grads = jax.value_and_grad(MODELS[kind][1])(p, drop, features, captions)
    updates, adam = optax.adam(MODELS[kind][2]).update(grads, adam)
    return (optax.apply_updates(p, updates), adam, key), loss


def trainer(kind: str, data: bd.RandomData):
    """Returns a step of training, as a function."""
    p = MODELS[kind][0](jax.random.key(231))
    state = (p, optax.adam(MODELS[kind][2]).init(p), jax.random.key(1))

    def call() -> float:
        nonlocal state
        _, captions, features = data.minibatch(bd.BATCH)
        state, loss = step(kind, state, features, captions)
        return float(loss)

    return call


def sampler(data: bd.RandomData):
    """Returns the generation of captions, as a function."""
    p, features = transformer(jax.random.key(231)), jnp.asarray(data.minibatch(bd.BATCH)[2])

    def call() -> float:
        np.asarray(sample(p, features))
        return 0.0

    return call


def main() -> None:
    args = timing.parse(__doc__, (*MODELS, "sample"))
    device = timing.start_jax(args.threads)
    data = bd.RandomData()
    timing.measure(args, device, sampler(data) if args.model == "sample" else trainer(args.model, data))


if __name__ == "__main__":
    main()
