"""Times NumPy's training step of the captioning RNN and LSTM, for comparison.

Run from the repository's root, in an environment with numpy and h5py:

    python cs231n/captioning/testdata/bench_numpy.py --threads 2

The sizes are those of the assignment's overfitting cells on COCO. A step draws its batch, computes loss and
gradients with one Python iteration per time step, and updates every parameter with Adam. Captions are random
and have no padding, which does not change the work. Prints one line of JSON with times in milliseconds.

On a busy machine one thread can be faster than two: time both and compare with the faster. --dtype float64 is
what NumPy 2 computes when a program multiplies its float32 parameters by a float64 scalar.
"""

import argparse
import json
import os
import resource
import statistics
import time

BATCH, T, H, W, D, V = 25, 16, 512, 256, 512, 1004
CAPTIONS, IMAGES = 50, 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=("rnn", "lstm"), default="lstm")
    parser.add_argument("--warmup", type=int, default=3, help="steps before timing starts")
    parser.add_argument("--iters", type=int, default=20, help="steps to time (at least 1)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of the matrix products")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    args = parser.parse_args()
    if args.warmup < 0 or args.iters < 1 or args.threads < 1:
        parser.error("--warmup cannot be negative, --iters and --threads must be at least 1")

    # The BLAS library reads these once, when NumPy is imported.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    import numpy as np

    import numpy_captioning as nc

    words = {nc.NULL: 0, nc.START: 1, nc.END: 2, **{f"word{i}": i for i in range(3, V)}}
    np.random.seed(231)
    data = nc.Data(
        captions=np.random.randint(3, V, size=(CAPTIONS, T + 1)),
        image_idxs=np.random.randint(IMAGES, size=CAPTIONS),
        features=np.random.randn(IMAGES, D).astype(np.float32),
        word_to_idx=words,
    )
    model = nc.CaptioningRNN(args.model, words, D, W, H, args.dtype)
    solver = nc.CaptioningSolver(model, data, "adam", learning_rate=5e-3, lr_decay=0.95, batch_size=BATCH)
    times = []
    for _ in range(args.warmup + args.iters):
        start = time.perf_counter()
        solver.step()
        times.append(1e3 * (time.perf_counter() - start))
    timed = times[args.warmup :]
    print(json.dumps({
        "model": args.model,
        "median_ms": round(statistics.median(timed), 1),
        "min_ms": round(min(timed), 1),
        "max_ms": round(max(timed), 1),
        "first_ms": round(times[0], 1),
        "last_loss": solver.losses[-1],
        "iters": args.iters,
        "threads": args.threads,
        "dtype": args.dtype,
        "numpy": np.__version__,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,  # KiB on Linux
    }))


if __name__ == "__main__":
    main()
