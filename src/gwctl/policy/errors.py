"""What is wrong with a policy, said so that its author can mend it: document, field, message, fix."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that keeps a policy from compiling.

    `document` is `<section>/<id>` (`routes/fast`), `field` a dotted path inside it (`targets.0.provider`), or
    empty when the document as a whole is wrong.
    """

    document: str
    field: str
    message: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.document}: {self.field}" if self.field else self.document
        return f"{where}: {self.message}; {self.fix}"


class PolicyError(Exception):
    """The documents do not compile. Carries every problem found, in a stable order; nothing was changed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
