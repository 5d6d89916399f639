"""Collects submissions from a folder for each student."""

import re
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} \S+")  # the form that nbgrader writes


class Collect(ExchangeCollect):
    """Collects from inbound/STUDENT/, the only part of inbound/ that this student's server can write to.

    nbgrader itself expects all submissions in inbound/ and takes the student's name from the name of the submission,
    which any student could choose. Links to the valid ones take their place there.
    """

    def init_src(self) -> None:
        inbound = Path(self.root, self.coursedir.course_id, "inbound")
        for old in inbound.glob("*+*"):
            old.unlink()
        for submission in inbound.glob("*/*+*"):
            fault = self.fault(submission)
            if fault:
                self.log.warning("Ignoring the submission %s: %s", submission, fault)
            else:
                inbound.joinpath(submission.name).symlink_to(submission.relative_to(inbound))
        super().init_src()

    def fault(self, submission: Path) -> str:
        """Why a submission cannot be collected, or nothing."""
        student, name = submission.parent.name, submission.name.split("+")
        if len(name) != 4 or name[0] != student or not TIMESTAMP.fullmatch(name[2]):
            return f"its name is not that of a submission by {student}"
        if any(path.is_symlink() for path in (submission, *submission.rglob("*"))):
            return "it contains a symbolic link, which would copy a file of the grader"
        if not submission.joinpath("submission_secret.txt").exists():
            return "it is not complete; if the student is submitting now, collect again"
        return ""
