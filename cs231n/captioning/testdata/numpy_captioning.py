"""The captioning RNN and its solver in plain NumPy, the reference for the Go package.

Layers, parameters and the order of draws from NumPy's global stream are those of the assignment, so a seed
gives the same model, the same batches and the same losses. Every array has the model's type. (Scalars are Python
numbers here, since NumPy 2 converts a float32 array to float64 if the scalar is float64. NumPy 1 did not.)

Shape letters: N batch, T time steps, D image features, W word vector, H hidden units, V vocabulary.
"""

import dataclasses
import json
import math
import pathlib

import h5py
import numpy as np

NULL, START, END, UNKNOWN = "<NULL>", "<START>", "<END>", "<UNK>"


# --- data ---------------------------------------------------------------------


@dataclasses.dataclass
class Data:
    """Training captions (M, T) with the features (I, D) of their images."""

    captions: np.ndarray
    image_idxs: np.ndarray
    features: np.ndarray
    word_to_idx: dict[str, int]

    @classmethod
    def load(cls, folder, max_train=None):
        """Reads the training split of a folder in COCO's format. Draws max_train captions with replacement."""
        folder = pathlib.Path(folder)
        with h5py.File(folder / "coco2014_captions.h5") as f:
            captions, image_idxs = f["train_captions"][:], f["train_image_idxs"][:]
        with h5py.File(folder / "train2014_vgg16_fc7_pca.h5") as f:
            features = f["features"][:]
        words = json.loads((folder / "coco2014_vocab.json").read_text())["word_to_idx"]
        if max_train is not None:
            rows = np.random.randint(len(captions), size=max_train)
            captions, image_idxs = captions[rows], image_idxs[rows]
        return cls(captions, image_idxs, features, words)

    def minibatch(self, size):
        """Rows of captions, drawn with replacement, and the features of their images."""
        rows = np.random.choice(len(self.captions), size)
        return rows, self.captions[rows], self.features[self.image_idxs[rows]]


# --- layers -------------------------------------------------------------------


def sigmoid(x):
    small = np.exp(-np.abs(x))  # at most 1: cannot overflow
    return np.where(x >= 0, 1, small) / (1 + small)


def embedding_backward(dout, x, W):
    dW = np.zeros_like(W)
    np.add.at(dW, x, dout)
    return dW


def affine_forward(x, W, b):
    """(N, T, H) · (H, V) + (V) -> (N, T, V)."""
    N, T, H = x.shape
    return (x.reshape(N * T, H) @ W).reshape(N, T, -1) + b


def affine_backward(dout, x, W):
    rows, drows = x.reshape(-1, x.shape[-1]), dout.reshape(-1, dout.shape[-1])
    return (drows @ W.T).reshape(x.shape), rows.T @ drows, drows.sum(axis=0)


