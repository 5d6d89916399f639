"""Tests an assignment in class: one grader and three students, with a real hub, nbgrader and a browser.

The grader releases the assignment. Ann solves all of it, Bob half, and Cyd hands in the gaps. They fetch and submit it in
JupyterLab; their exercise files are those of the solved edition. The grader collects, grades, marks Ann's answers by hand
and returns the feedback. Then ten students train at the same time. `make class-test` calls this script.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from try_class import CELL_SECONDS, ROOT, TEACHER, Member, code_cells, megabytes, running_hub

# The browser's driver has an environment of its own. Its packages come after those of this one.
sys.path += map(str, ROOT.glob(".venv-browser/lib/python3*/site-packages"))

from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

ASSIGNMENT = "assignment3"
SHARES = {"ann": 1.0, "bob": 0.55, "cyd": 0.0}  # the share of the exercise files that a student solves
RNN, GAN = "RNN_Captioning", "Generative_Adversarial_Networks"
SPAWNS = 8  # the hub refuses to start more servers at the same time
POINTS_BY_HAND = 0.5  # of the maximum of each answer


class Course:
    """The folder that `make course` has written."""

    def __init__(self, folder: Path):
        self.folder = folder
        table = json.loads(folder.joinpath("exercises.json").read_text())
        self.exercises, self.questions = table["exercises"], table["questions"]
        self.files = list(dict.fromkeys(exercise["file"] for exercise in self.exercises))

    def solved(self, share: float) -> list[str]:
        """The exercise files that a student solves: the first ones, which do not depend on later ones."""
        return self.files[: round(share * len(self.files))]

    def score(self, share: float) -> float:
        """The points that the exercises of these files earn."""
        return sum(exercise["points"] for exercise in self.exercises if exercise["file"] in self.solved(share))

    def notebook(self, name: str) -> Path:
        return self.folder / "source" / ASSIGNMENT / f"{name}.ipynb"


def solution(file: str) -> str:
    """The solution of an exercise file, in its plain form if it has one."""
    path = ROOT / file
    plain = path.with_name(f"{path.stem}_plain.go")
    return re.sub(r"^//go:build \S+\n\n", "", (plain if plain.exists() else path).read_text())


class Person(Member):
    """A member of the class with nbgrader."""

    def write(self, file: str, text: str) -> None:
        """Saves a file of the assignment, as JupyterLab's editor does."""
        self.server.call("PUT", f"/api/contents/{ASSIGNMENT}/{file}", {"type": "file", "format": "text", "content": text})

    def answer(self, notebook: str, questions: list[dict]) -> None:
        """Writes an answer to each of the questions into the notebook."""
        path = f"/api/contents/{ASSIGNMENT}/{notebook}.ipynb"
        content = self.server.call("GET", path)["content"]
        for cell in content["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") in {question["id"] for question in questions}:
                cell["source"] = f"The answer of {self.name}."
        self.server.call("PUT", path, {"type": "notebook", "content": content})

    def nbgrader(self, action: str) -> None:
        """Does what a button of nbgrader does. Raises RuntimeError with nbgrader's log if it fails."""
        body = {"course_id": "cs231n", "assignment_id": ASSIGNMENT} if action.startswith("assignments/") else None
        reply = self.server.call("POST", f"/{action}", body, seconds=CELL_SECONDS)
        if not reply.get("success", True):
            raise RuntimeError(f"{self.name}: {action}: {reply}")

    def run_until(self, course: Course, notebook: str, text: str) -> tuple[float, list]:
        """Runs a notebook up to the first cell with this text. Returns the seconds of the first computing cell and the results."""
        cells = code_cells(course.notebook(notebook))
        last = next(i for i, cell in enumerate(cells) if text in cell)
        with self.server.start_kernel(f"{ASSIGNMENT}/{notebook}.ipynb", CELL_SECONDS) as kernel:
            results = [kernel.run(cell) for cell in cells[: last + 1] if not cell.startswith("!")]
            self.server.call("DELETE", f"/api/kernels/{kernel.id}")
        return max(result.seconds for result in results[:2]), results


