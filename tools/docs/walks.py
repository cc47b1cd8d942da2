"""The walks through the files in docs/flow.md. In: the page. Out: steps whose code is not there, and wrong counts.

A walk is a section whose heading ends in the number of files that it goes through: `### A chat request: 38 files`. A
step names a definition and links to the file that has it: [`reserve`](../src/gwctl/agent/reserve/server.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.docs.problem import Problem

PAGE: Final = "docs/flow.md"
_HEADING: Final = re.compile(r"^#{2,} (?P<title>.+?)(?:: (?P<files>\d+) files)?$")
_STEP: Final = re.compile(r"\[`(?P<name>\w+)`\]\((?P<target>\.\./[^)#]+\.(?:py|lua))\)")


@dataclass(frozen=True)
class Step:
    """A definition and its file, and the line of the page that names it."""

    name: str
    file: Path
    line: int

    @property
    def is_there(self) -> bool:
        """Whether the file defines the name: a function, a class, a constant, a block of Terraform."""
        name = re.escape(self.name)
        defined = (
            rf'\b(?:def|class|function)\s+(?:\w+[.:])?{name}\b|^\s*(?:local\s+)?(?:\w+\.)?{name}\b\s*[:=]|"{name}"'
        )
        return self.file.is_file() and re.search(defined, self.file.read_text(encoding="utf-8"), re.M) is not None


def problems(root: Path) -> list[Problem]:
    """Steps that lead nowhere, and walks through another number of files than their heading says."""
    found: list[Problem] = []
    page = root / PAGE
    for title, stated, steps in _walks(page):
        found += [
            Problem(f"{PAGE}:{step.line}", f"{step.file.name} does not define {step.name}", f"${{EDITOR:-vi}} {PAGE}")
            for step in steps
            if not step.is_there
        ]
        files = len({step.file for step in steps})
        if stated is not None and files != stated:
            fix = f"sed -i 's|^\\(#* {title}\\): {stated} files$|\\1: {files} files|' {PAGE}"
            found.append(Problem(PAGE, f"'{title}' goes through {files} files, not {stated}", fix))
    return found


def _walks(page: Path) -> Iterator[tuple[str, int | None, list[Step]]]:
    title, stated, steps = "", None, list[Step]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if heading := _HEADING.match(line):
            yield title, stated, steps
            files = heading["files"]
            title, stated, steps = heading["title"], int(files) if files else None, []
        steps += [Step(step["name"], (page.parent / step["target"]).resolve(), number) for step in _STEP.finditer(line)]
    yield title, stated, steps
