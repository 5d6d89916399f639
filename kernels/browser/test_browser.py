"""End-to-end tests of the notebooks with JupyterLab, the Go kernel and a browser.

They need Debian's chromium, or another one that CHROMIUM names, and take minutes. `make browser-test` runs them.
They leave screenshots in out/browser for a person to check.
"""

import json
import os
import re
import shutil
import subprocess
import time
import unittest

from playwright.sync_api import Locator, expect, sync_playwright

from lab import ROOT, Lab, Notebook

OUT = ROOT / "out" / "browser"
NOTEBOOK_SECONDS = 600
INTERRUPT_SECONDS = 2
COMPLETION_SECONDS = 10  # GoNB alone takes at least 12
# Runs in .venv, which has the packages that make the pages.
WRITE_PAGES = """
import sys, nbformat
from pathlib import Path
from html_page import html_page
for path in Path("../notebooks").glob("*.ipynb"):
    Path(sys.argv[1], f"{path.stem}.html").write_text(html_page(nbformat.read(path, 4), path.stem, str(path.parent)))
"""


def setUpModule():
    shutil.rmtree(OUT, ignore_errors=True)  # no screenshots of earlier runs
    OUT.mkdir(parents=True)


class InBrowser(unittest.TestCase):
    """Starts a browser."""

    @classmethod
    def setUpClass(cls):
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        if not chromium:
            raise RuntimeError("chromium is missing: run apt-get install chromium, or name yours with CHROMIUM=/path")
        playwright = cls.enterClassContext(sync_playwright())
        cls.browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=os.geteuid() != 0)
        cls.addClassCleanup(cls.browser.close)


class Pages(InBrowser):
    """The HTML pages of the committed notebooks, opened offline."""

    def test_pages(self):
        subprocess.run([ROOT / ".venv/bin/python", "-c", WRITE_PAGES, OUT], cwd=ROOT / "kernels", check=True)
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            with self.subTest(path.stem), self.browser.new_context(offline=True) as context:
                page, asked = context.new_page(), []
                page.on("request", lambda request: asked.append(request.url))
                page.goto((OUT / f"{path.stem}.html").as_uri())
                self.assertEqual([url for url in asked[1:] if not url.startswith("data:")], [], "requests besides the page")
                widths = page.locator("math").evaluate_all("formulas => formulas.map(formula => formula.getBoundingClientRect().width)")
                self.assertGreater(min(widths), 3)
                broken = page.locator("img").evaluate_all("images => images.filter(image => !image.naturalWidth).length")
                self.assertEqual(broken, 0)
                page.locator("math[display=block]").first.scroll_into_view_if_needed()
                page.screenshot(path=OUT / f"{path.stem}-page.png")


class InLab(InBrowser):
    """Also starts JupyterLab. Its kernels get the class's settings as environment variables."""

    settings: dict[str, str]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab = cls.enterClassContext(Lab(OUT / cls.__name__, **cls.settings))

    def open(self, name: str) -> Notebook:
        notebook = self.lab.open(self.browser, name)
        self.addCleanup(notebook.close)
        return notebook


class WholeNotebooks(InLab):
    """Run > Run All Cells in the quick setting."""

    settings = {"CS231N_QUICK": "1"}

    def run_all(self, name: str, colours: int = 3) -> None:
        """Runs a notebook and compares the kinds of its outputs with those of the committed notebook. Its pictures must have
        at least that many colours: a grid without content has two."""
        notebook = self.open(name)
        notebook.watch_progress()
        try:
            notebook.run_all(NOTEBOOK_SECONDS)
        finally:
            notebook.screenshots(OUT, name)
        states = notebook.progress()
        self.assertGreaterEqual(len(set(states)), 3, states)
        self.assertIn("compiling the training step", states)
        for state in states:
            self.assertRegex(state, r"^(compiling |iteration \d+/\d+|\d+/\d+ )")
        committed = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
        committed = [cell for cell in committed["cells"] if cell["cell_type"] == "code"]
        self.assertEqual(notebook.cells.count(), len(committed))
        for number, (cell, before) in enumerate(zip(notebook.cells.all(), committed), 1):
            with self.subTest(f"cell {number}"):
                self.assertEqual(notebook.errors(cell), [])
                pictures = notebook.pictures(cell)
                self.assertEqual(bool(pictures), any("image/png" in output.get("data", {}) for output in before["outputs"]))
                for picture in pictures:
                    self.assertGreater(min(picture["width"], picture["height"]), 20)
                    self.assertGreaterEqual(picture["colours"], colours)

    def test_gan(self):
        self.run_all("Generative_Adversarial_Networks")

    def test_rnn(self):
        self.run_all("RNN_Captioning")

    def test_lstm(self):
        self.run_all("LSTM_Captioning")

    def test_transformer(self):
        self.run_all("Transformer_Captioning")

    def test_diffusion(self):
        # After twelve steps, noise prediction draws nothing but black and white pixels.
        self.run_all("Diffusion", colours=2)


