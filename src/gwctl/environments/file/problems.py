"""What is wrong with an environment's file: file, line, column, field, value, fix. All of it is told at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from gwctl.core.errors import UserError


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that keeps an environment from being rendered.

    `line` and `column` are 0 where the file cannot be read; `field` is a dotted path (`scaling.maximum`), empty for
    the file as a whole.
    """

    file: str
    line: int
    field: str
    message: str
    fix: str
    column: int = 0

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        what = f"{self.field} {self.message}" if self.field else self.message
        return f"{where}: {what}; {self.fix}"


class EnvironmentFileError(UserError):
    """An environment cannot be used. Carries every problem found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n       ".join(str(problem) for problem in self.problems))
