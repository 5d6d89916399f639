import unittest
from pathlib import Path

import jupytext
from bench_cells import ROOT, stock, training


class TrainingTest(unittest.TestCase):
    def test_calls(self):
        self.assertEqual(
            training(["%%\nnb.Train(x)", "func run() {\n\tnb.Train(x)\n}", "%%\nrun()", "%%\nload()", "func f() {\n\trun()\n}\n\n%%\nf()"]),
            [True, False, True, False, True],
        )

    def test_notebooks(self):
        """Each captioning notebook trains twice or more and each has far more cells that do not."""
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            cells = [c.source for c in jupytext.read(path).cells if c.cell_type == "code" and c.source.strip()]
            trains = sum(training(cells))
            self.assertGreaterEqual(trains, 2, path.stem)
            self.assertLess(trains, len(cells) / 2, path.stem)


class StockTest(unittest.TestCase):
    def test_has_paths_and_no_tuning(self):
        spec = stock()
        self.assertEqual(set(spec["env"]), {"PATH", "CS231N_ROOT", "GOTOOLCHAIN"})
        self.assertNotIn(str(Path("kernels", "bin")), spec["env"]["PATH"])


if __name__ == "__main__":
    unittest.main()
