"""Executes notebooks without a browser, saying what it does while it does it.

Each notebook is run from its first cell to its last in a fresh Go kernel. A line
tells of every finished cell, and a cell that takes long shows its latest output
now and then. The executed notebooks and an HTML page of each go to --output-dir;
--in-place writes the notebooks back where they came from as well. A source in
jupytext's Markdown (notebooks/source/NAME.md) stands for notebooks/NAME.ipynb.

The exit status is 0 when every notebook ran through, 1 when a cell failed or an
expectation was not met, 2 for a wrong command line.
"""

import argparse
import asyncio
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from cell_outputs import complaint, join_streams, panicked, printed, rendered
from html_page import FormulaError, html_page

HEARTBEAT_SECONDS = 20
# What the kernel says of itself holds this machine's Go release and no name for the syntax highlighter.
LANGUAGE = {"name": "go", "file_extension": ".go", "mimetype": "text/x-go", "codemirror_mode": "go", "pygments_lexer": "go"}


class NotebookError(Exception):
    """A notebook that did not come through; its message is one short paragraph."""


def say(text: str) -> None:
    print(text, flush=True)


def title(source: str) -> str:
    """The line that tells best what a cell does: the first that is neither a bare command nor an import."""
    code = re.sub(r"^import\s*(\(.*?^\)|.*?$)", "", source, flags=re.DOTALL | re.MULTILINE)
    lines = [line.strip() for line in code.splitlines()]
    telling = [line for line in lines if line and not line.startswith("%")]
    first = (telling or source.strip().splitlines() or [""])[0]
    return first if len(first) <= 60 else first[:59] + "…"


class Runner(NotebookClient):
    """NotebookClient that reports cells, drops progress displays and judges what a cell printed."""

    def __init__(self, nb, name: str, **traits):
        # Timestamps would make every regenerated notebook differ.
        super().__init__(nb, kernel_name="gonb", record_timing=False, **traits)
        self.name = name
        self.numbers = {}
        for index, cell in enumerate(nb.cells):
            if cell.cell_type == "code" and cell.source.strip():
                self.numbers[index] = len(self.numbers) + 1
        self.head, self.latest, self.progress = name, "", []
        self.on_cell_start = self.started
        self.on_cell_executed = self.executed

    def started(self, cell, cell_index: int) -> None:
        if cell_index in self.numbers:
            self.begun, self.latest, self.progress = time.monotonic(), "", []
            self.head = f"{self.name} {self.numbers[cell_index]:>2}/{len(self.numbers)}"
            self.heart = asyncio.ensure_future(self.beat())

    async def beat(self) -> None:
        """Shows the latest line of a running cell, so that training does not look like hanging."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            say(f"{self.head} {time.monotonic() - self.begun:7.1f} s … {self.latest}")

    def process_message(self, msg, cell, cell_index):
        content = msg["content"]
        said = printed(content.get("text") or "") or rendered((content.get("data") or {}).get("text/html") or "")
        self.latest = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), self.latest)
        output = super().process_message(msg, cell, cell_index)
        if output is not None and (content.get("transient") or {}).get("display_id"):
            self.progress.append(output)
        return output

    def executed(self, cell, cell_index: int, execute_reply) -> None:
        self.heart.cancel()
        # GoNB gives an id only to displays that are updated while the cell runs.
        cell.outputs = join_streams([o for o in cell.outputs if not any(o is p for p in self.progress)])
        failed = execute_reply["content"]["status"] != "ok"
        bad = failed or any(o.output_type == "error" for o in cell.outputs) or panicked(cell.outputs)
        seconds = time.monotonic() - self.begun
        say(f"{self.head} {seconds:7.1f} s {'FAILED ' if bad else ''}  {title(cell.source)}")
        if bad:
            raise NotebookError(f"{self.name}, cell {self.numbers[cell_index]}: {complaint(cell.outputs)}")


def read(path: Path) -> nbformat.NotebookNode:
    """Reads a notebook or its Markdown source, with cell ids that stay the same from run to run."""
    try:
        nb = jupytext.read(path)
    except (OSError, ValueError) as error:
        raise NotebookError(f"cannot read {path}: {error}; give a notebook (.ipynb) or its source (.md)") from error
    nb.metadata.pop("jupytext", None)
    for number, cell in enumerate(nb.cells, 1):
        cell.id = f"cell-{number}"
    nb.nbformat, nb.nbformat_minor = 4, 5
    return nb


def execute(nb, path: Path, log: Path, timeout: float | None) -> None:
    """Runs every cell of nb in a kernel that starts where the notebook lies; log gets the kernel's own messages."""
    runner = Runner(nb, path.stem, timeout=timeout, resources={"metadata": {"path": str(path.parent)}})
    with log.open("w") as kernel_log:
        try:
            runner.execute(stderr=kernel_log, stdout=subprocess.DEVNULL)
        except CellTimeoutError as error:
            raise NotebookError(f"{runner.head}: ran longer than {timeout:g} s; raise --timeout") from error
        except DeadKernelError as error:
            raise NotebookError(f"{path.stem}: the Go kernel died; {log} has its last words") from error
        except CellExecutionError as error:
            raise NotebookError(f"{path.stem}: {error.evalue or error}") from error
        except AssertionError as error:
            if runner.km is None:  # at Ctrl-C nbclient shuts the kernel down, and then misses it, more than once
                logging.getLogger("asyncio").disabled = True
                raise KeyboardInterrupt from error
            raise
        except RuntimeError as error:
            raise NotebookError(f"{path.stem}: the Go kernel did not start ({error}); {log} has its words") from error