def softmax_loss(scores, targets, mask):
    """Cross-entropy of the unmasked words, summed over time and divided by N, and its gradient."""
    N, T, V = scores.shape
    flat, y, counts = scores.reshape(N * T, V), targets.ravel(), mask.ravel().astype(scores.dtype)
    at = np.arange(N * T), y
    e = np.exp(flat - flat.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -(counts * np.log(p[at])).sum() / N
    d = p
    d[at] -= 1
    d *= counts[:, None] / N
    return loss, d.reshape(N, T, V)


class Vanilla:
    """h' = tanh(x·Wx + h·Wh + b). A state is a tuple of arrays."""

    gates = 1

    @staticmethod
    def start(h0):
        return (h0,)

    @staticmethod
    def forward(x, state, Wx, Wh, b):
        (h,) = state
        after = np.tanh(x @ Wx + h @ Wh + b)
        return (after,), (x, h, after)

    @staticmethod
    def backward(dstate, saved, Wx, Wh):
        (dafter,) = dstate
        x, h, after = saved
        da = dafter * (1 - after**2)
        return da @ Wx.T, (da @ Wh.T,), x.T @ da, h.T @ da, da.sum(axis=0)


class LSTM:
    """a = x·Wx + h·Wh + b, split into i, f, o, g; c' = σ(f)∘c + σ(i)∘tanh(g); h' = σ(o)∘tanh(c')."""

    gates = 4

    @staticmethod
    def start(h0):
        return h0, np.zeros_like(h0)

    @staticmethod
    def forward(x, state, Wx, Wh, b):
        h, c = state
        H = h.shape[1]
        a = x @ Wx + h @ Wh + b
        i, f, o = (sigmoid(a[:, k * H : (k + 1) * H]) for k in range(3))
        g = np.tanh(a[:, 3 * H :])
        c_after = f * c + i * g
        t = np.tanh(c_after)
        return (o * t, c_after), (x, h, c, i, f, o, g, t)

    @staticmethod
    def backward(dstate, saved, Wx, Wh):
        dh_after, dc_after = dstate
        x, h, c, i, f, o, g, t = saved
        dc = dc_after + dh_after * o * (1 - t**2)
        da = np.concatenate(
            (
                dc * g * i * (1 - i),
                dc * c * f * (1 - f),
                dh_after * t * o * (1 - o),
                dc * i * (1 - g**2),
            ),
            axis=1,
        )
        return da @ Wx.T, (da @ Wh.T, dc * f), x.T @ da, h.T @ da, da.sum(axis=0)


CELLS = {"rnn": Vanilla, "lstm": LSTM}


def sequence_forward(cell, x, h0, Wx, Wh, b):
    """All time steps: x (N, T, W), h0 (N, H) -> h (N, T, H)."""
    N, T, _ = x.shape
    h, saved, state = np.empty((N, T, h0.shape[1]), h0.dtype), [], cell.start(h0)
    for t in range(T):
        state, s = cell.forward(x[:, t], state, Wx, Wh, b)
        h[:, t] = state[0]
        saved.append(s)
    return h, saved


def sequence_backward(cell, dh, saved, Wx, Wh):
    """Gradients of x, h0, Wx, Wh and b."""
    N, T, H = dh.shape
    dx = np.empty((N, T, Wx.shape[0]), dh.dtype)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(Wx.shape[1], dh.dtype)
    dstate = tuple(np.zeros_like(s) for s in cell.start(dh[:, 0]))
    for t in reversed(range(T)):
        dstate = (dstate[0] + dh[:, t], *dstate[1:])
        dx[:, t], dstate, step_dWx, step_dWh, step_db = cell.backward(dstate, saved[t], Wx, Wh)
        dWx += step_dWx
        dWh += step_dWh
        db += step_db
    return dx, dstate[0], dWx, dWh, db


# --- model --------------------------------------------------------------------


class CaptioningRNN:
    """The projected features are the first hidden state. Each input word gives scores of the next word."""

    def __init__(self, kind, word_to_idx, input_dim, wordvec_dim, hidden_dim, dtype=np.float32):
        self.cell, self.dtype = CELLS[kind], np.dtype(dtype)
        self.null, self.start = word_to_idx[NULL], word_to_idx.get(START)
        V, D, W, H = len(word_to_idx), input_dim, wordvec_dim, hidden_dim
        wide = self.cell.gates * H
        drawn = {
            "W_embed": np.random.randn(V, W) / 100,
            "W_proj": np.random.randn(D, H) / math.sqrt(D),
            "b_proj": np.zeros(H),
            "Wx": np.random.randn(W, wide) / math.sqrt(W),
            "Wh": np.random.randn(H, wide) / math.sqrt(H),
            "b": np.zeros(wide),
            "W_vocab": np.random.randn(H, V) / math.sqrt(H),
            "b_vocab": np.zeros(V),
        }
        self.params = {name: values.astype(self.dtype) for name, values in drawn.items()}

    def loss(self, features, captions):
        """The loss of captions (N, T+1) of images (N, D), and the gradients by parameter name."""
        p, features = self.params, features.astype(self.dtype)
        words, targets = captions[:, :-1], captions[:, 1:]

        h0 = features @ p["W_proj"] + p["b_proj"]
        x = p["W_embed"][words]
        h, saved = sequence_forward(self.cell, x, h0, p["Wx"], p["Wh"], p["b"])
        scores = affine_forward(h, p["W_vocab"], p["b_vocab"])
        loss, dscores = softmax_loss(scores, targets, targets != self.null)

        dh, dW_vocab, db_vocab = affine_backward(dscores, h, p["W_vocab"])
        dx, dh0, dWx, dWh, db = sequence_backward(self.cell, dh, saved, p["Wx"], p["Wh"])
        grads = {
            "W_embed": embedding_backward(dx, words, p["W_embed"]),
            "W_proj": features.T @ dh0,
            "b_proj": dh0.sum(axis=0),
            "Wx": dWx,
            "Wh": dWh,
            "b": db,
            "W_vocab": dW_vocab,
            "b_vocab": db_vocab,
        }
        assert loss.dtype == self.dtype and all(g.dtype == self.dtype for g in grads.values())
        return loss, grads

    def sample(self, features, max_length=30):
        """Greedy captions (N, max_length), and the smallest difference between the two highest scores."""
        p, features = self.params, features.astype(self.dtype)
        state = self.cell.start(features @ p["W_proj"] + p["b_proj"])
        word = np.full(len(features), self.start)
        captions, margin = np.empty((len(features), max_length), np.int32), math.inf
        for t in range(max_length):
            state, _ = self.cell.forward(p["W_embed"][word], state, p["Wx"], p["Wh"], p["b"])
            scores = state[0] @ p["W_vocab"] + p["b_vocab"]
            word = captions[:, t] = scores.argmax(axis=1)
            best = np.sort(scores, axis=1)
            margin = min(margin, float((best[:, -1] - best[:, -2]).min()))
        return captions, margin


# --- update rules -------------------------------------------------------------
# Each returns the parameter after a step. state is the rule's state for this parameter.


def sgd(w, g, lr, state):
    return w - lr * g


def sgd_momentum(w, g, lr, state):
    state["v"] = 0.9 * state.get("v", np.zeros_like(w)) - lr * g
    return w + state["v"]


def rmsprop(w, g, lr, state):
    state["cache"] = 0.99 * state.get("cache", np.zeros_like(w)) + (1 - 0.99) * g**2
    return w - lr * g / (np.sqrt(state["cache"]) + 1e-8)


def adam(w, g, lr, state):
    t = state["t"] = state.get("t", 0) + 1
    state["m"] = 0.9 * state.get("m", np.zeros_like(w)) + (1 - 0.9) * g
    state["v"] = 0.999 * state.get("v", np.zeros_like(w)) + (1 - 0.999) * g**2
    step = lr * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - step * state["m"] / (np.sqrt(state["v"]) + 1e-8)


RULES = {"sgd": sgd, "sgd_momentum": sgd_momentum, "rmsprop": rmsprop, "adam": adam}


class CaptioningSolver:
    """Trains a model; every epoch multiplies the learning rate by lr_decay."""

    def __init__(self, model, data, rule, learning_rate, lr_decay=1.0, batch_size=100):
        self.model, self.data, self.rule = model, data, RULES[rule]
        self.learning_rate, self.lr_decay, self.batch_size = learning_rate, lr_decay, batch_size
        self.state = {name: {} for name in model.params}
        self.batches, self.losses = [], []

    def step(self):
        rows, captions, features = self.data.minibatch(self.batch_size)
        loss, grads = self.model.loss(features, captions)
        for name, w in self.model.params.items():
            w = self.rule(w, grads[name], self.learning_rate, self.state[name])
            assert w.dtype == self.model.dtype
            self.model.params[name] = w
        self.batches.append(rows.tolist())
        self.losses.append(float(loss))
        if len(self.losses) % max(len(self.data.captions) // self.batch_size, 1) == 0:
            self.learning_rate *= self.lr_decay

    def train(self, iterations):
        for _ in range(iterations):
            self.step()
        return self.losses
