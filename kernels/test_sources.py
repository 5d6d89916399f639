"""Tests that notebooks/*.ipynb have the cells of notebooks/source/*.md. After editing a source, run make notebooks."""

import re
import tempfile
import unittest
from pathlib import Path

import nbformat

import run_notebooks

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def stale(folder: Path) -> list[str]:
    """One message for each notebook in folder that differs from its source, with the first cell that differs."""
    complaints = []
    for name in sorted({path.stem for path in (*folder.glob("*.ipynb"), *folder.glob("source/*.md"))}):
        paths = folder / f"{name}.ipynb", folder / "source" / f"{name}.md"
        notebook, source = (path.relative_to(folder.parent) for path in paths)
        if not paths[0].exists():
            complaints.append(f"{source} has no {notebook}; run make notebooks")
            continue
        if not paths[1].exists():
            complaints.append(f"{notebook} has no {source}; write that, or remove the notebook, and run make notebooks")
            continue
        made, wanted = ([(cell.cell_type, cell.source) for cell in run_notebooks.read(path).cells] for path in paths)
        if made != wanted:
            same = [a == b for a, b in zip(made, wanted)]
            number = (same.index(False) if False in same else len(same)) + 1
            complaints.append(f"{notebook}: cell {number} is not cell {number} of {source}; run make notebooks")
    return complaints


class Sources(unittest.TestCase):
    def test_notebooks(self):
        """The notebooks in the repository agree with their sources."""
        self.assertTrue(list(NOTEBOOKS.glob("*.ipynb")))
        self.assertEqual(stale(NOTEBOOKS), [])

    def test_marks(self):
        """The marks of the student's edition are comments inside cells: none makes a cell that looks empty."""
        for path in sorted(NOTEBOOKS.glob("source/*.md")):
            texts = [cell.source for cell in run_notebooks.read(path).cells if cell.cell_type == "markdown"]
            self.assertIn("<!-- STUDENT", "".join(texts), path.stem)
            if path.stem != "Diffusion":  # it is beyond the assignment
                self.assertIn("<!-- EXERCISE", "".join(texts), path.stem)
            for text in texts:
                seen = re.sub("<!--.*?-->", "", text, flags=re.DOTALL)
                self.assertNotEqual(seen.strip(), "", f"{path.stem}: a cell has only comments: {text}")
                self.assertNotRegex(seen, "-->|SOLUTION|STUDENT|EXERCISE|QUESTION", path.stem)


class Stale(unittest.TestCase):
    """Tests of stale with a folder that has one notebook."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())) / "notebooks"
        self.source, self.notebook = self.folder / "source" / "one.md", self.folder / "one.ipynb"
        self.source.parent.mkdir(parents=True)
        self.source.write_text("# Title\n\n```go\n%%\nprintln(1)\n```\n\nAn end.\n")
        nbformat.write(run_notebooks.read(self.source), self.notebook)

    def edit(self, change):
        """Replaces the source's text by change(text)."""
        self.source.write_text(change(self.source.read_text()))

    def assert_differs(self, number: int):
        self.assertEqual(
            stale(self.folder),
            [f"notebooks/one.ipynb: cell {number} is not cell {number} of notebooks/source/one.md; run make notebooks"],
        )

    def test_fresh(self):
        """Outputs and execution counts do not count as differences."""
        nb = nbformat.read(self.notebook, 4)
        nb.cells[1].execution_count = 1
        nb.cells[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text="1\n")]
        nbformat.write(nb, self.notebook)
        self.assertEqual(stale(self.folder), [])

    def test_edited_markdown(self):
        self.edit(lambda text: text.replace("An end.", "The end."))
        self.assert_differs(3)

    def test_edited_code(self):
        self.edit(lambda text: text.replace("println(1)", "println(2)"))
        self.assert_differs(2)

    def test_missing_cell(self):
        """A cell is missing in the notebook, in the middle or at its end, or in the source."""
        self.edit(lambda text: text + "\n```go\n%%\n```\n")
        self.assert_differs(4)
        self.edit(lambda text: text.replace("# Title", "# Title\n\n```go\nvar x int\n```\n"))
        self.assert_differs(2)
        self.edit(lambda _: "# Title\n")
        self.assert_differs(2)

    def test_order(self):
        self.edit(lambda _: "```go\n%%\nprintln(1)\n```\n\n# Title\n\nAn end.\n")
        self.assert_differs(1)

    def test_other_kind(self):
        """A cell with the same text is code in the notebook and words in the source."""
        nb = nbformat.read(self.notebook, 4)
        nb.cells[0] = nbformat.v4.new_code_cell(nb.cells[0].source)
        nbformat.write(nb, self.notebook)
        self.assert_differs(1)

    def test_edited_notebook(self):
        nb = nbformat.read(self.notebook, 4)
        nb.cells[1].source += "\n// mine"
        nbformat.write(nb, self.notebook)
        self.assert_differs(2)

    def test_no_source(self):
        self.source.unlink()
        self.assertEqual(
            stale(self.folder),
            ["notebooks/one.ipynb has no notebooks/source/one.md; write that, or remove the notebook, and run make notebooks"],
        )

    def test_no_notebook(self):
        self.notebook.unlink()
        self.assertEqual(stale(self.folder), ["notebooks/source/one.md has no notebooks/one.ipynb; run make notebooks"])


if __name__ == "__main__":
    unittest.main()
