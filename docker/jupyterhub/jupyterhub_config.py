# A class on one machine: each student gets a container of the notebook image and a volume.
# See README.md in this folder. compose.yaml sets the environment variables.
import os
import sys

import nativeauthenticator

c = get_config()  # noqa: F821

# --- accounts -------------------------------------------------------------------------------------------------
# The hub has its own accounts: students sign up at /hub/signup, and an admin admits them at /hub/authorize. If the
# school has a single sign-on, use that instead: see README.md.
c.JupyterHub.authenticator_class = "native"
c.JupyterHub.template_paths = [nativeauthenticator.__path__[0] + "/templates"]
c.Authenticator.admin_users = set(os.environ.get("CS231N_ADMINS", "").split())
c.Authenticator.allow_all = True  # whom an admin admitted
c.NativeAuthenticator.minimum_password_length = 12
c.NativeAuthenticator.check_common_password = True
c.NativeAuthenticator.allowed_failed_logins = 5
c.NativeAuthenticator.seconds_before_next_try = 600

# --- servers --------------------------------------------------------------------------------------------------
c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.image = os.environ.get("CS231N_IMAGE", "cs231n-go:cpu")
c.DockerSpawner.mem_limit = os.environ.get("CS231N_MEMORY", "4G")
c.DockerSpawner.cpu_limit = float(os.environ.get("CS231N_CPUS", "2"))
c.DockerSpawner.volumes = {
    "cs231n-home-{username}": "/home/student",
    "cs231n-data": {"bind": "/data", "mode": "ro"},
}
c.DockerSpawner.extra_host_config = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "tmpfs": {"/tmp": "exec,mode=1777"},  # for building and running cells; counts as memory
    "pids_limit": 1024,
}
c.DockerSpawner.extra_create_kwargs = {"stop_timeout": 20}  # seconds, so that training cells can write their checkpoints
c.DockerSpawner.remove = True
c.DockerSpawner.network_name = "cs231n-class"
c.DockerSpawner.use_internal_ip = True

# --- idle servers ---------------------------------------------------------------------------------------------
# An idle server stops after an hour. A cell that prints, as training does, counts as activity.
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600", "--cull-every=300"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]

# --- hub ------------------------------------------------------------------------------------------------------
c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = "hub"  # its name in the class's network
c.JupyterHub.cookie_secret_file = "/srv/hub/cookie_secret"
c.JupyterHub.db_url = "sqlite:////srv/hub/hub.sqlite"
c.JupyterHub.concurrent_spawn_limit = 8
c.JupyterHub.active_server_limit = int(os.environ.get("CS231N_SERVERS", "20"))

# --- assignments ----------------------------------------------------------------------------------------------
if os.environ.get("CS231N_COURSE"):
    load_subconfig("course_config.py", path=os.path.dirname(__file__))  # noqa: F821
