"""What is wrong with a policy, said so that its author can mend it: where, document, field, message, fix."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that keeps a policy from compiling.

    `document` is `<section>/<id>` (`routes/fast`), `field` a dotted path inside it (`targets.0.provider`), or
    empty when the document as a whole is wrong. `at` is its place where it came from a file (`policy.yaml:3:5`).
    """

    document: str
    field: str
    message: str
    fix: str
    at: str = ""

    def __str__(self) -> str:
        document = "" if self.document and self.at.startswith(f"{self.document}:") else self.document
        said = "; ".join(part for part in (self.message, self.fix) if part)
        return ": ".join(part for part in (self.at, document, self.field, said) if part)


class PolicyError(Exception):
    """The documents do not compile. Carries every problem found, in a stable order; nothing was changed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
