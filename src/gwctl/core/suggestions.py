"""What somebody may have meant. In: a word that is unknown, and those that are known. Out: the nearest one, if any."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is nearest, whatever its case."""
    names = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), names, n=1)
    return names[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """`did you mean X?`, or what to say where nothing is near."""
    found = nearest(word, known)
    return f"did you mean {found}?" if found else otherwise