class Kernel(InLab):
    """Interrupts, restarts and completion."""

    settings = {"CS231N_QUICK": "1", "CS231N_ITERS": "100000", "CS231N_EPOCHS": "50000", "CS231N_SHOW_EVERY": "1000"}

    def interrupt(self, notebook: Notebook, training: Locator, reached: int) -> None:
        """Interrupts a training cell as soon as it has reached an iteration."""
        notebook.iteration_reached(training, reached)
        begun = time.monotonic()
        notebook.toolbar("notebook:interrupt-kernel")
        notebook.ended(training, 30)
        seconds = time.monotonic() - begun
        print(f"stopped {seconds:.2f} s after the interrupt")
        self.assertLess(seconds, INTERRUPT_SECONDS)
        expect(training.locator(".jp-OutputArea")).to_contain_text("Run this cell again to resume.")
        self.assertEqual(notebook.errors(training), [])

    def test_interrupt(self):
        """An interrupted training cell stops at once and leaves a checkpoint. Running it again resumes training."""
        for name, declarations, train, run in (
            ("Generative_Adversarial_Networks", ("import (", "func trainImages"), "// Run it!", "gan"),
            ("RNN_Captioning", ("import (", "fullEpochs = "), 'nb.Train("rnn"', "rnn"),
        ):
            with self.subTest(name):
                notebook = self.open(name)
                for text in declarations:
                    notebook.run(notebook.cell(text))
                training = notebook.cell(train)
                notebook.start(training)
                self.interrupt(notebook, training, 20)
                notebook.screenshot(OUT / f"{name}-interrupted.png", training)
                self.assertTrue((self.lab.notebooks / "out" / run / "checkpoint.safetensors").exists())
                notebook.start(training)
                expect(training.locator(".jp-OutputArea")).to_contain_text(re.compile(r"Resuming \S+ at iteration \d+ of"), timeout=60_000)
                resumed = int(re.search(r"at iteration (\d+) of", training.locator(".jp-OutputArea").inner_text())[1])
                self.assertGreaterEqual(resumed, 20)
                self.interrupt(notebook, training, resumed + 20)

    def test_restart(self):
        """A restarted kernel has lost all declarations and can run the cells again."""
        notebook = self.open("Generative_Adversarial_Networks")
        first, second = notebook.cell("import ("), notebook.cell("device.Survey")
        notebook.run(first)
        notebook.restart()
        notebook.run(second)
        self.assertIn("undefined: nb", second.locator(".jp-OutputArea").inner_text())
        notebook.restart()
        notebook.run(first)
        notebook.run(second)
        expect(second.locator(".jp-InputPrompt")).to_have_text("[2]:")
        self.assertEqual(notebook.errors(second), [])

    def test_completion(self):
        """Tab offers the names of a package within seconds, Shift-Tab shows the comment of a function."""
        notebook = self.open("Generative_Adversarial_Networks")
        notebook.run(notebook.cell("import ("))
        notebook.write_cell("%%\ngan.")
        notebook.page.keyboard.press("Tab")
        begun = time.monotonic()
        offered = notebook.page.locator(".jp-Completer")
        for name in ("BCELoss", "Discriminator", "SampleNoise"):
            expect(offered).to_contain_text(name, timeout=30_000)
        seconds = time.monotonic() - begun
        print(f"first completion after {seconds:.1f} s")
        self.assertLess(seconds, COMPLETION_SECONDS)
        notebook.page.screenshot(path=OUT / "completion.png")
        notebook.write_cell("%%\nnb.Setting")
        notebook.page.keyboard.press("Shift+Tab")
        expect(notebook.page.locator(".jp-Tooltip")).to_contain_text("that the environment can change", timeout=30_000)
        notebook.page.screenshot(path=OUT / "inspection.png")


if __name__ == "__main__":
    unittest.main()
