"""Tests of run_notebooks with the real Go kernel: which notebooks pass, which fail, and the messages of both."""

import contextlib
import io
import os
import signal
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

import nbformat
import psutil

import run_notebooks

# Without Sync, GoNB may lose what a cell shows just before it ends.
PICTURE = """import (
    "fmt"
    "image"
    "github.com/janpfeifer/gonb/gonbui"
)
%%
if err := gonbui.DisplayImage(image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
    panic(err)
}
gonbui.UpdateHTML("progress", "step 1 of 2")
gonbui.UpdateHTML("progress", "step 2 of 2")
gonbui.Sync()
fmt.Println("shown")"""

# Prints the setting and which training runs are there. The comment names a run of this notebook.
LOOK = """import (
    "fmt"
    "os"
)
%%
fmt.Printf("quick=%q", os.Getenv("CS231N_QUICK"))
for _, name := range []string{"one", "one-full", "two"} {
    _, err := os.Stat(os.Getenv("CS231N_OUT") + "/" + name)
    fmt.Print(" ", name, " ", err == nil)
}
// nb.Train("one", x)"""

# Name, cell of the notebook, words that the runner must then say.
FAILING = [
    ("panic", '%%\nfmt.Println("x")\npanic("no such mask")', "panic: no such mask"),
    ("exit", '%%\nfmt.Fprintln(os.Stderr, "no data: <nil>")\nos.Exit(1)', "no data: <nil>"),
    ("compile", '%%\nvar x int = "abc"\nfmt.Println(x)', 'cannot use "abc"'),
    ("shell", "!printf 'panic: from a tool\\n' >&2", "panic: from a tool"),
    ("trace", 'import "runtime/debug"\n%%\ndebug.PrintStack()', "goroutine 1 [running]"),
    ("module", 'import "example.org/none"\n%%\nnone.Do()', "no required module provides package example.org/none"),
    ("slow", "%%\ntime.Sleep(time.Minute)", "ran longer than 5 s"),
]


def kill_kernel():
    """Waits for a cell's program, then kills it, its kernel and the kernel's gopls."""
    running = False
    while not running:
        time.sleep(0.1)
        family = psutil.Process().children(recursive=True)
        with contextlib.suppress(psutil.NoSuchProcess):  # the compiler starts programs that end while this looks
            running = any(process.name().startswith("gonb_") for process in family)
    time.sleep(2)
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


