# Assignments with nbgrader. jupyterhub_config.py loads this file if CS231N_COURSE names a folder of the host. The folder
# exchange in it passes assignments between students and graders, and the folder course belongs to the graders.
import os
from pathlib import Path

c = get_config()  # noqa: F821

course = Path(os.environ["CS231N_COURSE"])
exchange = course / "exchange" / "cs231n"
GRADER_ID = int(os.environ.get("CS231N_GRADER_ID", "1000"))  # the user of the graders' image. The students' image has another one.

c.JupyterHub.load_groups = {"graders": {"users": os.environ.get("CS231N_GRADERS", os.environ.get("CS231N_ADMINS", "")).split()}}
c.Authenticator.username_pattern = r"[a-z0-9][a-z0-9._@-]*"  # the names become those of folders and of nbgrader's students

# --- students -------------------------------------------------------------------------------------------------
# Their image has the student's edition. Of the submissions, a student's server sees only its own.
c.DockerSpawner.image = os.environ.get("CS231N_STUDENT_IMAGE", "cs231n-go:student")
c.Spawner.default_url = "/lab"
c.Spawner.environment = {
    "CS231N_EXCHANGE": "/srv/exchange",
    "JUPYTER_CONFIG_PATH": "/opt/cs231n/docker/jupyter/student:/opt/cs231n/docker/jupyter",
}
c.DockerSpawner.extra_host_config.update({"tmpfs": {"/tmp": "exec,mode=1777", "/srv/exchange": "mode=1777"}})
shared = {
    f"{exchange}/outbound": {"bind": "/srv/exchange/cs231n/outbound", "mode": "ro"},
    f"{exchange}/feedback": {"bind": "/srv/exchange/cs231n/feedback", "mode": "ro"},
    f"{exchange}/inbound/{{raw_username}}": {"bind": "/srv/exchange/cs231n/inbound", "mode": "rw"},
}
c.DockerSpawner.volumes.update(shared)

# --- graders --------------------------------------------------------------------------------------------------
# Their image has the solved edition, which grades. They share one folder of the course and see the whole exchange.
c.Spawner.group_overrides = {
    "graders": {
        "groups": ["graders"],
        "spawner_override": {
            "image": os.environ.get("CS231N_IMAGE", "cs231n-go:cpu"),
            "environment": {
                "CS231N_COURSE": "/home/student/course",
                "JUPYTER_CONFIG_PATH": "/opt/cs231n/docker/jupyter/teacher:/opt/cs231n/docker/jupyter",
            },
            "extra_host_config": {"tmpfs": {"/srv/exchange": None}},
            "volumes": dict.fromkeys(shared) | {str(course / "course"): "/home/student/course", str(exchange.parent): "/srv/exchange"},
        },
    }
}


# --- exchange -------------------------------------------------------------------------------------------------
def make_exchange(spawner) -> None:
    """Makes the folders of the exchange, as far as they are missing, before a server starts."""
    modes = {exchange.parent: 0o755, exchange: 0o755, exchange / "outbound": 0o755, exchange / "inbound": 0o755}
    modes |= {exchange / "feedback": 0o711}  # the names of the pages are secrets
    modes |= {exchange / "inbound" / spawner.user.name: 0o777}
    for folder, mode in modes.items():
        if not folder.is_dir():
            folder.mkdir()
            folder.chmod(mode)
            if os.geteuid() == 0:
                os.chown(folder, GRADER_ID, GRADER_ID)


c.Spawner.pre_spawn_hook = make_exchange