def open_lab(browser: Browser, person: Person) -> Page:
    """Opens JupyterLab as a person who has logged in."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.add_cookies([{"name": cookie.name, "value": cookie.value, "domain": "127.0.0.1", "path": cookie.path} for cookie in person.browser.cookies])
    page = context.new_page()
    page.goto(f"{person.hub}/user/{person.name}/lab")
    return page


def open_assignments(page: Page) -> None:
    """Opens nbgrader's list of assignments from the menu."""
    page.locator(".lm-MenuBar-item", has_text="Nbgrader").click(timeout=60_000)
    page.locator(".lm-Menu-item", has_text="Assignment List").click()


def press(page: Page, group: str, button: str, after: str) -> None:
    """Presses a button of the assignment in one of nbgrader's lists and waits until the assignment is in another list."""
    page.locator(f"#{group}_assignments_list .list_item", has_text=ASSIGNMENT).get_by_role("button", name=button).first.click(timeout=60_000)
    expect(page.locator(f"#{after}_assignments_list .list_item", has_text=ASSIGNMENT).first).to_be_visible(timeout=60_000)


def hand_out(course: Course, teacher: Person, students: list[Person], browser: Browser) -> None:
    """The grader releases the assignment. The students fetch, solve and submit it."""
    for action in "assign", "release":
        teacher.nbgrader(f"formgrader/api/assignment/{ASSIGNMENT}/{action}")
    for student in students:
        page = open_lab(browser, student)
        open_assignments(page)
        press(page, "released", "Fetch", after="fetched")
        solve(course, student)
        press(page, "fetched", "Submit", after="submitted")
        page.context.close()


def solve(course: Course, student: Person) -> None:
    """Writes the student's solutions and answers, and checks that cells use the student's own files."""
    share = SHARES[student.name]
    for file in course.solved(share):
        student.write(file, solution(file))
    seconds, results = student.run_until(course, RNN, "rnn.StepForward")
    gap = "rnn-step-forward" in results[-1].text
    assert gap == (share == 0), f"{student.name}: the cell of StepForward printed {results[-1].text}"
    print(f"  {student.name}: first cell that computes after {seconds:.1f} s")
    if share == 1:
        for name in {question["notebook"] for question in course.questions}:
            student.answer(name, course.questions)


def grade(course: Course, teacher: Person, students: list[Person]) -> None:
    """The grader collects and autogrades. The points must be those of the files that each student has solved."""
    teacher.nbgrader(f"formgrader/api/assignment/{ASSIGNMENT}/collect")
    for student in students:
        begun = time.monotonic()
        teacher.nbgrader(f"formgrader/api/submission/{ASSIGNMENT}/{student.name}/autograde")
        print(f"  {student.name}: graded in {time.monotonic() - begun:.1f} s")
    for student in students:
        points, want = teacher.server.call("GET", f"/formgrader/api/submission/{ASSIGNMENT}/{student.name}")["score"], course.score(SHARES[student.name])
        assert points == want, f"{student.name} has {points} points, not {want}"


def mark(course: Course, teacher: Person, student: Person, browser: Browser) -> None:
    """The grader marks a student's answers in formgrader."""
    page = open_lab(browser, teacher)
    for notebook in sorted({question["notebook"] for question in course.questions}):
        submitted = teacher.server.call("GET", f"/formgrader/api/submitted_notebooks/{ASSIGNMENT}/{notebook}")
        submission = next(each["id"] for each in submitted if each["student"] == student.name)
        page.goto(f"{teacher.server.url}/formgrader/submissions/{submission}/", wait_until="networkidle")  # with the grades
        for question in course.questions:
            if question["notebook"] == notebook:
                points = POINTS_BY_HAND * question["points"]
                enter(page, question["id"], 0 if question["bonus"] else points)
                if question["bonus"]:
                    enter(page, f"{question['id']}_extra_credit", points)
    page.context.close()
    reply = teacher.server.call("GET", f"/formgrader/api/submission/{ASSIGNMENT}/{student.name}")
    want = course.score(SHARES[student.name]) + POINTS_BY_HAND * sum(question["points"] for question in course.questions)
    assert reply["score"] == want and not reply["needs_manual_grade"], f"{student.name} has {reply['score']} points, not {want}"


