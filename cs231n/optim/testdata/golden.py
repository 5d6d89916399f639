"""Writes golden.json: steps of the optimizers in NumPy and PyTorch.

    python golden.py > golden.json

Made with NumPy 2.4 and PyTorch 2.15. Two parameters take nine steps with each rule, in float64 and in
float32. The gradients range from 1 down to 1e-9, to detect a misplaced epsilon. After every third step
the learning rate is multiplied by 0.7.

A second run of PyTorch's Adam has schedules of the learning rate instead, and moving averages of the parameters.
"""

import json
import math

import numpy as np
import torch

STEPS, PERIOD, FACTOR = 9, 3, 0.7
SHAPES = {"bias": (7,), "weight": (2, 3, 5)}


def inputs():
    """Parameters and, for every step, gradients."""
    start, gradients = {}, {}
    for name, shape in SHAPES.items():
        position = np.arange(np.prod(shape)).reshape(shape)
        start[name] = np.cos(position + 0.5)
        size = 10.0 ** -(position % 10)
        gradients[name] = [size * (np.sin(1.7 * position + step) + 0.4) for step in range(STEPS)]
    return start, gradients


def sgd(w, g, lr, t, state):
    return w - lr * g


def sgd_momentum(w, g, lr, t, state):
    state["v"] = 0.9 * state.get("v", 0 * w) - lr * g
    return w + state["v"]


def rmsprop(w, g, lr, t, state):
    state["c"] = 0.99 * state.get("c", 0 * w) + (1 - 0.99) * g**2
    return w - lr * g / (np.sqrt(state["c"]) + 1e-8)


def adam(w, g, lr, t, state):
    state["m"] = 0.9 * state.get("m", 0 * w) + (1 - 0.9) * g
    state["v"] = 0.999 * state.get("v", 0 * w) + (1 - 0.999) * g**2
    # A Python number does not change the type of a float32 array.
    rate = lr * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
    return w - rate * state["m"] / (np.sqrt(state["v"]) + 1e-8)


def torch_adam(w, g, lr, t, state):
    if t == 1:
        state["w"] = torch.tensor(w, requires_grad=True)
        state["optimizer"] = torch.optim.Adam([state["w"]], lr=lr, betas=(0.9, 0.999), eps=1e-8, foreach=False)
    state["optimizer"].param_groups[0]["lr"] = lr
    state["w"].grad = torch.tensor(g)
    state["optimizer"].step()
    return state["w"].detach().numpy().copy()


def run(rule, lr, dtype):
    """The parameters after each step, flat."""
    start, gradients = inputs()
    result = {}
    for name in SHAPES:
        w, state, rate = start[name].astype(dtype), {}, lr
        result[name] = []
        for t in range(1, STEPS + 1):
            w = rule(w, gradients[name][t - 1].astype(dtype), rate, t, state)
            assert w.dtype == dtype
            result[name].append(w.ravel().tolist())
            if t % PERIOD == 0:
                rate *= FACTOR
    return result


def warmup_cosine(step):
    """A warm-up of 3 steps times a cosine of 6 steps, which ends at 0.25. step counts from 0."""
    wave = (1 + math.cos(math.pi * min(1, step / 6))) / 2
    return min(1, (step + 1) / 3) * (0.25 + 0.75 * wave)


SCHEDULES = {
    "cosine": lambda adam: torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=STEPS, eta_min=1e-4),
    "warmup": lambda adam: torch.optim.lr_scheduler.LinearLR(adam, start_factor=1 / 4, total_iters=3),
    "both": lambda adam: torch.optim.lr_scheduler.LambdaLR(adam, warmup_cosine),
}


def run_scheduled(schedule, dtype):
    """The parameters after each step of Adam with a schedule, and their averages with a decay of 0.4."""
    start, gradients = inputs()
    result = {"parameters": {}, "averages": {}}
    for name in SHAPES:
        w = torch.tensor(start[name].astype(dtype), requires_grad=True)
        average = w.detach().clone()
        adam = torch.optim.Adam([w], lr=1e-3, foreach=False)
        scheduler = SCHEDULES[schedule](adam)
        steps, averages = [], []
        for t in range(1, STEPS + 1):
            w.grad = torch.tensor(gradients[name][t - 1].astype(dtype))
            adam.step()
            scheduler.step()
            average = torch.optim.swa_utils.get_ema_avg_fn(min(0.4, t / (9 + t)))(average, w.detach(), None)
            steps.append(w.detach().ravel().tolist())
            averages.append(average.ravel().tolist())
        result["parameters"][name], result["averages"][name] = steps, averages
    return result


def main():
    start, gradients = inputs()
    golden = {
        "period": PERIOD,
        "factor": FACTOR,
        "start": {name: w.ravel().tolist() for name, w in start.items()},
        "gradients": {name: [g.ravel().tolist() for g in steps] for name, steps in gradients.items()},
        "steps": {},
    }
    rules = {"sgd": (sgd, 1e-2), "sgd_momentum": (sgd_momentum, 1e-2), "rmsprop": (rmsprop, 1e-2), "adam": (adam, 1e-3), "torch_adam": (torch_adam, 1e-3)}
    for name, (rule, lr) in rules.items():
        golden["steps"][name] = {dtype.__name__: run(rule, lr, dtype) for dtype in (np.float64, np.float32)}
    golden["scheduled"] = {name: {dtype.__name__: run_scheduled(name, dtype) for dtype in (np.float64, np.float32)} for name in SCHEDULES}
    print(json.dumps(golden))


if __name__ == "__main__":
    main()
