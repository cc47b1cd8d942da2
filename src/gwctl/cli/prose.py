"""Sentences for a terminal. In: text of one or more lines. Out: the same, broken between words where it is too wide.

Only for what people read: commands and configuration are printed as they are, so that they can be copied.
"""

import shutil
import sys
import textwrap


def fitted(text: str) -> str:
    """The text as stderr is to get it: as wide as the terminal, or unchanged where there is none."""
    if not sys.stderr.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(_fit(line, width) for line in text.splitlines())


def _fit(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(
        line,
        width,
        subsequent_indent=indent,
        break_long_words=False,  # a path that is broken cannot be copied
        break_on_hyphens=False,
        drop_whitespace=True,
    )
