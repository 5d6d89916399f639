"""What the outputs of a notebook's cell say, in words."""

import html
import re

ANSI = re.compile(r"\x1b\[[0-9;]*m")
TAGS = re.compile(r"<style.*?</style>|<[^>]*>", re.DOTALL)
PANIC = re.compile(r"^(panic: |fatal error: |goroutine \d+ \[)", re.MULTILINE)


def printed(text: str) -> str:
    """Terminal output as a person reads it, without colours."""
    return ANSI.sub("", text)


def rendered(page: str) -> str:
    """The words of a piece of HTML, without tags."""
    return html.unescape(TAGS.sub("", page))


def texts(outputs: list) -> str:
    """All that the outputs of a cell say in words, in their order."""
    words = ""
    for output in outputs:
        if output.output_type == "stream":  # may hold but a part of a line
            words += printed(output.text)
        elif output.output_type == "error":
            words += f"\n{printed(output.evalue)}\n"
        else:
            words += f"\n{rendered(''.join(output.data.get('text/html', '')))}\n"
    return words


def panicked(outputs: list) -> bool:
    """Whether a cell's outputs hold a Go panic or stack trace, be it that of a program that the cell started."""
    return bool(PANIC.search(texts(outputs)))


def join_streams(outputs: list) -> list:
    """Makes one output of texts that follow each other; where a picture stands between them they stay apart."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def complaint(outputs: list) -> str:
    """The few lines of a failed cell's outputs that say why: the panic's, else the compiler's, else the last."""
    words = texts([o for o in outputs if o.output_type != "error"]) or texts(outputs)
    if found := PANIC.search(words):
        words = re.split(r"^goroutine ", words[found.start() :], maxsplit=1, flags=re.MULTILINE)[0] or words
        lines = [line.strip() for line in words.splitlines() if line.strip()][:5]
    else:
        lines = [line.strip() for line in words.splitlines() if line.strip()]
        located = [line for line in lines if re.search(r"\.go:\d+", line)]
        lines = located[:5] or lines[-5:]
    return "\n    ".join(dict.fromkeys(lines)) or "no message"
