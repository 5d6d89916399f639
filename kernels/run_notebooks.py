"""Executes notebooks without a browser and reports progress.

Each notebook runs from its first cell to its last in a fresh Go kernel. Every finished cell prints a line, and a
cell that takes long prints its latest output every few seconds. The executed notebooks and an HTML page of each go
to --output-dir. --in-place also overwrites the notebooks themselves. A source in jupytext's Markdown
(notebooks/source/NAME.md) is the source of notebooks/NAME.ipynb.

The exit status is 0 if every notebook succeeded, 1 if a cell failed or an expectation was not met, and 2 for a
wrong command line.
"""

import argparse
import asyncio
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
from nbclient.util import run_sync

from cell_outputs import complaint, join_streams, panicked, printed, rendered
from html_page import FormulaError, html_page

HEARTBEAT_SECONDS = 20
# The kernel's own description contains this machine's Go release, and no name for the syntax highlighter.
LANGUAGE = {"name": "go", "file_extension": ".go", "mimetype": "text/x-go", "codemirror_mode": "go", "pygments_lexer": "go"}


class NotebookError(Exception):
    """A notebook failed. The message is one short paragraph."""


def say(text: str) -> None:
    print(text, flush=True)


def title(source: str) -> str:
    """The line that describes a cell best: the first that is neither a bare command nor an import."""
    code = re.sub(r"^import\s*(\(.*?^\)|.*?$)", "", source, flags=re.DOTALL | re.MULTILINE)
    lines = [line.strip() for line in code.splitlines()]
    telling = [line for line in lines if line and not line.startswith("%")]
    first = (telling or source.strip().splitlines() or [""])[0]
    return first if len(first) <= 60 else first[:59] + "…"


class Runner(NotebookClient):
    """NotebookClient that reports finished cells, drops progress displays and fails cells by their output."""

    def __init__(self, nb, name: str, **traits):
        # Timestamps would make every regenerated notebook differ.
        super().__init__(nb, kernel_name="gonb", record_timing=False, **traits)
        self.name = name
        self.numbers = {}
        for index, cell in enumerate(nb.cells):
            if cell.cell_type == "code" and cell.source.strip():
                self.numbers[index] = len(self.numbers) + 1
        self.head, self.latest, self.progress = name, "", []
        self.heart = None
        self.on_cell_start = self.started
        self.on_cell_executed = self.executed
        self.interrupted, self.main, self.cleaning = False, None, asyncio.Lock()

    async def async_execute(self, *args, **kwargs):
        self.main = asyncio.current_task()
        return await super().async_execute(*args, **kwargs)

    execute = run_sync(async_execute)

    async def _async_cleanup_kernel(self) -> None:
        """nbclient calls this in a separate task at Ctrl-C, and once more at the end."""
        self.interrupted = self.interrupted or asyncio.current_task() is not self.main
        async with self.cleaning:
            if self.km is not None:
                await super()._async_cleanup_kernel()

    def started(self, cell, cell_index: int) -> None:
        if cell_index in self.numbers:
            self.begun, self.latest, self.progress = time.monotonic(), "", []
            self.head = f"{self.name} {self.numbers[cell_index]:>2}/{len(self.numbers)}"
            self.heart = asyncio.ensure_future(self.beat())

    async def beat(self) -> None:
        """Prints the latest line of a running cell now and then, so that training does not look like hanging."""
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

    def still(self) -> None:
        """Ends the beat of the cell that ran last. A cell whose kernel died or that timed out has no other end."""
        if self.heart:
            self.heart.cancel()

    def executed(self, cell, cell_index: int, execute_reply) -> None:
        self.still()
        # GoNB gives an id only to displays that it updates while the cell runs.
        cell.outputs = join_streams([o for o in cell.outputs if not any(o is p for p in self.progress)])
        failed = execute_reply["content"]["status"] != "ok"
        bad = failed or any(o.output_type == "error" for o in cell.outputs) or panicked(cell.outputs)
        seconds = time.monotonic() - self.begun
        say(f"{self.head} {seconds:7.1f} s {'FAILED ' if bad else ''}  {title(cell.source)}")
        if bad:
            raise NotebookError(f"{self.name}, cell {self.numbers[cell_index]}: {complaint(cell.outputs)}")


def read(path: Path) -> nbformat.NotebookNode:
    """Reads a notebook or its Markdown source. The ids of the cells are the same in every run."""
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
    """Runs every cell of nb in a kernel whose working folder is the notebook's. The kernel's own messages go to log."""
    runner = Runner(nb, path.stem, timeout=timeout, resources={"metadata": {"path": str(path.parent)}})
    with log.open("w") as kernel_log:
        try:
            runner.execute(stderr=kernel_log, stdout=subprocess.DEVNULL)
        except Exception as error:
            if runner.interrupted:  # the cell fails, since its kernel is gone
                raise KeyboardInterrupt from error
            if isinstance(error, NotebookError):
                raise
            raise explained(error, runner, path, log) from error
        finally:
            runner.still()


