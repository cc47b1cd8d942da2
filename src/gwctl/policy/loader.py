"""Policy files on disk → documents: one YAML file, or a directory of them, each with any of the sections."""

from pathlib import Path
from typing import Any, cast

import yaml

from gwctl.policy.documents import Documents
from gwctl.policy.errors import PolicyError, Problem
from gwctl.policy.validation import validate_documents

MAX_FILE_BYTES = 32 * 1024 * 1024


_BOOLEAN = "tag:yaml.org,2002:bool"


class _UniqueKeyLoader(yaml.CSafeLoader):
    """YAML without duplicate keys: with them, the last one would win and the first be lost without a word.

    As in YAML 1.2, `on`, `off`, `yes` and `no` are words: a scanner rule has a field `on`.
    """

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            if isinstance(key, str | int | float | bool) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            if isinstance(key, str | int | float | bool):
                seen.add(key)
        return super().construct_mapping(node, deep)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


_UniqueKeyLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN or first in "tTfF"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load_documents(path: Path) -> Documents:
    """Reads a policy file, or all `*.yaml` files of a directory, in order of their names.

    Raises PolicyError: the file cannot be read, is not YAML, or holds documents that are not valid.
    """
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise PolicyError([Problem(str(path), "", "holds no *.yaml file", "put the policy documents there")])
    sections: dict[str, list[object]] = {}
    for file in files:
        for section, raw in _read(file).items():
            if isinstance(raw, list):
                sections.setdefault(section, []).extend(cast("list[object]", raw))
            elif raw is not None:
                problem = Problem(str(file), section, "must be a list of documents", "start each entry with '- '")
                raise PolicyError([problem])
    if not any(sections.values()):
        # More likely a file that an editor is about to write than a gateway meant to serve nobody.
        raise PolicyError(
            [Problem(str(path), "", "holds no document", "start with 'routes:', 'teams:' and 'clients:'")]
        )
    return validate_documents(sections, source=str(path))


def _read(file: Path) -> dict[str, object]:
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
    content = parts[0] if parts else None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise PolicyError([Problem(str(file), "", "is not a mapping of sections", "start with e.g. 'routes:'")])
    return {str(key): value for key, value in cast("dict[object, object]", content).items()}


def parse_yaml(text: str, source: str) -> list[object]:
    """The YAML documents in a text, as plain values. `source` names it in problems.

    Raises PolicyError: it is not YAML, or a key stands twice.
    """
    try:
        return list(yaml.load_all(text, Loader=_UniqueKeyLoader))  # nosemgrep: safe-yaml # a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PolicyError([Problem(source, _line_of(error), _reason_of(error), "correct the YAML")]) from error


def _line_of(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark is not None else ""


def _reason_of(error: Exception) -> str:
    return str(getattr(error, "problem", None) or "is not readable YAML")
