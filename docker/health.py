"""Exits with 0 if the notebook server of this container answers, with or without the prefix of a hub."""

import os
import sys
import urllib.request

port = os.environ.get("JUPYTER_PORT", "8888")
address = f"http://127.0.0.1:{port}{os.environ.get('JUPYTERHUB_SERVICE_PREFIX', '/')}api"
try:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=8)
except OSError as error:  # includes urllib's errors
    sys.exit(f"health: {address} does not answer ({error}): see the container's log")
