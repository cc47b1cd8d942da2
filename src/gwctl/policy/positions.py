"""Where policy documents stand in their files. In: parsed files, problems. Out: the problems with their places."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from gwctl.core.yaml import Yaml
from gwctl.policy.errors import Problem
from gwctl.policy.validation import label_of

Step = str | int


class Positions:
    """The documents of files with sections, by their labels."""

    def __init__(self, parts: Sequence[tuple[str, Yaml]]) -> None:
        """`parts`: each file's name and content."""
        self._places: dict[str, tuple[str, Yaml, tuple[Step, ...]]] = {}
        for label, name, part, path in _entries(parts):
            self._places.setdefault(label, (name, part, path))

    def located(self, problems: Iterable[Problem]) -> list[Problem]:
        """The problems, each with its place where that is known."""
        return [self._located(problem) for problem in problems]

    def _located(self, problem: Problem) -> Problem:
        found = self._places.get(problem.document) or self._places.get(problem.field)
        if problem.at or not found:
            return problem
        name, part, path = found
        return replace(problem, at=place(name, part, path, problem.field))


def place(name: str, part: Yaml, path: Sequence[Step], field: str) -> str:
    """`FILE:LINE:COLUMN` of a field of the document at the path."""
    steps: list[Step] = [int(step) if step.isdigit() else step for step in field.split(".") if step]
    return f"{name}:{part.position([*path, *steps])}"


def _entries(parts: Sequence[tuple[str, Yaml]]) -> Iterator[tuple[str, str, Yaml, tuple[Step, ...]]]:
    """The label of each section and each document; those without an id are counted, in all files together."""
    count: Counter[str] = Counter()
    for name, part in parts:
        for section, entries in _pairs(part.content):
            yield section, name, part, ()
            for index, entry in enumerate(cast("list[object]", entries) if isinstance(entries, list) else ()):
                yield f"{section}/{label_of(entry, count[section])}", name, part, (section, index)
                count[section] += 1


def _pairs(content: object) -> list[tuple[str, object]]:
    if not isinstance(content, Mapping):
        return []
    return [(str(key), value) for key, value in cast("Mapping[object, object]", content).items()]
