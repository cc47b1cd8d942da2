"""The patterns of scanner rules, in RE2's syntax: the time of a search grows with the text alone, whatever the pattern.

In: what a person wrote. Out: a `Pattern`, or a PatternError that says what is wrong with it.
"""

from functools import lru_cache
from typing import Any, Final

_UNSUPPORTED: Final = {
    **{f"invalid perl operator: {each}": f"look-ahead {each}…) is not supported" for each in ("(?=", "(?!")},
    **{f"invalid perl operator: {each}": f"look-behind {each}…) is not supported" for each in ("(?<=", "(?<!")},
    "invalid escape sequence: \\u": "\\u… is not supported, a character is written \\x{00e9}",
    **{f"invalid escape sequence: \\{digit}": "back references are not supported" for digit in range(1, 10)},
}


class PatternError(ValueError):
    """The pattern cannot be used; the message says why, to be read after the name of the field."""


class Pattern:
    """A pattern that was found good. Texts may hold lone surrogates, which match as question marks."""

    def __init__(self, pattern: str) -> None:
        """Raise PatternError when the pattern is none, uses what RE2 does not have, or matches the empty text."""
        import re2  # pyright: ignore[reportMissingTypeStubs] # a C++ library: who has no patterns need not load it

        engine: Any = re2
        options = engine.Options()
        options.log_errors = False
        options.never_capture = True
        try:
            self._search = engine.compile(pattern, options).search
        except engine.error as error:
            found = error.args[0].decode()
            raise PatternError(f"is not a regular expression of RE2 ({_UNSUPPORTED.get(found, found)})") from error
        except UnicodeEncodeError as error:
            raise PatternError("is not a regular expression of RE2 (it holds half a character)") from error
        if self.is_in(""):
            raise PatternError("matches the empty text, and so every text")

    def is_in(self, text: str) -> bool:
        """Whether the text has the pattern somewhere."""
        return self._search(_bytes(text)) is not None

    def replaced(self, text: str, replacement: str) -> str:
        """The text with `replacement`, taken as it is, for each occurrence; the same object if there is none."""
        data, kept, done = _bytes(text), list[bytes](), 0
        while match := self._search(data, done):
            start, end = match.span()
            if start == end:
                return text  # only at places without a width, like \b: there is nothing to replace
            kept += data[done:start], replacement.encode()
            done = end
        return b"".join((*kept, data[done:])).decode() if kept else text


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Pattern:
    """The pattern, compiled once; PatternError says what is wrong with it."""
    return Pattern(pattern)


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")
