"""A client of a notebook server's REST and websocket interfaces.

The tests of the image and of the class use it. It needs requests and websocket-client, which JupyterLab depends on.
"""

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import requests
import websocket

REQUEST_SECONDS = 60


@dataclass
class Result:
    """The text that a cell printed, its seconds, and the MIME types of its other outputs."""

    text: str
    seconds: float
    kinds: list
    failed: bool


class Server:
    """A server at url, such as http://127.0.0.1:8888 or http://127.0.0.1:8000/user/ann. token opens it."""

    def __init__(self, url: str, token: str | None):
        self.url = url.rstrip("/")
        self.http = requests.Session()
        self.http.trust_env = False  # no proxy for this machine
        if token:
            self.http.headers["Authorization"] = f"token {token}"

    def status(self, path: str = "/api/status") -> int:
        """The HTTP status of a GET, without following redirections."""
        return self.http.get(self.url + path, timeout=REQUEST_SECONDS, allow_redirects=False).status_code

    def call(self, method: str, path: str, body: dict | None = None, seconds: float = REQUEST_SECONDS):
        """The decoded answer of the REST interface. Raises requests.HTTPError if the status is 400 or more."""
        reply = self.http.request(method, self.url + path, json=body, timeout=seconds)
        reply.raise_for_status()
        return reply.json() if reply.content else None

    def start_kernel(self, notebook: str, seconds: float) -> "Kernel":
        """Starts a Go kernel in the folder of notebook. seconds limits the time of each cell."""
        wanted = {"path": notebook, "name": "", "type": "notebook", "kernel": {"name": "gonb"}}
        session = self.call("POST", "/api/sessions", wanted)
        return Kernel(self, session["kernel"]["id"], seconds)


class Kernel:
    """A kernel with an open websocket. Use it in a with statement."""

    def __init__(self, server: Server, kernel_id: str, seconds: float):
        self.server, self.id = server, kernel_id
        self.channel = websocket.create_connection(
            f"{server.url.replace('http', 'ws', 1)}/api/kernels/{kernel_id}/channels",
            header=[f"Authorization: {server.http.headers['Authorization']}"],
            timeout=seconds,
            http_no_proxy=["*"],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.channel.close()

    def start(self, code: str) -> str:
        """Starts running code and returns the request's id."""
        request = uuid.uuid4().hex
        header = {"msg_id": request, "msg_type": "execute_request", "username": "", "session": self.id, "version": "5.3", "date": ""}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
        self.channel.send(json.dumps({"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content, "buffers": []}))
        return request

    def messages(self, request: str):
        """Yields the messages that belong to request until the kernel is idle again."""
        while True:
            message = json.loads(self.channel.recv())
            if message["parent_header"].get("msg_id") != request:
                continue
            yield message
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return

    def run(self, code: str) -> Result:
        """Runs a cell to its end."""
        begun = time.monotonic()
        text, kinds, failed = "", [], False
        for message in self.messages(self.start(code)):
            content = message["content"]
            text += content.get("text", "") if message["msg_type"] == "stream" else "\n".join(content.get("traceback", []))
            kinds += list(content.get("data", {}))
            failed |= message["msg_type"] == "error"
        return Result(text, time.monotonic() - begun, kinds, failed)


def code_cells(notebook: Path) -> list[str]:
    """The sources of a notebook's code cells."""
    return ["".join(cell["source"]) for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]


def wait_for(ready, seconds: float, what: str) -> None:
    """Waits until ready() is true. Raises TimeoutError, which names what, after these seconds."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds:g} s")
        time.sleep(0.25)
