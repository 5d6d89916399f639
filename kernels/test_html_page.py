"""Tests of html_page with the committed notebooks: pages show every picture and formula and work offline."""

import re
import unittest
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup

from html_page import FormulaError, html_page

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
FORMULA = re.compile(r"\$\$.+?\$\$|\$.+?\$", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)  # the marks of the student's edition


def outside_references(page: BeautifulSoup) -> list[str]:
    """The addresses that a browser fetches to show the page."""
    urls = [tag[name] for tag in page.find_all(True) for name in ("src", "srcset", "poster", "data", "background") if tag.get(name)]
    urls += [link["href"] for link in page.find_all("link", href=True)]
    styles = [style.get_text() for style in page.find_all("style")] + [tag["style"] for tag in page.find_all(style=True)]
    for style in styles:
        urls += re.findall(r"""url\(\s*["']?([^"')]+)""", style) + re.findall(r"""@import\s+["']([^"']+)""", style)
    return [url for url in urls if not url.startswith(("data:", "#"))]


class HTMLPage(unittest.TestCase):
    def test_notebooks(self):
        self.assertEqual(len(NOTEBOOKS), 5)
        for path in NOTEBOOKS:
            with self.subTest(path.stem):
                nb = nbformat.read(path, 4)
                page = BeautifulSoup(html_page(nb, path.stem, str(path.parent)), "html.parser")
                self.assertEqual(outside_references(page), [])
                self.assertEqual(page.find_all("script"), [])
                texts = [COMMENT.sub("", cell.source) for cell in nb.cells if cell.cell_type == "markdown"]
                formulas = [found for text in texts for found in FORMULA.findall(text)]
                self.assertGreater(len(formulas), 5)
                self.assertEqual(len(page.find_all("math")), len(formulas))
                pictures = [o for cell in nb.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
                self.assertEqual(len(page.select(".jp-OutputArea img[src^='data:image/png']")), len(pictures))
                self.assertEqual(page.title.string, path.stem)

    def test_formulas(self):
        """Inline and displayed formulas become MathML. An error quotes a wrong one."""

        def page(text: str) -> BeautifulSoup:
            nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
            return BeautifulSoup(html_page(nb, "formula", "."), "html.parser")

        found = page("Let $x_1 < y$, `$code$` and\n\n$$\\frac{1}{2}$$\n\n\\begin{matrix}a & b\\end{matrix}\n").find_all("math")
        self.assertEqual([math["display"] for math in found], ["inline", "block", "block"])
        self.assertEqual([found[0].msub.get_text(), found[1].mfrac.get_text(), found[2].mtable.get_text()], ["x1", "12", "ab"])
        for wrong, words in (
            ("$\\wrong{x}$", r"\$\\wrong\{x\}\$ has \\wrong, which latex2mathml does not know"),
            ("$x_1_2$", r"\$x_1_2\$ is not LaTeX \(DoubleSubscripts"),
        ):
            with self.subTest(wrong), self.assertRaisesRegex(FormulaError, words):
                page(wrong)


if __name__ == "__main__":
    unittest.main()
