"""Times h5py on a folder of captioning data, the figure that BenchmarkLoad is held against, and prints the peak memory.

    CS231N_BENCH_DATA=/tmp/full go test -run '^$' -bench Load ./cs231n/coco     # makes the folder
    python cs231n/coco/testdata/bench_h5py.py /tmp/full

Needs h5py and NumPy. It reads what load_coco_data reads: captions, features after PCA, vocabulary, addresses.
"""

import json
import pathlib
import resource
import statistics
import sys
import time

import h5py
import numpy as np


def load(folder):
    data = {}
    with h5py.File(folder / "coco2014_captions.h5") as f:
        for name, values in f.items():
            data[name] = np.asarray(values)
    for split in ("train", "val"):
        with h5py.File(folder / f"{split}2014_vgg16_fc7_pca.h5") as f:
            data[f"{split}_features"] = np.asarray(f["features"])
        data[f"{split}_urls"] = np.asarray([line.strip() for line in open(folder / f"{split}2014_urls.txt")])
    json.load(open(folder / "coco2014_vocab.json"))
    return data


def main():
    folder, times = pathlib.Path(sys.argv[1]), []
    for _ in range(5):
        begin = time.perf_counter()
        data = load(folder)
        times.append((time.perf_counter() - begin) * 1e3)
        arrays = sum(v.nbytes for name, v in data.items() if not name.endswith("urls"))
        del data
    print(json.dumps({
        "median-ms": round(statistics.median(times), 1), "min-ms": round(min(times), 1),
        "array-MiB": arrays >> 20, "peak-MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }))


main()