def expect_images(nb, name: str) -> None:
    """Raises unless every code cell was run and some cell shows a picture."""
    code = [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]
    idle = [number for number, cell in enumerate(code, 1) if not cell.execution_count]
    if idle:
        raise NotebookError(f"{name}: cells {idle} have no execution count; run the notebook from its first cell")
    if not any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs):
        raise NotebookError(f"{name}: no cell shows a picture (image/png); a display call is missing or silent")


def page(nb, path: Path) -> str:
    """The HTML page of nb, which is or will be at path."""
    try:
        return html_page(nb, path.stem, str(path.parent))
    except FormulaError as error:
        raise NotebookError(f"{path.stem}: {error}") from error


def write(nb, path: Path, copy: Path) -> None:
    """Writes nb to copy and beside it as an HTML page."""
    nb.metadata.language_info = LANGUAGE
    nbformat.write(nb, copy)
    copy.with_suffix(".html").write_text(page(nb, path))


def run(path: Path, args: argparse.Namespace) -> None:
    """Executes one notebook and writes its copies, of a failed one what there is."""
    nb = read(path)
    if path.suffix == ".md":
        path = path.parent.parent / f"{path.stem}.ipynb"
    page(nb, path)  # a formula that cannot be set is found now and not after the training
    copy = args.output_dir / f"{path.stem}.ipynb"
    try:
        execute(nb, path, copy.with_suffix(".log"), args.timeout)
        if args.expect_images:
            expect_images(nb, path.stem)
    except NotebookError:
        write(nb, path, copy)
        raise
    write(nb, path, copy)
    if args.in_place:
        nbformat.write(nb, path)


def reading_order(paths: Iterable[Path]) -> list[Path]:
    """Those first whose runs later ones compare with, then by name."""
    first = ["RNN_Captioning", "LSTM_Captioning"]
    return sorted(paths, key=lambda path: (first.index(path.stem) if path.stem in first else len(first), path.stem))


def without_effect(paths: list[Path]) -> list[str]:
    """The CS231N_ variables of the environment that nothing in these notebooks looks at: most are typing errors."""
    known = {"QUICK", "OUT", "DATA", "ROOT", "GO", "GOCACHE"}
    for path in paths:
        if path.exists():
            known.update(re.findall(r'nb\.Setting\(\\?"(\w+)', path.read_text()))
    return sorted(name for name in os.environ if name.startswith("CS231N_") and name.removeprefix("CS231N_") not in known)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="notebooks or their Markdown sources (default: notebooks/*.ipynb, with --in-place notebooks/source/*.md)")
    parser.add_argument("--output-dir", type=Path, default=Path("out/notebooks"), help="where the executed copies, HTML pages and kernel logs go (default: %(default)s)")
    parser.add_argument("--in-place", action="store_true", help="write each notebook itself as well; a failed one stays as it was")
    parser.add_argument("--quick", action="store_true", help="set CS231N_QUICK=1, with which the notebooks train briefly")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="give up on a cell after so long (default: never)")
    parser.add_argument("--expect-images", action="store_true", help="fail unless each notebook shows a picture and ran every cell")
    args = parser.parse_args()

    if args.quick:
        os.environ["CS231N_QUICK"] = "1"
    elif args.in_place:
        os.environ.pop("CS231N_QUICK", None)  # what is committed has trained in full
    paths = args.notebooks or reading_order(Path("notebooks").glob("source/*.md" if args.in_place else "*.ipynb"))
    if not paths:
        say("no notebooks in notebooks/: make notebooks makes them from notebooks/source")
        return 1
    for name in without_effect(paths):
        say(f"note: {name} has no effect: none of the notebooks has a setting of that name")
    args.output_dir.mkdir(parents=True, exist_ok=True)
    # What cells train and keep: not where somebody at work in JupyterLab has theirs. A run that was
    # broken off goes on from here the next time, but what is committed tells of whole runs.
    runs = (args.output_dir / "runs").resolve()
    if args.in_place and not args.notebooks:
        shutil.rmtree(runs, ignore_errors=True)
    os.environ.setdefault("CS231N_OUT", str(runs))

    failures = []
    for path in paths:
        begun = time.monotonic()
        try:
            run(path, args)
            say(f"{path.stem}: done in {time.monotonic() - begun:.0f} s")
        except NotebookError as error:
            failures.append(path.stem)
            say(f"FAILED {error}")
    if args.in_place:
        say(f"{len(paths) - len(failures)} of {len(paths)} notebooks written in place")
    say(f"executed notebooks and HTML pages: {args.output_dir}/ (open a page in a browser, or the notebooks with make lab)")
    if failures:
        say(f"FAILED: {len(failures)} of {len(paths)} notebooks: {', '.join(failures)}")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")
