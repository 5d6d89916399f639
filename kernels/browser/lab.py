"""JupyterLab with the Go kernel, operated through a browser."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
SETTINGS = {
    # The page contains all cells, not only the visible ones.
    "notebook-extension/tracker": {"windowingMode": "none"},
    # No question about news and no check for updates.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


class Lab:
    """A JupyterLab server with a token. It works on copies of the notebooks, in folder.

    env is added to the environment of the server and its kernels. As a context manager, Lab stops the server and its
    kernels.
    """

    def __init__(self, folder: Path, **env: str):
        shutil.rmtree(folder, ignore_errors=True)
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir(parents=True)
        for path in (ROOT / "notebooks").glob("*.ipynb"):
            notebook = json.loads(path.read_text())
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    cell.update(outputs=[], execution_count=None)
            (self.notebooks / path.name).write_text(json.dumps(notebook))
        (folder / "images").symlink_to(ROOT / "images")
        for name, settings in SETTINGS.items():
            path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings))
        self.log = folder / "jupyterlab.log"
        runtime = folder / "runtime"
        jupyter = {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "JUPYTER_RUNTIME_DIR": str(runtime)}
        with self.log.open("w") as log:
            self.server = subprocess.Popen(
                [ROOT / ".venv/bin/jupyter-lab", "--no-browser", "--allow-root", "--port=0", f"--notebook-dir={self.notebooks}"],
                env=os.environ | jupyter | env, stdout=log, stderr=log,
            )  # fmt: skip
        address = runtime / f"jpserver-{self.server.pid}.json"
        deadline = time.monotonic() + START_SECONDS
        while not address.exists():
            if self.server.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise RuntimeError(f"JupyterLab did not start within {START_SECONDS} s: see its log {self.log}")
            time.sleep(0.1)
        info = json.loads(address.read_text())
        self.url, self.token = info["url"], info["token"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self.server.terminate()
        self.server.wait(START_SECONDS)

    def open(self, browser: Browser, name: str) -> "Notebook":
        """Opens a notebook and waits for its kernel."""
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(f"{self.url}lab/tree/{name}.ipynb?reset&token={self.token}")  # reset closes other notebooks
        return Notebook(page)


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page: Page):
        self.page = page
        self.cells = page.locator(".jp-Notebook .jp-CodeCell")
        self.connected()

    def connected(self) -> None:
        """Waits for a new kernel. GoNB does not report its state before its first cell, so JupyterLab shows it as unknown."""
        self.status("unknown")

    def status(self, status: str) -> None:
        expect(self.page.locator(f".jp-Notebook-ExecutionIndicator[data-status={status}]")).to_be_visible(timeout=60_000)

    def close(self) -> None:
        self.menu("Kernel", "Shut Down Kernel")
        self.status("unknown")
        self.page.close()

    def menu(self, name: str, item: str) -> None:
        self.page.locator(".lm-MenuBar-item", has_text=re.compile(f"^{name}$")).click()
        self.page.locator(".lm-Menu-item", has_text=re.compile(f"^{item}")).first.click()

    def toolbar(self, command: str) -> None:
        self.page.locator(f".jp-NotebookPanel-toolbar [data-command='{command}']").click()

    def cell(self, text: str) -> Locator:
        """The first code cell with a text in its source."""
        return self.cells.filter(has=self.page.locator(".cm-content", has_text=text)).first

    def start(self, cell: Locator) -> None:
        """Starts a cell as Ctrl-Enter does."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run(self, cell: Locator, seconds: float = 60) -> None:
        """Runs a cell to its end."""
        self.start(cell)
        self.ended(cell, seconds)

    def ended(self, cell: Locator, seconds: float) -> None:
        """Waits until a cell shows a number instead of the star."""
        expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=1000 * seconds)

    def run_all(self, seconds: float) -> None:
        self.menu("Run", "Run All Cells")
        self.ended(self.cells.last, seconds)
        self.status("idle")

    def write_cell(self, source: str) -> None:
        """Writes a new cell below the active one and leaves the cursor at its end."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Escape")  # the first may close a list of completions
        self.page.keyboard.press("b")
        self.page.keyboard.press("Enter")
        self.page.keyboard.type(source)

    def iteration_reached(self, cell: Locator, number: int) -> None:
        """Waits until a training cell has reached an iteration. The cell may have to make the data first."""
        self.page.wait_for_function(
            "([cell, number]) => Number((cell.querySelector('.jp-OutputArea-output code')?.textContent ?? '').match(/iteration (\\d+)/)?.[1]) >= number",
            arg=[cell.element_handle(), number], timeout=120_000,
        )  # fmt: skip

    def restart(self) -> None:
        self.toolbar("notebook:restart-kernel")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.connected()

    def watch_progress(self) -> None:
        """Records every state of a progress display from now on."""
        self.page.evaluate("""() => {
            window.progress = [];
            const note = () => document.querySelectorAll('.jp-OutputArea-output code').forEach(line => {
                if (window.progress.at(-1) !== line.textContent) window.progress.push(line.textContent);
            });
            new MutationObserver(note).observe(document.querySelector('.jp-Notebook'), {childList: true, subtree: true, characterData: true});
        }""")

    def progress(self) -> list[str]:
        """The states recorded since watch_progress, in their order."""
        return self.page.evaluate("window.progress")

    def errors(self, cell: Locator) -> list[str]:
        """The texts of a cell's output that JupyterLab shows on red."""
        return cell.locator(".jp-OutputArea-output[data-mime-type$='.stderr'], .jp-OutputArea-output[data-mime-type$='.error']").all_inner_texts()

    def pictures(self, cell: Locator) -> list[dict]:
        """The size of every picture in a cell's output, and its number of colours (up to 100)."""
        return cell.locator(".jp-OutputArea-output img").evaluate_all("""images => Promise.all(images.map(async image => {
            await image.decode();
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
            const colours = new Set();
            for (let i = 0; i < pixels.length && colours.size < 100; i++) colours.add(pixels[i]);
            return {width: image.naturalWidth, height: image.naturalHeight, colours: colours.size};
        }))""")

    def screenshot(self, path: Path, cell: Locator) -> None:
        """Saves a picture of the window with the end of a cell at its bottom."""
        cell.evaluate("cell => cell.scrollIntoView({block: 'end'})")
        self.page.screenshot(path=path)

    def screenshots(self, folder: Path, name: str) -> None:
        """Saves pictures of the whole notebook, one for each screen."""
        view, last = self.page.locator(".jp-WindowedPanel-outer"), self.page.locator(".jp-Notebook .jp-Cell").last
        view.evaluate("view => view.scrollTo(0, 0)")
        top, visible = view.bounding_box()["y"], view.bounding_box()["height"]
        height = last.bounding_box()["y"] + last.bounding_box()["height"] - top
        for number, start in enumerate(range(0, int(height), int(visible)), 1):
            view.evaluate("(view, start) => view.scrollTo(0, start)", start)
            self.page.screenshot(path=folder / f"{name}-{number:02}.png")
