"""Times NumPy's training step of the captioning RNN and LSTM, for comparison.

Run from the repository's root, in an environment made from kernels/requirements-torch.txt, which has NumPy and h5py:

    python cs231n/captioning/testdata/bench_numpy.py --model lstm --threads 2

A step draws its batch, computes loss and gradients with one Python iteration per time step, and updates every parameter with
Adam. On a busy machine one thread can be faster than two: time both and compare with the faster. --dtype float64 is the type
of NumPy 2's results when a program multiplies its float32 parameters by a float64 scalar.
"""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "testdata"))
import timing


def main() -> None:
    args = timing.parse(__doc__, ("rnn", "lstm"), dtype=("float32", "float64"))
    # After timing.parse, because these import NumPy.
    import bench_data as bd
    import numpy_captioning as nc

    data = bd.RandomData()
    model = nc.CaptioningRNN(args.model, bd.WORDS, bd.D, bd.W, bd.H, args.dtype)
    solver = nc.CaptioningSolver(model, data, "adam", learning_rate=5e-3, lr_decay=0.95, batch_size=bd.BATCH)

    def step() -> float:
        solver.step()
        return solver.losses[-1]

    timing.measure(args, "cpu", step)


if __name__ == "__main__":
    main()
