"""Tests of README.md and docs/: links and anchors lead somewhere, pages are short, and what they quote exists."""

import json
import re
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Messages in docs/troubleshooting.md of programs that are not part of the project.
FOREIGN = {"undefined: …", "declared and not used", "No such kernel named gonb", "killing gopls: …", "The port … is already in use"}


def prose(text: str) -> str:
    """The text without its code blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page, without those of repeated headings."""
    headings = re.findall(r"^#+ (.*)$", prose(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """The links of a page to files or headings that do not exist. Links to web pages are not checked."""
    broken = []
    for link in LINK.findall(prose(page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or anchor and anchor not in anchors(target.read_text()):
            broken.append(f"{page.name}: {link}")
    return broken


def messages(page: str) -> list[str]:
    """The messages in the first column of a page's tables."""
    return [m for row in re.findall(r"^\| (`.*?) \| ", page, flags=re.MULTILINE) for m in re.findall(r"`([^`]+)`", row)]


def programs() -> str:
    """The source of all programs of the project, without their tests, and of the notebooks."""
    folders = {"cs231n": [".go"], "kernels": [".py", ".sh"], "docker": [".py", ".sh", ".yaml"], "notebooks/source": [".md"]}
    paths = [path for folder, kinds in folders.items() for path in ROOT.glob(f"{folder}/**/*") if path.suffix in kinds]
    return "\n".join(path.read_text() for path in paths if not path.stem.endswith("_test") and not path.stem.startswith("test_"))


class Docs(unittest.TestCase):
    maxDiff = None
    pages = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docker/**/*.md")])

    def test_links(self):
        self.assertGreater(len(self.pages), 12)
        self.assertEqual([link for page in self.pages for link in broken_links(page)], [])

    def test_figures(self):
        """The results in README's table of notebooks are in the notebooks' outputs."""
        rows = re.findall(r"^\| \[.*?\]\((notebooks/\w+\.ipynb)\) \|.*\| (.*?) \|$", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
        self.assertEqual(len(rows), 5)
        for notebook, result in rows:
            cells = json.loads((ROOT / notebook).read_text())["cells"]
            outputs = json.dumps([c["outputs"] for c in cells if c["cell_type"] == "code"])
            for figure in re.findall(r"\d+\.\d+", result):
                self.assertIn(figure, outputs, notebook)

    def test_length(self):
        readme = (ROOT / "README.md").read_text()
        self.assertLessEqual(len(readme.splitlines()), 100)
        self.assertLessEqual(len(readme.split()), 900)
        for page in ROOT.glob("docs/*.md"):
            self.assertLess(len(page.read_text().splitlines()), 120, page.name)

    def test_readme_names_every_page(self):
        readme = (ROOT / "README.md").read_text()
        for page in [*ROOT.glob("docs/*.md"), *ROOT.glob("notebooks/*.ipynb")]:
            self.assertIn(f"({page.relative_to(ROOT)})", readme)

    def test_names(self):
        """The make targets, environment variables and packages that the pages name exist, and all packages are named."""
        text = "\n".join(page.read_text() for page in self.pages if page.name != "CHANGELOG.md")
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        self.assertEqual(set(re.findall(r"`(?:\w+=\S+ )*make ([a-z-]+)", text)) - set(targets), set())
        settings = re.findall(r'CS231N_[A-Z_]*[A-Z]|Setting\("[A-Z_]+', programs() + (ROOT / "Makefile").read_text())
        known = {name.replace('Setting("', "CS231N_") for name in settings}
        self.assertEqual(set(re.findall(r"CS231N_[A-Z_]*[A-Z]", text)) - known, set())
        design = (ROOT / "docs" / "design.md").read_text().split("## Packages")[1].split("Some decisions")[0]
        packages = {str(path.parent.relative_to(ROOT / "cs231n")) for path in ROOT.glob("cs231n/**/*.go")} - {"."}
        public = {package for package in packages if not re.search("internal|testdata", package)}
        self.assertEqual(set(re.findall(r"`([a-z]+(?:/[a-z0-9]+)?)`", design)), public)

    def test_flags(self):
        """The flags in docs/command-line.md are flags of a command."""
        page = (ROOT / "docs" / "command-line.md").read_text()
        source = "\n".join(path.read_text() for path in ROOT.glob("cs231n/cmd/**/*.go"))
        flags = set(re.findall(r"--([a-z][a-z0-9-]*)", page)) - {"help", "version"}  # cobra's own
        self.assertGreater(len(flags), 20)
        self.assertEqual([flag for flag in flags if f'"{flag}"' not in source], [])

    def test_results(self):
        """Results that the README quotes from a notebook are in that notebook."""
        quoted = re.findall(r"\((notebooks/.*?\.ipynb)\).*\| BLEU-4 (0\.\d{4}) \|", (ROOT / "README.md").read_text())
        self.assertEqual(len(quoted), 3)
        for notebook, result in quoted:
            self.assertIn(result, (ROOT / notebook).read_text(), notebook)

    def test_speed(self):
        """The README's factors are the ratios of the same model and its fastest rival in docs/speed.md."""
        row = re.compile(r"^\| (\w+) \| ([\w.]+) \|(?: [\d.]+ \|){2} ([\d.]+) \|", re.MULTILINE)
        ratios = {(model, rival): float(ratio) for model, rival, ratio in row.findall((ROOT / "docs" / "speed.md").read_text())}
        table = (ROOT / "README.md").read_text().split("time / ours |")[1].split("\n\n")[0]
        quoted = re.findall(r"^\| ([^|]+) \| .* \| (\d\.\d) \(([\w.]+)\) \|$", table, re.MULTILINE)
        self.assertEqual(len(quoted), 7)
        models = {"Vanilla GAN": "gan", "Sampling 25 captions": "sample"}
        for part, factor, rival in quoted:
            model = models.get(part, part.lower())
            self.assertAlmostEqual(float(factor) * ratios[model, rival], 1, delta=0.06, msg=f"{model}, {rival}")

    def test_messages(self):
        """Messages that docs/troubleshooting.md explains are in a program of the project."""
        source = programs().replace('\\"', '"')
        explained = set(messages((ROOT / "docs" / "troubleshooting.md").read_text()))
        self.assertGreater(len(explained), 40)
        # The scripts put their own name before a message, and Go's %q puts quotes around a value.
        parts = {m: re.split('"?…"?', re.sub("^(setup|start): ", "", m)) for m in explained - FOREIGN}
        self.assertEqual([m for m in parts if any(part.strip() not in source for part in parts[m])], [])


class Tools(unittest.TestCase):
    def test_anchors(self):
        self.assertEqual(anchors("# The same, again\n```sh\n# no heading\n```\n## `make run`, once\n"), {"the-same-again", "make-run-once"})

    def test_broken_links(self):
        page = Path(self.enterContext(tempfile.TemporaryDirectory())) / "page.md"
        page.write_text("# One\n[a](page.md#one) [b](#two) ![c](none.png) [d](https://example.org/none)\n")
        self.assertEqual(broken_links(page), ["page.md: #two", "page.md: none.png"])


if __name__ == "__main__":
    unittest.main()
