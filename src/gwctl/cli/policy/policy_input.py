"""Documents from files. In: FILE, DIR or `-`. Out: valid documents of each kind, in the order in which they stand.

Understood are the sections of policy.yaml, single documents with a `kind`, what `show -o yaml` and `list -o yaml` print
(`kind`, `version` and the document under `document`), lists of these, and several of them in one YAML stream.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from gwctl.core.errors import UserError
from gwctl.policy.documents import Document
from gwctl.policy.errors import PolicyError, Problem
from gwctl.policy.kinds import BY_SECTION, KINDS, ROUTING, SCANNER, Kind
from gwctl.policy.loader import parse_yaml
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


@dataclass(frozen=True)
class Wanted:
    """A document that somebody wants to have. `based_on` is the version that it was made from, where the file says."""

    kind: Kind
    document: Document
    source: str
    based_on: int | None = None

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
    source: str
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
            raws = [raw for part in parse_yaml(text, source) for raw in _raws(part, source, default)]
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
                problems.append(Problem(wanted.label, "", f"stands twice, also in {seen[wanted.label]}", "keep one"))
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


def _raws(content: Any, source: str, default: Kind | None) -> Iterator[_Raw]:
    """The documents in one parsed YAML document. Raises PolicyError."""
    if content is None:
        return
    if isinstance(content, list):
        for each in content:
            yield from _raws(each, source, default)
    elif not isinstance(content, Mapping):
        raise PolicyError([Problem(source, "", "is not a mapping", "write sections, or documents with a kind")])
    elif content.get("kind") in BY_WORD:
        rest = {name: value for name, value in content.items() if name != "kind"}
        kind = BY_WORD[content["kind"]]
        if isinstance(rest.get("document"), Mapping):
            yield _Raw(kind, rest["document"], source, _version(rest.get("version")))
        else:
            yield _Raw(kind, rest, source)
    elif content.keys() <= {*SECTIONS}:
        yield from _of_sections(content, source)
    elif default is not None and "kind" not in content:
        yield _Raw(default, content, source)
    else:
        known = f"{', '.join(kind.noun for kind in KINDS)}; or sections: {', '.join(SECTIONS)}"
        said = f"kind {content['kind']!r} is unknown" if "kind" in content else "names no kind"
        raise PolicyError([Problem(source, "", said, f"known are {known}")])


def _of_sections(content: Mapping[str, Any], source: str) -> Iterator[_Raw]:
    for section, entries in content.items():
        if entries is None:
            continue
        if not isinstance(entries, list):
            raise PolicyError([Problem(source, section, "must be a list of documents", "start each entry with '- '")])
        for entry in entries:
            if section == "providers":
                yield _Raw(None, entry.get("id") if isinstance(entry, Mapping) else entry, source)
            else:
                yield _Raw(BY_SECTION[section], entry, source)


def _version(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _wanted(raw: _Raw, kind: Kind) -> Wanted:
    """Raises PolicyError when the document is not valid by itself."""
    model = SECTIONS[kind.section]
    try:
        return Wanted(kind, model.model_validate(raw.content), raw.source, raw.based_on)
    except ValidationError as error:
        name = raw.content.get("id") if isinstance(raw.content, Mapping) else None
        raise PolicyError(problems_of(error, f"{raw.source}: {kind.section}/{name or '?'}", model)) from None
