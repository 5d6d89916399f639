# Settings of the notebook server in the image. JupyterLab and jupyterhub-singleuser both read them.
import os
import sys

c = get_config()  # noqa: F821

c.ServerApp.ip = "0.0.0.0"  # of the container; compose.yaml publishes the port on 127.0.0.1 only
c.ServerApp.open_browser = False
c.ServerApp.root_dir = os.path.expanduser("~")
c.LabApp.default_url = "/lab/tree/notebooks"

c.MappingKernelManager.default_kernel_name = "gonb"
c.KernelSpecManager.ensure_native_kernel = False
sys.path.append(os.path.dirname(__file__))
c.AsyncMappingKernelManager.kernel_manager_class = "go_kernel.GoKernelManager"
c.KernelManager.shutdown_wait_time = 6  # seconds; an iteration and a checkpoint take less
# A kernel that was idle for two hours is stopped. A training kernel is not idle.
c.MappingKernelManager.cull_idle_timeout = 7200

# The server installs no extensions, and its pages fetch nothing from the network.
c.LabApp.extension_manager = "readonly"
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None

# Deleted files do not go to a hidden trash, which would fill the volume.
c.FileContentsManager.delete_to_trash = False
