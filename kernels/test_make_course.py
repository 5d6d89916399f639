"""Tests of make_course.py with a small student's edition."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
TABLE = {
    "exercises": [
        {"id": "sum", "title": "", "file": "cs231n/sum.go", "func": "Sum", "points": 3, "bonus": False},
        {"id": "product", "title": "", "file": "cs231n/sum.go", "func": "T.Product", "points": 2, "bonus": True},
    ],
    "questions": [{"id": "q1", "title": "", "notebook": "A", "points": 2, "bonus": False}],
}
TASKS = "**Exercise (3 points).** Write `Sum` in `cs231n/sum.go`.\n\n**Bonus exercise (2 points).** Write `T.Product` in `cs231n/sum.go`."


class Course(unittest.TestCase):
    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.student, self.course = folder / "student", folder / "course"
        for name in "notebooks", "cs231n", "kernels/bin", ".release", "bin":
            self.student.joinpath(name).mkdir(parents=True)
        self.course.mkdir()
        (self.student / "cs231n" / "sum.go").write_text("package cs231n\n")
        (self.student / "kernels" / "bin" / "go-kernel").write_text("#!/bin/sh\n")
        (self.student / "README.md").write_text("# Assignment\n\nRun `make check`.\n")
        (self.student / "Makefile").write_text("check:\n")
        (self.course / "exercises.json").write_text(json.dumps(TABLE))
        (self.course / "gradebook.db").write_text("grades")
        v4 = nbformat.v4
        self.cells = [
            v4.new_markdown_cell(TASKS),
            v4.new_code_cell('show("../images/a.png")'),
            v4.new_markdown_cell("**Your answer:**", metadata={"tags": ["q1"]}),
        ]

    def make(self, status: int = 0) -> str:
        """Makes the course and returns the last line."""
        nbformat.write(nbformat.v4.new_notebook(cells=self.cells), self.student / "notebooks" / "A.ipynb")
        done = subprocess.run([sys.executable, ROOT / "kernels" / "make_course.py", self.student, self.course], check=False, capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stderr)
        return (done.stdout + done.stderr).strip()

    def test_source(self):
        self.make()
        source = self.course / "source" / "assignment3"
        notebook = nbformat.read(source / "A.ipynb", 4)
        marks = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
        self.assertEqual([mark.get("grade_id") for mark in marks], [None, "sum", "product", None, "q1"])
        self.assertEqual([(mark["points"], mark["solution"], mark["locked"]) for mark in marks if mark], [(3, False, True), (0, False, True), (2, True, False)])
        self.assertEqual([notebook.cells[i].source for i in (1, 3)], ["!cs231n check sum", 'show("images/a.png")'])
        self.assertTrue((source / "cs231n" / "sum.go").exists() and (source / ".release").exists() and (source / "images" / "gan_outputs.png").exists())
        for name in "kernels", "notebooks", "Makefile":
            self.assertFalse((source / name).exists(), name)
        self.assertRegex((source / "README.md").read_text(), r"^# Assignment\n\n> \*\*In this class\*\* .*\n.*\n\nRun")
        self.assertIn('"assignment3": ["cs231n/sum.go"]', (self.course / "nbgrader_config.py").read_text())

    def test_image(self):
        """The image of the students' servers is built from the student's edition, without the graders' part."""
        self.make()
        image = self.course / "image"
        self.assertTrue((image / "docker" / "jupyter" / "student").is_dir())
        self.assertFalse((image / "docker" / "jupyter" / "teacher").exists() or (image / "notebooks").exists() or (image / "bin").exists())
        self.assertTrue((image / "kernels" / "bin" / "go-kernel").exists(), "the notebooks' kernel")
        self.assertEqual([path.name for path in image.rglob("*.go")], ["sum.go"])

    def test_again(self):
        """Grades stay when the course is made again."""
        self.make()
        self.make()
        self.assertEqual((self.course / "gradebook.db").read_text(), "grades")

    def test_missing(self):
        del self.cells[2]
        self.assertIn("should name each exercise and question once; look for q1", self.make(1))

    def test_unknown(self):
        self.cells[0].source = TASKS.replace("`Sum`", "`Some`")
        self.assertEqual(self.make(1), "course: the table of exercises has no Some in cs231n/sum.go")


if __name__ == "__main__":
    unittest.main()
