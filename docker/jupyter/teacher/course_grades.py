"""Grades submissions with `cs231n grade` instead of running their notebooks."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Float


def outputs(test: dict, points: float) -> list:
    """The outputs of the cell of an exercise: the lines for the student, and the points, as nbgrader expects them."""
    status = "passed" if test["score"] == test["max_score"] else "failed"
    lines = f"{test['name']}: {test['score']:g} of {test['max_score']:g} points, {status}\n"
    if test.get("output") and test.get("visibility", "visible") == "visible":
        lines += test["output"].rstrip() + "\n"
    return [new_output("stream", name="stdout", text=lines), new_output("execute_result", data={"text/plain": f"{points:g}"}, execution_count=1)]


class Grade(NbGraderPreprocessor):
    """Writes the points of each exercise and the lines for the student into the cell that stands for it.

    nbgrader's SaveAutoGrades then finds them as it finds the results of a cell that ran. A cell for bonus points has
    no points in nbgrader, which would count them in the maximum; its score becomes extra credit.
    """

    seconds = Float(1800, help="Seconds after which the grader of one submission is stopped.").tag(config=True)

    def preprocess(self, nb, resources):
        names = resources["nbgrader"]
        tests = self.tests(Path(resources["metadata"]["path"]), names["student"])
        for cell in nb.cells:
            if not is_grade(cell) or is_solution(cell):
                continue
            exercise, points = cell.metadata.nbgrader.grade_id, cell.metadata.nbgrader.points
            test = tests.get(exercise)
            if test is None:
                self.fail(names["student"], f"the grader has no exercise {exercise}: run make course again, then generate the assignment again")
            score = test["score"]
            if points and points != test["max_score"]:
                self.fail(names["student"], f"{exercise} has {points:g} points in the notebook and {test['max_score']:g} in the grader: run make course again, then generate the assignment again")
            cell.outputs = outputs(test, score if points else 0)
            if not points:
                self.save_bonus(names, exercise, score)
        return nb, resources

    def save_bonus(self, names: dict, exercise: str, score: float) -> None:
        with Gradebook(names["db_url"]) as gradebook:
            gradebook.find_grade(exercise, names["notebook"], names["assignment"], names["student"]).extra_credit = score
            gradebook.db.commit()

    def tests(self, submission: Path, student: str) -> dict[str, dict]:
        """The grader's tests of a submission, by exercise.

        The exporter keeps them during one run of nbgrader, so the notebooks of a submission are graded together.
        """
        graded = vars(self.parent).setdefault("graded", {})
        if submission not in graded:
            with tempfile.TemporaryDirectory() as folder:
                graded[submission] = self.read(self.run(submission, Path(folder), student), student)
        return graded[submission]

    def read(self, results: Path, student: str) -> dict[str, dict]:
        """The tests in a file of results. nbgrader would give all points for a score that is no number."""
        try:
            tests = {test["name"]: test for test in json.loads(results.read_text())["tests"]}
            wrong = [name for name, test in tests.items() if not 0 <= test["score"] <= test["max_score"]]
        except (ValueError, KeyError, TypeError) as error:
            self.fail(student, f"the grader's results.json is damaged ({error!r})")
        if wrong:
            self.fail(student, f"the grader's scores of {', '.join(wrong)} are not between 0 and the maximum")
        return tests

    def run(self, submission: Path, folder: Path, student: str) -> Path:
        """Runs the grader and returns the path of its results."""
        log = folder / "log"
        command = ["cs231n", "grade", str(submission), "--out", str(folder)]
        solved = os.environ["CS231N_ROOT"]
        self.log.info("Grading the exercises of %s: %s", student, " ".join(command))
        try:
            with log.open("w") as out, subprocess.Popen(command, cwd=solved, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True) as process:
                try:
                    status = process.wait(self.seconds)
                finally:
                    with contextlib.suppress(ProcessLookupError):  # the programs that it started, too
                        os.killpg(process.pid, signal.SIGKILL)
        except FileNotFoundError:
            self.fail(student, "the command cs231n is not on the PATH: run make build")
        except subprocess.TimeoutExpired:
            self.fail(student, f"the grader did not end within {self.seconds:g} s (Grade.seconds in nbgrader_config.py) and was stopped")
        said = " ".join(log.read_text(errors="replace").split("\n")[-10:]).strip() or "it printed nothing"
        if status < 0:
            self.fail(student, f"the grader was killed by {signal.Signals(-status).name}, perhaps for lack of memory: autograde it again ({said})")
        if status:
            self.fail(student, f"the grader ended with status {status}: {said}")
        found = list(folder.glob("*/results.json"))
        if len(found) != 1:
            self.fail(student, f"the grader wrote {len(found)} files of results, not one: {said}")
        return found[0]

    def fail(self, student: str, reason: str):
        message = f"The submission of {student} was not graded, and has no new points: {reason}"
        self.log.error(message)
        raise NbGraderException(message)
