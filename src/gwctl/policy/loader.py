"""Policy files on disk → documents: one YAML file, or a directory of them, each with any of the sections."""

from collections.abc import Iterable
from pathlib import Path
from typing import cast

import yaml

from gwctl.core.yaml import Yaml, unreadable
from gwctl.policy.documents import Documents
from gwctl.policy.errors import PolicyError, Problem
from gwctl.policy.positions import Positions
from gwctl.policy.validation import validate_documents

MAX_FILE_BYTES = 32 * 1024 * 1024


def load_documents(path: Path) -> Documents:
    """Reads a policy file, or all `*.yaml` files of a directory, in order of their names.

    Raises PolicyError: the file cannot be read, is not YAML, or holds documents that are not valid.
    """
    parts = _read_all(path)
    sections: dict[str, list[object]] = {}
    for file, part in parts:
        for section, raw in _sections(file, part).items():
            if isinstance(raw, list):
                sections.setdefault(section, []).extend(cast("list[object]", raw))
            elif raw is not None:
                at = f"{file}:{part.position([section])}"
                raise PolicyError(
                    [Problem(str(file), section, "must be a list of documents", "start each entry with '- '", at)]
                )
    if not any(sections.values()):
        # More likely a file that an editor is about to write than a gateway meant to serve nobody.
        raise PolicyError(
            [Problem(str(path), "", "holds no document", "start with 'routes:', 'teams:' and 'clients:'")]
        )
    try:
        return validate_documents(sections, source=str(path))
    except PolicyError as error:
        raise PolicyError(Positions(parts).located(error.problems)) from None


def located(path: Path, problems: Iterable[Problem]) -> list[Problem]:
    """The problems with the places in the file (or directory) at which they are; as they are if it cannot be read."""
    try:
        return Positions(_read_all(path)).located(problems)
    except PolicyError:
        return list(problems)


def _read_all(path: Path) -> list[tuple[str, Yaml]]:
    """Each file's name and content, in order of their names; what is empty is left out. Raises PolicyError."""
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise PolicyError([Problem(str(path), "", "holds no *.yaml file", "put the policy documents there")])
    return [(str(file), part) for file in files if (part := _read(file))]


def _read(file: Path) -> Yaml | None:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise PolicyError([Problem(str(file), "", f"is larger than {MAX_FILE_BYTES} bytes", "split the file")])
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        fix = "check the path and its permissions"
        raise PolicyError([Problem(str(file), "", f"cannot be read ({reason})", fix)]) from error
    except UnicodeDecodeError as error:
        raise PolicyError([Problem(str(file), "", "is not UTF-8", "save it as UTF-8")]) from error
    parts = parse_yaml(text, str(file))
    if len(parts) > 1:
        raise PolicyError([Problem(str(file), "", "holds several YAML documents", "remove the lines '---'")])
    return parts[0] if parts else None


def _sections(file: str, part: Yaml) -> dict[str, object]:
    if part.content is None:
        return {}
    content: object = part.content
    if not isinstance(content, dict):
        at = f"{file}:{part.position([])}"
        raise PolicyError([Problem(file, "", "is not a mapping of sections", "start with e.g. 'routes:'", at)])
    return {str(key): value for key, value in cast("dict[object, object]", content).items()}


def parse_yaml(text: str, source: str) -> list[Yaml]:
    """The YAML documents in a text. `source` names it in problems.

    Raises PolicyError: it is not YAML, or a key stands twice.
    """
    try:
        return Yaml.parse_all(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where, reason, fix = unreadable(error, text, "correct the YAML")
        field = f"line {where.line}: column {where.column}" if where else ""
        raise PolicyError([Problem(source, field, reason, fix)]) from error
