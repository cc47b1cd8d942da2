"""What is wrong with the documentation, and the command that mends it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from shlex import quote


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong. `where` is a file, with a line where there is one; `fix` is a shell command."""

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n    fix: {self.fix}"


def replace_or_look(file: str, wrong: str, known: Iterable[str], look: str) -> str:
    """The command that replaces a wrong name by the one that is most like it, or else shows what there is."""
    close = get_close_matches(wrong, list(known), n=1, cutoff=0.8)
    if not close:
        return look
    return f"sed -i {quote(f's|{_escaped(wrong)}|{close[0]}|')} {file}"


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in r".[]*^$\|" else character for character in text)
