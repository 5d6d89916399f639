"""Writes an executed notebook as one self-contained HTML page: it needs no network, script or other file.

The page includes pictures and styles. Formulas are MathML, which browsers render without a script.
"""

import re

from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

# JupyterLab's page without its scripts for formulas, diagrams and widgets, which come from the network.
# The fonts for formulas are common on desktop systems.
TEMPLATE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block html_head_js_requirejs %}{% endblock %}
{% block html_head_css %}<style>math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "DejaVu Math TeX Gyre", math; }</style>{% endblock %}"""
# The converter leaves a command that it does not know unchanged in its result.
UNKNOWN = re.compile(r">\s*(\\[A-Za-z]+)")
# LaTeX puts a thin space between a function and its argument. The converter does not.
FUNCTION = re.compile(r"(<mi>[a-z]{2,}</mi>)(?=<m(?:i|sub)>)")


class FormulaError(ValueError):
    """A formula cannot be converted."""


def mathml(formula: str, display: str) -> str:
    """Converts a formula from LaTeX; display is "inline" or "block"."""
    try:
        converted = convert(formula, display=display)
    except Exception as error:  # the converter's errors have no common class
        raise FormulaError(f"the formula ${formula}$ is not LaTeX ({type(error).__name__}): correct it in the notebook") from error
    if unknown := UNKNOWN.search(converted):
        raise FormulaError(f"the formula ${formula}$ has {unknown[1]}, which latex2mathml does not know: write it in another way")
    return FUNCTION.sub(r'\1<mspace width="0.17em"/>', converted)


class Renderer(IPythonRenderer):
    """nbconvert's renderer of Markdown cells, with formulas as MathML."""

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


class Exporter(HTMLExporter):
    """nbconvert's exporter of pages in JupyterLab's style, for pages that work offline."""

    def __init__(self, **traits):
        super().__init__(raw_template=TEMPLATE, embed_images=True, **traits)

    @pass_context
    def markdown2html(self, context, source: str) -> str:
        path = context["resources"]["metadata"]["path"]
        attachments = context["cell"].get("attachments", {})
        renderer = Renderer(escape=False, attachments=attachments, embed_images=True, path=path, anchor_link_text=self.anchor_link_text)
        return MarkdownWithMath(renderer=renderer).render(source)


def html_page(nb, name: str, folder: str) -> str:
    """The page of notebook nb with the title name. Relative paths of pictures in its text start at folder.

    Raises FormulaError if a formula cannot be converted.
    """
    page, _ = Exporter().from_notebook_node(nb, {"metadata": {"name": name, "path": folder}})
    return page