def enter(page: Page, field: str, points: float) -> None:
    """Enters points in formgrader, which saves them when the field loses the focus."""
    with page.expect_response(lambda reply: "/api/grade/" in reply.url and reply.request.method == "PUT"):
        page.locator(f"input#{field}").fill(f"{points:g}")
        page.locator(f"input#{field}").blur()


def give_back(teacher: Person, student: Person, browser: Browser) -> None:
    """The grader returns the feedback, and the student fetches it."""
    for action in "generate_feedback", "release_feedback":
        teacher.nbgrader(f"formgrader/api/assignment/{ASSIGNMENT}/{action}")
    page = open_lab(browser, student)
    open_assignments(page)
    press(page, "submitted", "Fetch Feedback", after="submitted")
    page.get_by_text("view feedback").first.wait_for(timeout=60_000)
    page.context.close()
    folder = student.server.call("GET", f"/api/contents/{ASSIGNMENT}/feedback")["content"][0]["path"]
    text = student.server.call("GET", f"/api/contents/{folder}/{RNN}.html")["content"]
    assert "rnn-step-forward: 3 of 3 points, passed" in text, "the feedback has no line about rnn-step-forward"


def check_separation(students: list[Person]) -> None:
    """Students have no formgrader."""
    for student in students:
        status = student.server.status("/formgrader/api/status")
        assert status == 404, f"formgrader answers {student.name} with {status}"


def load(course: Course, teacher: Person, url: str, hub: psutil.Process, count: int) -> None:
    """Lets students train at the same time, each with a server."""
    students = [Person(url, f"student{number}") for number in range(count)]
    for student in students:
        student.sign_up()
        teacher.visit(f"authorize/{student.name}")

    def work(student: Person) -> float:
        begun = time.monotonic()
        _, results = student.run_until(course, GAN, "nb.Train")
        for result in results:
            assert not result.failed and "error:" not in result.text, f"{student.name}: a cell failed: {result.text}"
        assert "Iter: 0" in results[-1].text, f"{student.name} did not train: {results[-1].text}"
        return time.monotonic() - begun

    begun = time.monotonic()
    with ThreadPoolExecutor(SPAWNS) as pool:
        list(pool.map(Person.enter, students))
    with ThreadPoolExecutor(count) as pool:
        for student in students:
            student.nbgrader("assignments/fetch")
            for file in course.files:
                student.write(file, solution(file))
        print(f"{count} servers with the assignment after {time.monotonic() - begun:.1f} s: {megabytes(hub)} MB")
        begun, used = time.monotonic(), [0]
        working = [pool.submit(work, student) for student in students]
        while not all(each.done() for each in working):
            used.append(megabytes(hub))
            time.sleep(1)
        times = [each.result() for each in working]
    print(f"{count} students trained a GAN at the same time in {min(times):.0f} to {max(times):.0f} s; memory at most {max(used)} MB; nobody was killed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("course", type=Path, help="folder that make course has written")
    parser.add_argument("--load", type=int, default=10, metavar="N", help="students who train at the same time (default %(default)s)")
    arguments = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        sys.exit("class: chromium is missing: run apt-get install chromium, or name yours with CHROMIUM=/path")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        shutil.copytree(arguments.course, Path(name, "class", "course"))
        course = Course(Path(name, "class", "course"))
        variables = {"CS231N_COURSE": str(course.folder.parent), "CS231N_GRADER_ID": str(os.getuid()), "CS231N_QUICK": "1"}
        with running_hub(Path(name), **variables) as (url, hub), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=os.geteuid() != 0)
            teacher, students = Person(url, TEACHER), [Person(url, each) for each in SHARES]
            teacher.sign_up()
            for student in students:
                student.sign_up()
            teacher.enter()
            for student in students:
                teacher.visit(f"authorize/{student.name}")
                student.enter()
            hand_out(course, teacher, students, browser)
            grade(course, teacher, students)
            mark(course, teacher, students[0], browser)
            give_back(teacher, students[0], browser)
            check_separation(students)
            print("class: the assignment was released, fetched, submitted, graded, marked by hand and returned")
            for student in students:
                student.api.call("DELETE", "/server")
            load(course, teacher, url, hub, arguments.load)


if __name__ == "__main__":
    main()