class RunNotebooks(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_cells(self, name: str, *cells: str, flags: tuple = ()) -> tuple[int, str]:
        """Writes a notebook of these cells, runs it and returns the status and the output."""
        return self.run_paths(self.write_cells(name, *cells), flags=("--expect-images", *flags))

    def write_cells(self, name: str, *cells: str) -> Path:
        """Writes a notebook of these cells."""
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        path = self.folder / f"{name}.ipynb"
        nbformat.write(nb, path)
        return path

    def run_paths(self, *paths: Path, flags: tuple = ()) -> tuple[int, str]:
        """Runs these notebooks and returns the status and the output."""
        argv = ["run_notebooks.py", "--output-dir", str(self.folder / "out"), *flags, *map(str, paths)]
        with mock.patch("sys.argv", argv), contextlib.redirect_stdout(io.StringIO()) as said:
            return run_notebooks.main(), said.getvalue()

    def test_page_escapes_output(self):
        """The page escapes what a program prints, such as captions and addresses from a data set."""
        cell = nbformat.v4.new_code_cell("show()")
        attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
        cell.outputs = [
            nbformat.v4.new_output("stream", name=name, text=attack) for name in ("stdout", "stderr")
        ] + [nbformat.v4.new_output("display_data", data={"text/plain": attack})]
        copy = self.folder / "attack.ipynb"
        run_notebooks.write(nbformat.v4.new_notebook(cells=[cell]), Path("attack.ipynb"), copy)
        page = copy.with_suffix(".html").read_text()
        self.assertEqual(page.count("&lt;script&gt;alert(1)"), 3)
        self.assertNotIn("<script>alert(1)", page)
        self.assertNotIn("<img src=x", page)

    def test_dead_kernel(self):
        """A cell whose kernel died is reported once. It prints no more progress while the next notebook runs."""
        dead = self.write_cells("dead", "%%\ntime.Sleep(time.Minute)")
        after = self.write_cells("after", "%%\ntime.Sleep(3 * time.Second)")
        killer = threading.Thread(target=kill_kernel)
        killer.start()
        with mock.patch.object(run_notebooks, "HEARTBEAT_SECONDS", 0.5):
            status, said = self.run_paths(dead, after)
        killer.join()
        self.assertEqual(status, 1, said)
        before, failed, rest = said.partition("FAILED dead  1/1: the Go kernel died; see its log")
        self.assertTrue(failed, said)
        self.assertIn("dead  1/1", before)
        self.assertIn("after  1/1", rest)
        self.assertNotIn("dead  1/1", rest)

    def make_runs(self):
        """Makes training runs: those of a notebook with the cell LOOK, and one of another notebook."""
        for name in "one", "one-full", "two":
            (self.folder / "out" / "runs" / name).mkdir(parents=True, exist_ok=True)

    def output(self, name: str, cell: int) -> str:
        """The text that a cell of an executed notebook printed."""
        return nbformat.read(self.folder / "out" / f"{name}.ipynb", 4).cells[cell].outputs[0].text

    @mock.patch.dict("os.environ")
    def test_no_picture(self):
        """A notebook without a picture fails. It has full settings, and it sees all training runs."""
        os.environ.pop("CS231N_OUT", None)
        self.make_runs()
        status, said = self.run_cells("blind", LOOK)
        self.assertEqual(status, 1, said)
        self.assertIn("no cell shows a picture", said)
        self.assertEqual(self.output("blind", 0), 'quick="" one true one-full true two true')
        self.assertTrue((self.folder / "out" / "blind.html").exists())

    def test_trained(self):
        """Every source names the runs that it trains, and no two name the same one."""
        sources = sorted(Path(run_notebooks.__file__).parents[1].glob("notebooks/source/*.md"))
        names = [name for path in sources for name in run_notebooks.trained(path)]
        self.assertEqual(len(names), len(set(names)), names)
        for path in sources:
            self.assertGreaterEqual(len(run_notebooks.trained(path)), 1, path)
            self.assertEqual(run_notebooks.trained(path), run_notebooks.trained(path.parents[1] / f"{path.stem}.ipynb"))

    @mock.patch.dict("os.environ", CS231N_QUICK="1")
    def test_in_place(self):
        """A notebook is written with its picture and without its progress lines, with the same bytes each time.

        It has full settings, and it does not resume its own runs, but sees those of other notebooks.
        """
        os.environ.pop("CS231N_OUT", None)
        written = []
        for _ in range(2):
            self.make_runs()
            status, said = self.run_cells("good", PICTURE, "!echo done", LOOK, flags=("--in-place",))
            self.assertEqual(status, 0, said)
            self.assertEqual(self.output("good", 2), 'quick="" one false one-full false two true')
            written.append((self.folder / "good.ipynb").read_text())
        self.assertEqual(written[0], written[1])
        self.assertIn("image/png", written[0])
        self.assertIn("shown", written[0])
        self.assertNotIn("of 2", written[0].split('"outputs"')[1].split('"source"')[0])
        self.assertRegex(said, r"good  2/3 +\d+\.\d s +!echo done")
        self.assertIn("data:image/png;base64", (self.folder / "out" / "good.html").read_text())

    def test_failures(self):
        for name, cell, words in FAILING:
            with self.subTest(name):
                limit = "5" if name == "slow" else "300"
                first = ['%%\nfmt.Println("first")'] if name == "panic" else []
                status, said = self.run_cells(name, *first, cell, flags=("--timeout", limit))
                self.assertEqual(status, 1, said)
                self.assertIn(words, said)
                self.assertNotIn("Traceback", said)
                self.assertTrue((self.folder / "out" / f"{name}.html").exists())
                if first:
                    self.assertEqual(self.output(name, 0), "first\n")

    def test_formula(self):
        """A formula that the page cannot show is reported before any cell runs."""
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("$\\wrong$"), nbformat.v4.new_code_cell(PICTURE)])
        path = self.folder / "formula.ipynb"
        nbformat.write(nb, path)
        status, said = self.run_paths(path)
        self.assertEqual(status, 1)
        self.assertIn("has \\wrong, which", said)
        self.assertNotIn("1/1", said)

    def test_settings(self):
        """The variables of settings reach the cell. A variable that no notebook reads is reported."""
        cell = 'import (\n\tnb "github.com/cs231n-go/assignment3/cs231n/notebook"\n\t"os"\n)\nvar epochs = nb.Setting("EPOCHS", 5, 1)\n%%\nprintln(epochs, os.Getenv("CS231N_QUICK"))'
        with mock.patch.dict("os.environ", CS231N_EPOCHS="77", CS231N_EPOCH="3", CS231N_GOCACHE="/opt"):
            status, said = self.run_cells("settings", PICTURE, cell, flags=("--quick",))
        self.assertEqual(status, 0, said)
        self.assertEqual(self.output("settings", 1), "77 1\n")
        self.assertIn("CS231N_EPOCH has no effect", said)
        self.assertNotIn("CS231N_EPOCHS has", said)
        self.assertNotIn("CS231N_GOCACHE has", said)  # the container's own

    def test_interrupt(self):
        """Ctrl-C in the middle of a cell ends the run without a traceback."""
        timer = threading.Timer(5, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        self.addCleanup(timer.cancel)
        with self.assertRaises(KeyboardInterrupt):
            self.run_cells("interrupt", PICTURE, "%%\ntime.Sleep(time.Minute)")

    def test_order(self):
        names = ["Generative_Adversarial_Networks", "LSTM_Captioning", "RNN_Captioning", "Transformer_Captioning"]
        order = [path.stem for path in run_notebooks.reading_order(Path(f"{name}.ipynb") for name in names)]
        self.assertEqual(order, ["RNN_Captioning", "LSTM_Captioning", "Generative_Adversarial_Networks", "Transformer_Captioning"])

    def test_unreadable(self):
        status, said = self.run_paths(self.folder / "absent.ipynb")
        self.assertEqual(status, 1)
        self.assertIn("cannot read", said)

    def test_title(self):
        for source, want in (
            ('import (\n "fmt"\n)\n%%\n// Check.\nf()', "// Check."),
            ('import "fmt"\n%%\nf()', "f()"),
            ("%help", "%help"),
            ("%%\n" + "x" * 80, "x" * 59 + "…"),
        ):
            self.assertEqual(run_notebooks.title(source), want)


if __name__ == "__main__":
    unittest.main()
