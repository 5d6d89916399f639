# nbgrader for a student. The hub sets the variables (docker/jupyterhub/course_config.py).
import os

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "cs231n"
c.CourseDirectory.student_id = os.environ["JUPYTERHUB_USER"]
c.Exchange.root = os.environ["CS231N_EXCHANGE"]
c.ExchangeSubmit.strict = True  # refuse a submission that lacks a notebook, which would get no points for it

# Trained models and pictures stay with the student. nbgrader counts them before it leaves them out, hence the second limit.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "feedback", "out", "bin"]
c.CourseDirectory.max_file_size = 10_000  # kB
c.CourseDirectory.max_dir_size = 20_000_000  # kB