def explained(error: Exception, runner: Runner, path: Path, log: Path) -> Exception:
    """The error of a notebook for the user, or an unexpected one unchanged."""
    if isinstance(error, CellTimeoutError):
        return NotebookError(f"{runner.head}: ran longer than {runner.timeout:g} s; raise --timeout")
    if isinstance(error, DeadKernelError):
        return NotebookError(f"{runner.head}: the Go kernel died; see its log {log}")
    if isinstance(error, CellExecutionError):
        return NotebookError(f"{path.stem}: {error.evalue or error}")
    if isinstance(error, RuntimeError):
        return NotebookError(f"{path.stem}: the Go kernel did not start ({error}); see its log {log}")
    return error


def expect_images(nb, name: str) -> None:
    """Raises NotebookError unless every code cell was run and one of them shows a picture."""
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
    """Writes nb to copy, and its HTML page beside it."""
    nb.metadata.language_info = LANGUAGE
    nbformat.write(nb, copy)
    copy.with_suffix(".html").write_text(page(nb, path))


def run(path: Path, args: argparse.Namespace) -> None:
    """Executes one notebook and writes its copies. A failed notebook is written up to the failure."""
    nb = read(path)
    if path.suffix == ".md":
        path = path.parent.parent / f"{path.stem}.ipynb"
    page(nb, path)  # finds a wrong formula before the training, not after it
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
    """Sorts by name, after the notebooks whose training runs later ones compare with."""
    first = ["RNN_Captioning", "LSTM_Captioning", "Generative_Adversarial_Networks"]
    return sorted(paths, key=lambda path: (first.index(path.stem) if path.stem in first else len(first), path.stem))


def without_effect(paths: list[Path]) -> list[str]:
    """The CS231N_ variables of the environment that these notebooks do not read. Most are typing errors."""
    known = {"QUICK", "OUT", "DATA", "ROOT", "GO", "GOCACHE"}
    for path in paths:
        if path.exists():
            known.update(re.findall(r'nb\.Setting\(\\?"(\w+)', path.read_text()))
    return sorted(name for name in os.environ if name.startswith("CS231N_") and name.removeprefix("CS231N_") not in known)


def trained(path: Path) -> set[str]:
    """The names of the training runs that a notebook makes, as its source spells them."""
    return set(re.findall(r'nb\.(?:Train|TrainOnce|OutDir)\(\\?"([\w-]+)\\?"', path.read_text())) if path.exists() else set()


def forget(runs: Path, paths: list[Path]) -> None:
    """Removes the training runs of these notebooks, such as lstm and lstm-full, so that none resumes or reuses one.

    Runs of other notebooks stay for comparison.
    """
    for path in paths:
        for name in trained(path):
            for run in (runs / name, *runs.glob(f"{name}-*")):
                shutil.rmtree(run, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="notebooks or their Markdown sources (default: notebooks/*.ipynb, with --in-place notebooks/source/*.md)")
    parser.add_argument("--output-dir", type=Path, default=Path("out/notebooks"), help="folder for the executed copies, HTML pages and kernel logs (default: %(default)s)")
    parser.add_argument("--in-place", action="store_true", help="also overwrite each notebook itself, unless it fails; training starts from scratch")
    parser.add_argument("--quick", action="store_true", help="set CS231N_QUICK=1, so that the notebooks train briefly")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="give up on a cell after this time (default: never)")
    parser.add_argument("--expect-images", action="store_true", help="fail unless each notebook ran every cell and shows a picture")
    args = parser.parse_args()

    if args.quick:
        os.environ["CS231N_QUICK"] = "1"
    elif args.in_place:
        os.environ.pop("CS231N_QUICK", None)  # committed notebooks show full training
    paths = args.notebooks or reading_order(Path("notebooks").glob("source/*.md" if args.in_place else "*.ipynb"))
    if not paths:
        say("no notebooks in notebooks/: run make notebooks, which makes them from notebooks/source")
        return 1
    for name in without_effect(paths):
        say(f"note: {name} has no effect: none of the notebooks has a setting of that name")
    args.output_dir.mkdir(parents=True, exist_ok=True)
    # Training runs go to a folder apart from those of somebody who works in JupyterLab. The next call resumes an
    # interrupted run from here, except for notebooks that will be committed.
    runs = (args.output_dir / "runs").resolve()
    if args.in_place:
        forget(runs, paths)
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
