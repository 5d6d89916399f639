# nbgrader for a grader. `make course` writes the rest of the configuration into the folder of the course.
import os
import sys

from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, IgnorePattern, LimitOutput, SaveAutoGrades

sys.path.append(os.path.dirname(__file__))

from course_exchange import Collect
from course_grades import Grade

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "cs231n"
c.CourseDirectory.root = os.environ["CS231N_COURSE"]
c.Exchange.root = os.environ["CS231N_EXCHANGE"]
c.ExchangeFactory.collect = Collect
c.ExchangeCollect.check_owner = False  # all students' servers run as the same user; Collect looks at the folder instead

# Autograding runs the exercises once for each submission. It does not run the notebooks, which would train for minutes.
c.Autograde.autograde_preprocessors = [Grade, IgnorePattern, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata]
c.OverwriteCells.add_missing_cells = True
c.ClearSolutions.code_stub = {"go": "// Write your code here."}
c.ClearSolutions.text_stub = "*Write your answer here.*"
