"""Documents from files. In: FILE, DIR or `-`. Out: valid documents of each kind, in the order in which they stand.

Understood are the sections of policy.yaml, single documents with a `kind`, what `show -o yaml` and `list -o yaml` print
(`kind`, `version` and the document under `document`), lists of these, and several of them in one YAML stream.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from gwctl.core.errors import UserError
from gwctl.core.yaml import Yaml
from gwctl.policy.documents import Document
from gwctl.policy.errors import PolicyError, Problem
from gwctl.policy.kinds import BY_SECTION, KINDS, ROUTING, SCANNER, Kind
from gwctl.policy.loader import parse_yaml
from gwctl.policy.positions import place
from gwctl.policy.validation import SECTIONS, problems_of

STDIN: Final = "-"
SUFFIXES: Final = (".yaml", ".yml", ".json")
BY_WORD: Final[Mapping[str, Kind]] = {
    **BY_SECTION,
    **{word: kind for kind in KINDS for word in (kind.noun, kind.plural)},
    "routing": ROUTING,
    "rule": SCANNER,
    "scanner-rule": SCANNER,
}
"""What may stand as `kind` of a document."""


class Place(NamedTuple):
    """Where a document stands: the text's name, what YAML made of it, the way to the document."""

    source: str
    part: Yaml
    path: tuple[str | int, ...]

    def of(self, field: str) -> str:
        """`FILE:LINE:COLUMN` of one of its fields; of the whole where there is none."""
        return place(self.source, self.part, self.path, field)


@dataclass(frozen=True)
class Wanted:
    """A document that somebody wants to have. `based_on` is the version that it was made from, where the file says."""

    kind: Kind
    document: Document
    source: str
    based_on: int | None = None
    place: Place | None = field(default=None, repr=False, compare=False)

    @property
    def id(self) -> str:
        """Its id."""
        return str(getattr(self.document, "id"))  # noqa: B009 - every section's model has one, Document itself has not

    @property
    def label(self) -> str:
        """`<section>/<id>`."""
        return f"{self.kind.section}/{self.id}"

    def as_json(self) -> dict[str, Any]:
        """What is sent: the fields that were written, money as exact text."""
        return self.document.model_dump(mode="json", exclude_unset=True)


@dataclass
class Input:
    """What the files hold. `providers` are named only: they belong to the deployment, no API stores them."""

    wanted: list[Wanted] = field(default_factory=list[Wanted])
    providers: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class _Raw:
    kind: Kind | None
    content: Any
    place: Place
    based_on: int | None = None


def read_documents(names: Iterable[str], default: Kind | None = None) -> Input:
    """Reads all files. `default` is the kind of a document that names none.

    Raises UserError: a file cannot be read, or holds what is no document; all problems of all files at once.
    """
    found = Input()
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for source, text in _texts(names):
        try:
            parts = parse_yaml(text, source)
            raws = [raw for part in parts for raw in _raws(part.content, Place(source, part, ()), default)]
        except PolicyError as error:
            problems += error.problems
            continue
        for raw in raws:
            if raw.kind is None:
                found.providers.append(str(raw.content))
                continue
            try:
                wanted = _wanted(raw, raw.kind)
            except PolicyError as error:
                problems += error.problems
                continue
            if wanted.label in seen:
                message = f"stands twice, also in {seen[wanted.label]}"
                problems.append(Problem(wanted.label, "", message, "keep one", raw.place.of("")))
            seen[wanted.label] = source
            found.wanted.append(wanted)
    if problems:
        raise UserError("\n  ".join(["the documents have problems, nothing was changed", *map(str, problems)]))
    return found


def _texts(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        if name == STDIN:
            yield "stdin", sys.stdin.read()
            continue
        path = Path(name)
        files = sorted(each for each in path.iterdir() if each.suffix in SUFFIXES) if path.is_dir() else [path]
        if not files:
            raise UserError(f"{path} holds no file that ends in {', '.join(SUFFIXES)}")
        for file in files:
            try:
                yield str(file), file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                raise UserError(f"{file} is not UTF-8; save it as UTF-8") from None
            except OSError as error:
                raise UserError(f"{file} cannot be read ({error.strerror})") from None


def _raws(content: Any, here: Place, default: Kind | None) -> Iterator[_Raw]:
    """The documents in one parsed YAML document, or in a part of it. Raises PolicyError."""
    if content is None:
        return
    if isinstance(content, list):
        for index, each in enumerate(content):
            yield from _raws(each, _below(here, index), default)
    elif not isinstance(content, Mapping):
        raise PolicyError([_problem(here, "", "is not a mapping", "write sections, or documents with a kind")])
    elif content.get("kind") in BY_WORD:
        rest = {name: value for name, value in content.items() if name != "kind"}
        kind = BY_WORD[content["kind"]]
        if isinstance(rest.get("document"), Mapping):
            yield _Raw(kind, rest["document"], _below(here, "document"), _version(rest.get("version")))
        else:
            yield _Raw(kind, rest, here)
    elif content.keys() <= {*SECTIONS}:
        yield from _of_sections(content, here)
    elif default is not None and "kind" not in content:
        yield _Raw(default, content, here)
    else:
        known = f"{', '.join(kind.noun for kind in KINDS)}; or sections: {', '.join(SECTIONS)}"
        said = f"kind {content['kind']!r} is unknown" if "kind" in content else "names no kind"
        raise PolicyError([_problem(here, "", said, f"known are {known}")])


def _of_sections(content: Mapping[str, Any], here: Place) -> Iterator[_Raw]:
    for section, entries in content.items():
        if entries is None:
            continue
        if not isinstance(entries, list):
            raise PolicyError([_problem(here, section, "must be a list of documents", "start each entry with '- '")])
        for index, entry in enumerate(entries):
            if section == "providers":
                yield _Raw(None, entry.get("id") if isinstance(entry, Mapping) else entry, here)
            else:
                yield _Raw(BY_SECTION[section], entry, _below(_below(here, section), index))


def _below(here: Place, step: str | int) -> Place:
    return here._replace(path=(*here.path, step))


def _problem(here: Place, field: str, message: str, fix: str) -> Problem:
    return Problem(here.source, field, message, fix, here.of(field))


def _version(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _wanted(raw: _Raw, kind: Kind) -> Wanted:
    """Raises PolicyError when the document is not valid by itself."""
    model = SECTIONS[kind.section]
    try:
        return Wanted(kind, model.model_validate(raw.content), raw.place.source, raw.based_on, raw.place)
    except ValidationError as error:
        name = raw.content.get("id") if isinstance(raw.content, Mapping) else None
        found = problems_of(error, f"{kind.section}/{name or '?'}", model)
        raise PolicyError(replace(each, at=raw.place.of(each.field)) for each in found) from None
