"""Times the notebooks' cells in two real kernels: the one that `make setup` installs, and stock GoNB.

Every notebook runs in the quick setting, at first without compiled programs from earlier runs. In our kernel it runs
again with those of the first time. Cells that do not train are timed from the request to the kernel's idle message.
Stock GoNB gets this project's packages and the paths to find them, but none of the settings that make building a cell
fast. Its `go get` before each cell is off, since that depends on the network. A notebook that fails is reported and
left out. The results are one line of JSON on standard output; messages go to standard error.
`make bench` calls this script with the Makefile's environment.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jupytext
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from kernelspec import ROOT, kernelspec

# Variables of this project's kernel alone: flags for fast builds, memory settings, its own go command.
TUNING = ("GOFLAGS", "GLIBC_TUNABLES", "CS231N_GO")
TRAINERS = {"Train", "TrainOnce"}
FUNCTION = re.compile(r"^func (?:\([^)]*\) )?(\w+)(.*?)^}", re.DOTALL | re.MULTILINE)


class CellError(Exception):
    """A cell failed."""


def calls(code: str, names: set[str]) -> bool:
    """Whether code calls a function or method of one of the names."""
    return any(re.search(rf"\b{name}\(", code) for name in names)


def training(cells: list[str]) -> list[bool]:
    """Reports for each cell whether running it trains, directly or through a function of this or an earlier cell."""
    trainers, flags = set(TRAINERS), []
    for source in cells:
        declared, _, body = f"\n{source}".partition("\n%%")  # GoNB runs the code below %%
        trainers |= {name for name, code in FUNCTION.findall(declared) if calls(code, trainers)}
        flags.append(calls(body, trainers))
    return flags


def stock() -> dict:
    """The kernel as `gonb --install` registers it, plus the paths that every cell here needs."""
    spec = kernelspec()
    binaries = os.path.join(sys.prefix, "bin")
    kept = {name: value for name, value in spec["env"].items() if name not in TUNING}
    argv = [os.path.join(binaries, "gonb"), "--kernel", "{connection_file}", f"-go_work={ROOT}"]
    return spec | {"argv": argv, "env": kept | {"PATH": os.pathsep.join([binaries, "${PATH}"])}}


def time_cells(path: Path, spec: dict, folder: Path) -> list[float]:
    """Runs a notebook in a fresh kernel and returns the seconds of the cells that do not train.

    The folder keeps compiled programs. Training runs go into a new folder in it.
    """
    cells = [c.source for c in jupytext.read(path).cells if c.cell_type == "code" and c.source.strip()]
    manager = KernelManager()
    manager._kernel_spec = KernelSpec(**spec)
    environment = {name: value for name, value in os.environ.items() if name not in TUNING}
    environment |= {"CS231N_QUICK": "1", "CS231N_OUT": tempfile.mkdtemp(dir=folder), "CS231N_XLA_CACHE": str(folder / "xla")}
    manager.start_kernel(env=environment, cwd=str(path.parent), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        seconds = []
        client.execute_interactive("%noautoget", output_hook=lambda message: None, allow_stdin=False)
        for number, (source, trains) in enumerate(zip(cells, training(cells)), 1):
            begun = time.monotonic()
            reply = client.execute_interactive(source, output_hook=lambda message: None, allow_stdin=False)
            if reply["content"]["status"] != "ok":
                raise CellError(f"cell {number} failed: {reply['content'].get('evalue', 'no message')}; run the notebook to see its output")
            if not trains:
                seconds.append(time.monotonic() - begun)
        return seconds
    finally:
        client.stop_channels()
        manager.shutdown_kernel()  # a kernel that is killed instead leaves its gopls running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="notebooks (default: notebooks/*.ipynb)")
    args = parser.parse_args()
    results = []
    for path in args.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb")):
        for kernel, spec in (("ours", kernelspec()), ("stock GoNB", stock())):
            try:
                with tempfile.TemporaryDirectory() as folder:
                    seconds = sorted(time_cells(path, spec, Path(folder)))
                    again = time_cells(path, spec, Path(folder)) if kernel == "ours" else None
            except CellError as error:
                print(f"  {path.stem}, left out with {kernel}: {error}", file=sys.stderr, flush=True)
                continue
            result = {
                "notebook": path.stem,
                "kernel": kernel,
                "cells": len(seconds),
                "median_s": round(statistics.median(seconds), 2),
                "p90_s": round(seconds[int(0.9 * (len(seconds) - 1))], 2),
            }
            if again:
                result["again_s"] = round(statistics.median(again), 2)
            print(f"  {path.stem}, {kernel}: {result}", file=sys.stderr, flush=True)
            results.append(result)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
