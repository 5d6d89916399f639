# The hub of try_class.py: jupyterhub_config.py with processes instead of containers, all on this machine's own address.
# All processes belong to this user, so only the hub separates the students. Never use this for a class.
import os
import signal
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner

c = get_config()  # noqa: F821
load_subconfig("jupyterhub_config.py", path=os.path.dirname(__file__))  # noqa: F821

folder = Path(os.environ["CS231N_TRY_FOLDER"])
root = Path(os.environ["CS231N_ROOT"])

c.JupyterHub.bind_url = os.environ["CS231N_TRY_URL"]
c.JupyterHub.hub_bind_url = os.environ["CS231N_TRY_HUB_URL"]
c.JupyterHub.hub_ip = c.JupyterHub.hub_connect_ip = "127.0.0.1"
c.ConfigurableHTTPProxy.api_url = os.environ["CS231N_TRY_PROXY_URL"]
c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{folder}/hub.sqlite"
c.ConfigurableHTTPProxy.pid_file = str(folder / "proxy.pid")


class ServerProcess(SimpleLocalProcessSpawner):
    """Stops a server with SIGTERM, as a container is stopped. After SIGINT it would leave its kernels running."""

    async def _signal(self, sig: int) -> bool:
        return await super()._signal(signal.SIGTERM if sig == signal.SIGINT else sig)


c.JupyterHub.spawner_class = ServerProcess
c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "{username}")
c.Spawner.cmd = [str(root / "docker" / "start.sh")]
c.Spawner.environment = {
    "PATH": f"{root}/.venv/bin:{root}/bin:{os.environ['PATH']}",
    "JUPYTER_CONFIG_PATH": str(root / "docker" / "jupyter"),
}
c.Spawner.env_keep = ["CS231N_ROOT", "CS231N_GOCACHE", "CS231N_QUICK", "GOCACHE", "GOMODCACHE", "LANG"]
c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []

make_exchange = c.Spawner.pre_spawn_hook
jupyter = root / "docker" / "jupyter"


def open_exchange(spawner) -> None:
    """Makes the folders and variables that the spawner of containers makes with volumes."""
    make_exchange(spawner)
    exchange, name = Path(os.environ["CS231N_COURSE"], "exchange"), spawner.user.name
    role = "teacher" if spawner.user.groups else "student"
    spawner.environment |= {"CS231N_EXCHANGE": str(exchange), "JUPYTER_CONFIG_PATH": f"{jupyter / role}:{jupyter}"}
    home = folder / name
    home.mkdir(exist_ok=True)
    if role == "teacher":
        spawner.environment["CS231N_COURSE"] = str(home / "course")
        links = {home / "course": exchange.parent / "course"}
    else:
        own = folder / f"exchange-{name}" / "cs231n"
        own.mkdir(parents=True, exist_ok=True)
        spawner.environment["CS231N_EXCHANGE"] = str(own.parent)
        links = {own / part: exchange / "cs231n" / part for part in ("outbound", "feedback")}
        links[own / "inbound"] = exchange / "cs231n" / "inbound" / name
    for link, target in links.items():
        if not link.is_symlink():
            link.symlink_to(target)


if os.environ.get("CS231N_COURSE"):
    c.Spawner.group_overrides = {}
    c.Spawner.pre_spawn_hook = open_exchange
