"""Makes an nbgrader course and a Gradescope autograder from the student's edition. `make course` calls it.

Usage: make_course.py STUDENT COURSE, where STUDENT is the folder of the student's edition, and COURSE that of the course
with exercises.json, the output of `cs231n exercises --json`. Submissions and grades in COURSE are kept.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = "assignment3"
# What students do not need where the kernel is installed already.
OMITTED = {".git", ".venv", "Makefile", "bin", "datasets", "docker", "kernels", "notebooks", "out"}
# The students' servers have everything that the Makefile installs.
CLASS = """
> **In this class** everything is installed, and there is no Makefile. Write `cs231n check rnn` instead of `make check EXERCISE=rnn`,
> and press *Submit* under *Nbgrader > Assignment List* instead of `make submit`.
"""
TASK = re.compile(r"^\*\*(?:Bonus exercise|Exercise) \(\d+ points?\)\.\*\* Write `([\w.]+)` in `([\w./]+)`", re.MULTILINE)
CONFIG = """# Written by make course. docker/jupyter/teacher has the settings that do not depend on the exercises.
c = get_config()  # noqa: F821

# Students write these files. nbgrader restores all others before it grades.
c.Autograde.exclude_overwriting = {{"{assignment}": {files}}}
"""


class CourseError(Exception):
    """A fault in the student's edition, in one line."""


def metadata(name: str, entry: dict, solution: bool) -> dict:
    """nbgrader's metadata of a cell that earns points. Bonus points do not count in its maximum."""
    points = 0 if entry["bonus"] else entry["points"]
    return {"schema_version": 3, "grade_id": name, "grade": True, "solution": solution, "locked": not solution, "task": False, "points": points}


def graded(notebook, table: dict) -> list[str]:
    """Adds a cell for each exercise after its text, marks the answers, and returns the names of both."""
    exercises = {(entry["func"], entry["file"]): entry for entry in table["exercises"]}
    questions = {entry["id"]: entry for entry in table["questions"]}
    cells, found = [], []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type != "markdown":
            continue
        cell.source = cell.source.replace("](../docs/assignment.md)", "](README.md)").replace("](../", "](").replace("`make check`", "`cs231n check`")
        for question in set(cell.metadata.get("tags", [])) & set(questions):
            cell.metadata["nbgrader"] = metadata(question, questions[question], solution=True)
            found.append(question)
        for task in TASK.findall(cell.source):
            if task not in exercises:
                raise CourseError(f"the table of exercises has no {task[0]} in {task[1]}")
            entry = exercises[task]
            check = nbformat.v4.new_code_cell(f"!cs231n check {entry['id']}", id=entry["id"])
            check.metadata["nbgrader"] = metadata(entry["id"], entry, solution=False)
            cells.append(check)
            found.append(entry["id"])
    notebook.cells = cells
    return found


def copy_student(student: Path, folder: Path, omitted: set[str]) -> None:
    """Copies the student's edition without the omitted parts of its root."""
    shutil.copytree(student, folder, ignore=lambda path, names: omitted & set(names) if Path(path) == student else set())


def write_source(table: dict, student: Path, folder: Path) -> None:
    """Writes the source of the assignment: the module, with the notebooks in its root, where nbgrader looks for them."""
    shutil.rmtree(folder, ignore_errors=True)
    copy_student(student, folder, OMITTED)
    readme = folder / "README.md"
    title, rest = readme.read_text().split("\n", 1)
    readme.write_text(f"{title}\n{CLASS}{rest}")
    for image in sorted(ROOT.glob("images/*.png")):
        folder.joinpath("images").mkdir(exist_ok=True)
        shutil.copy(image, folder / "images")
    found = []
    for path in sorted(student.glob("notebooks/*.ipynb")):
        notebook = nbformat.read(path, 4)
        found += graded(notebook, table)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.source = cell.source.replace('"../', '"')
        nbformat.write(notebook, folder / path.name)
    names = [entry["id"] for entry in table["exercises"] + table["questions"]]
    wrong = [name for name in names if found.count(name) != 1]
    if wrong:
        raise CourseError(f"the notebooks in {student} should name each exercise and question once; look for {', '.join(wrong)}")


def write_image(student: Path, folder: Path) -> None:
    """Writes what the image of the students' servers is built from: the student's edition, without its notebooks."""
    shutil.rmtree(folder, ignore_errors=True)
    copy_student(student, folder, {".git", ".venv", "bin", "notebooks", "out"})
    for name in "docker/jupyter/student", "docker/jupyter/go_kernel.py", "docker/jupyter/jupyter_server_config.py", "docker/health.py", "docker/start.sh", "kernels/requirements-class.txt":
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)


def write_gradescope(student: Path, folder: Path) -> None:
    """Writes the folder that Gradescope gets as a zip file: two scripts, the solved edition and the student's."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docker" / "gradescope", folder)
    listed = subprocess.run(["git", "ls-files", "-z", "cs231n", "kernels", "notebooks/source", "go.mod", "go.sum", "Makefile"], cwd=ROOT, check=True, capture_output=True, text=True)
    shutil.copytree(student, folder / "released", ignore=shutil.ignore_patterns("kernels"))
    for name in filter(None, listed.stdout.split("\0")):
        target = folder / ASSIGNMENT / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)


def main() -> int:
    student, course = Path(sys.argv[1]), Path(sys.argv[2])
    table = json.loads(course.joinpath("exercises.json").read_text())
    try:
        write_source(table, student, course / "source" / ASSIGNMENT)
    except CourseError as error:
        print(f"course: {error}", file=sys.stderr)
        return 1
    files = sorted({entry["file"] for entry in table["exercises"]})
    course.joinpath("nbgrader_config.py").write_text(CONFIG.format(assignment=ASSIGNMENT, files=json.dumps(files)))
    write_image(student, course / "image")
    write_gradescope(student, course / "gradescope")
    print(f"course: {course} has source for nbgrader, image for the students' servers, and gradescope")
    return 0


if __name__ == "__main__":
    sys.exit(main())
