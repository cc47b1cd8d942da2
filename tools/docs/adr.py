"""Decision records in MADR 4's form. In: `docs/adr/NNNN-*.md`. Out: `Adr`s, and what is wrong with their form."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import yaml

from tools.docs.problem import Problem
from tools.docs.reading import tests_index

SECTIONS: Final = (
    "Context and problem statement",
    "Decision drivers",
    "Considered options",
    "Decision outcome",
    "Consequences",
    "Confirmation",
)
"""In this order; MADR's own titles, in sentence case. Further sections may stand between them."""

_NAME: Final = re.compile(r"(\d{4})-[a-z0-9-]+\.md\Z")
_STATUS: Final = re.compile(r"(proposed|accepted|rejected|deprecated|superseded by \d{4})\Z")
_TESTS: Final = re.compile(r"`(tests/[^`\s]*)`")


@dataclass(frozen=True)
class Adr:
    """One decision. `sections` has the text below each heading of level 2 or 3, by title."""

    file: Path
    number: str
    title: str
    status: str
    date: str
    sections: dict[str, str]

    @property
    def tests(self) -> list[str]:
        """The tests that its confirmation names."""
        return [each.rstrip("/") for each in _TESTS.findall(self.sections.get("Confirmation", ""))]


def records(root: Path) -> list[Path]:
    """The files of all records, by number."""
    return sorted(file for file in (root / "docs" / "adr").glob("*.md") if file.name != "README.md")


def read(file: Path) -> Adr:
    """Read a record, whatever its form: what is missing is empty."""
    return _read(file, file.read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def _read(file: Path, text: str) -> Adr:
    matter: object = None
    if text.startswith("---\n") and "\n---\n" in text[4:]:
        head, text = text[4:].split("\n---\n", 1)
        matter = yaml.safe_load(head)
    fields = matter if isinstance(matter, dict) else {}
    title = re.search(r"^# (?:\d{4}: )?(.+)$", text, re.MULTILINE)
    parts = re.split(r"^#{2,3} (.+)$", text, flags=re.MULTILINE)
    number = _NAME.match(file.name)
    return Adr(
        file=file,
        number=number[1] if number else "",
        title=title[1] if title else "",
        status=str(fields.get("status", "")),
        date=str(fields.get("date", "")),
        sections={name.strip(): body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)},
    )


def problems(root: Path) -> list[Problem]:
    """What is wrong with the records' form, and tests that do not exist in their confirmations."""
    found: list[Problem] = []
    seen: dict[str, str] = {}
    for file in records(root):
        where = file.relative_to(root).as_posix()
        edit = f"${{EDITOR:-vi}} {where}"
        adr = read(file)
        tests = [each for each in adr.tests if tests_index.exists(root, each)]
        # Beside tests a confirmation may name a file that helps them, the state machine for example.
        wrong = [f"{each!r} is no test" for each in adr.tests if each not in tests and not (root / each).is_file()]
        if not adr.number:
            wrong.append("the name is not NNNN-some-words.md")
        elif adr.number in seen:
            wrong.append(f"the number {adr.number} belongs to {seen[adr.number]} already")
        elif not file.read_text(encoding="utf-8").count(f"\n# {adr.number}: "):
            wrong.append(f"its heading does not begin with '# {adr.number}: '")
        if not _STATUS.match(adr.status):
            wrong.append(
                f"the status {adr.status!r} is none of proposed, accepted, rejected, deprecated, superseded by NNNN"
            )
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", adr.date):
            wrong.append(f"the date {adr.date!r} is not YYYY-MM-DD")
        there = [name for name in adr.sections if name in SECTIONS]
        wrong += [f"the section {name!r} is missing or empty" for name in SECTIONS if not _filled(adr, name)]
        if there != [name for name in SECTIONS if name in there]:
            wrong.append(f"the sections are not in the order {', '.join(SECTIONS)}")
        if adr.sections.get("Confirmation") and not tests:
            wrong.append("the confirmation names no test (`tests/…`)")
        seen.setdefault(adr.number, where)
        found += [Problem(where, what, edit) for what in wrong]
    return found


def _filled(adr: Adr, name: str) -> bool:
    # Text of "Decision outcome" may stand in its subsections only.
    return bool(adr.sections.get(name))
