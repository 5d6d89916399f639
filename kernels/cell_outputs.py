"""Reads the outputs of a notebook's cell as text."""

import html
import re

ANSI = re.compile(r"\x1b\[[0-9;]*m")
TAGS = re.compile(r"<style.*?</style>|<[^>]*>", re.DOTALL)
PANIC = re.compile(r"^(panic: |fatal error: |goroutine \d+ \[)", re.MULTILINE)


def printed(text: str) -> str:
    """Terminal output without colour codes."""
    return ANSI.sub("", text)


def rendered(page: str) -> str:
    """The text of a piece of HTML."""
    return html.unescape(TAGS.sub("", page))


def texts(outputs: list) -> str:
    """The text of all outputs of a cell, in their order."""
    words = ""
    for output in outputs:
        if output.output_type == "stream":  # may end within a line
            words += printed(output.text)
        elif output.output_type == "error":
            words += f"\n{printed(output.evalue)}\n"
        else:
            words += f"\n{rendered(''.join(output.data.get('text/html', '')))}\n"
    return words


def panicked(outputs: list) -> bool:
    """Whether a cell's outputs contain a Go panic or stack trace, its own or that of a program it started."""
    return bool(PANIC.search(texts(outputs)))


def join_streams(outputs: list) -> list:
    """Joins consecutive text outputs into one. Texts with a picture between them stay apart."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def complaint(outputs: list) -> str:
    """The few lines that explain why a cell failed: those of the panic, else of the compiler, else the last ones."""
    words = texts([o for o in outputs if o.output_type != "error"]) or texts(outputs)
    if found := PANIC.search(words):
        words = re.split(r"^goroutine ", words[found.start() :], maxsplit=1, flags=re.MULTILINE)[0] or words
        lines = [line.strip() for line in words.splitlines() if line.strip()][:5]
    else:
        lines = [line.strip() for line in words.splitlines() if line.strip()]
        located = [line for line in lines if re.search(r"\.go:\d+", line)]
        lines = located[:5] or lines[-5:]
    return "\n    ".join(dict.fromkeys(lines)) or "no message"
