"""What is wrong with an environment's file: file, line, field, value, fix. All of it is told at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from gwctl.core.errors import UserError


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that keeps an environment from being rendered.

    `line` is 0 where no line is to blame; `field` is a dotted path (`scaling.maximum`), empty for the file as a whole.
    """

    file: str
    line: int
    field: str
    message: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{self.field} {self.message}" if self.field else self.message
        return f"{where}: {what}; {self.fix}"


class EnvironmentFileError(UserError):
    """An environment cannot be used. Carries every problem found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n       ".join(str(problem) for problem in self.problems))


class InvalidError(ValueError):
    """A value that a check refuses. `message` follows the field's name and value; `fix` says what to write instead.

    A check of a whole mapping names the fields in the message; `at` is the one on whose line the problem is told.
    """

    def __init__(self, message: str, fix: str, at: str = "") -> None:
        super().__init__(message)
        self.fix = fix
        self.at = at
