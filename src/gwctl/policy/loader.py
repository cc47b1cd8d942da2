"""Policy files on disk → documents: one YAML file, or a directory of them, each with any of the sections."""

from pathlib import Path
from typing import cast

import yaml

from gwctl.core.yaml import UniqueKeyLoader
from gwctl.policy.documents import Documents
from gwctl.policy.errors import PolicyError, Problem
from gwctl.policy.validation import validate_documents

MAX_FILE_BYTES = 32 * 1024 * 1024


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
        return list(yaml.load_all(text, Loader=UniqueKeyLoader))  # nosemgrep: safe-yaml # a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PolicyError([Problem(source, _line_of(error), _reason_of(error), "correct the YAML")]) from error


def _line_of(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark is not None else ""


def _reason_of(error: Exception) -> str:
    return str(getattr(error, "problem", None) or "is not readable YAML")
