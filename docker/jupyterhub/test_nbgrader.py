"""Tests of the graders' part of nbgrader, with a program in the place of `cs231n grade`. `make class-test` runs them.

They use nbgrader itself: an assignment of two notebooks is generated, handed in and graded.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

TEACHER = Path(__file__).resolve().parent.parent / "jupyter" / "teacher"
SECRET, STAMP = "submission_secret.txt", "2026-01-02 03:04:05.678901 UTC"
# Counts its calls, and prints, fails or hangs as the file "behave" says.
GRADER = """#!{python}
import json, os, signal, sys, time
from pathlib import Path
folder = Path(os.environ["CS231N_ROOT"])
with open(folder / "calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + chr(10))
exec((folder / "behave").read_text())
out = Path(sys.argv[4]) / "assignment3"
out.mkdir()
(out / "results.json").write_text(results)
"""
TESTS = [
    {"name": "one", "score": 2, "max_score": 3, "status": "failed", "output": "the first case is wrong", "visibility": "visible"},
    {"name": "two", "score": 1, "max_score": 1, "status": "passed", "output": "a secret", "visibility": "hidden"},
    {"name": "extra", "score": 4, "max_score": 4, "status": "passed", "visibility": "visible"},
]


def cell(name: str, points: float):
    """The cell of an exercise."""
    data = {"schema_version": 3, "grade_id": name, "grade": True, "solution": False, "locked": True, "task": False, "points": points}
    return nbformat.v4.new_code_cell(f"!cs231n check {name}", metadata={"nbgrader": data})


class Grading(unittest.TestCase):
    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.folder, self.course, self.inbound = folder, folder / "course", folder / "exchange" / "cs231n" / "inbound"
        source = self.course / "source" / "assignment3"
        source.mkdir(parents=True)
        self.inbound.joinpath("ann").mkdir(parents=True)
        for name, cells in ("a", [cell("one", 3), cell("extra", 0)]), ("b", [cell("two", 1)]):
            nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "gonb", "language": "go", "display_name": "Go"}}), source / f"{name}.ipynb")
        (source / "library.go").write_text("package library\n")
        (source / "step.go").write_text("package gap\n")
        (self.course / "nbgrader_config.py").write_text('c = get_config()\nc.Autograde.exclude_overwriting = {"assignment3": ["step.go"]}\n')
        (folder / "bin").mkdir()
        (folder / "bin" / "cs231n").write_text(GRADER.format(python=sys.executable))
        (folder / "bin" / "cs231n").chmod(0o755)
        self.environment = os.environ | {
            "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "CS231N_ROOT": str(folder), "CS231N_COURSE": str(self.course), "CS231N_EXCHANGE": str(folder / "exchange"),
            "JUPYTER_CONFIG_PATH": str(TEACHER), "JUPYTER_DATA_DIR": str(folder / "data"),
        }  # fmt: skip
        self.behave(f"results = {json.dumps({'tests': TESTS})!r}")
        self.nbgrader("generate_assignment")

    def nbgrader(self, action: str, *options: str, status: int = 0) -> str:
        """Runs nbgrader and returns its log."""
        done = subprocess.run(["nbgrader", action, "assignment3", *options], cwd=self.course, env=self.environment, check=False, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr

    def behave(self, code: str) -> None:
        (self.folder / "behave").write_text(code)

    def submit(self, student: str = "ann", name: str = f"ann+assignment3+{STAMP}+random") -> Path:
        """Makes a submission as nbgrader does, in the folder of a student."""
        submission = self.inbound / student / name
        submission.mkdir(parents=True)
        for path in (self.course / "release" / "assignment3").iterdir():
            (submission / path.name).write_bytes(path.read_bytes())
        (submission / "step.go").write_text("package solved\n")
        (submission / "library.go").write_text("package changed\n")
        (submission / "timestamp.txt").write_text(STAMP)
        (submission / SECRET).write_text("secret")
        return submission

    def grades(self) -> dict[str, tuple]:
        """The points and extra points of each exercise of Ann's submission."""
        with Gradebook(f"sqlite:///{self.course}/gradebook.db") as gradebook:
            submission = gradebook.find_submission("assignment3", "ann")
            return {grade.name: (grade.auto_score, grade.extra_credit) for notebook in submission.notebooks for grade in notebook.grades}

    def test_points(self):
        self.submit()
        self.nbgrader("collect")
        self.nbgrader("autograde")
        self.assertEqual(self.grades(), {"one": (2, None), "extra": (0, 4), "two": (1, None)})
        calls = (self.folder / "calls").read_text().splitlines()
        self.assertEqual(len(calls), 1, "the grader runs once for all notebooks")
        graded = self.course / "autograded" / "ann" / "assignment3"
        self.assertIn(f"grade {graded} --out", calls[0])
        self.assertEqual((graded / "step.go").read_text(), "package solved\n")
        self.assertEqual((graded / "library.go").read_text(), "package library\n")
        self.nbgrader("generate_feedback")
        pages = {name: (self.course / "feedback" / "ann" / "assignment3" / f"{name}.html").read_text() for name in "ab"}
        self.assertIn("one: 2 of 3 points, failed\nthe first case is wrong", pages["a"])
        self.assertIn("two: 1 of 1 points, passed", pages["b"])
        self.assertNotIn("a secret", pages["b"])

    def test_failures(self):
        """A grader that fails leaves no points, and the log says why."""
        self.submit()
        self.nbgrader("collect")
        right = json.dumps({"tests": TESTS})
        for code, reason in (
            ("print('no isolation'); sys.exit(3)", "the grader ended with status 3: no isolation"),
            ("os.kill(os.getpid(), signal.SIGKILL)", "the grader was killed by SIGKILL, perhaps for lack of memory"),
            ("time.sleep(100)", "the grader did not end within 1 s"),
            ("sys.exit(0)", "the grader wrote 0 files of results, not one"),
            ("results = '{'", "the grader's results.json is damaged"),
            (f"results = {right.replace('2', 'NaN', 1)!r}", "the grader's scores of one are not between 0 and the maximum"),
            (f"results = {right.replace('one', 'won')!r}", "the grader has no exercise one: run make course again"),
            (f"results = {right.replace('3', '5', 1)!r}", "one has 3 points in the notebook and 5 in the grader"),
        ):
            with self.subTest(reason):
                self.behave(code)
                log = self.nbgrader("autograde", "--force", "--Grade.seconds=1", status=1)
                self.assertIn(f"The submission of ann was not graded, and has no new points: {reason}", log)
                self.assertEqual({points for points, _ in self.grades().values()}, {None})

    def test_collect_refuses(self):
        """Only a student's own folder counts, and no link is followed to the grader's files."""
        self.submit("bob", f"ann+assignment3+{STAMP}+random")
        self.submit("cyd", "cyd+assignment3+yesterday+random")
        (self.submit("dan", f"dan+assignment3+{STAMP}+random") / "more.go").symlink_to("/etc/passwd")
        (self.submit("eve", f"eve+assignment3+{STAMP}+random") / SECRET).unlink()
        self.submit()
        log = self.nbgrader("collect")
        for reason in ("not that of a submission by bob", "not that of a submission by cyd", "a symbolic link", "not complete"):
            self.assertIn(reason, log)
        self.assertEqual([path.name for path in (self.course / "submitted").iterdir()], ["ann"])
        self.assertEqual((self.course / "submitted" / "ann" / "assignment3" / "step.go").read_text(), "package solved\n")


if __name__ == "__main__":
    unittest.main()
