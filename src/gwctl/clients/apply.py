"""Brings a configuration file up to date. In: an `Edit`. Out: the file, a `.bak` of its first state, what changed."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gwctl.clients.jsonc import NotJsonError, loads, set_value
from gwctl.clients.model import Edit
from gwctl.core.errors import UserError


def apply(edit: Edit) -> list[str]:
    """Merge into the file; one line for each change, none when it was up to date. Raises UserError.

    A symbolic link stays one. The file keeps its mode; a new one is the owner's alone.
    """
    path = edit.path.resolve()
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new, changes = edit.merge(old)
        if new == old:
            return []
        path.parent.mkdir(parents=True, exist_ok=True)
        backup = path.with_name(f"{path.name}.bak")
        mode = path.stat().st_mode & 0o777 if old else 0o600
        if old and not backup.exists():
            _write(backup, old, mode)
            changes = [*changes, f"the file as it was is now {backup}"]
        _write(path, new, mode)
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"{error.filename or path} cannot be used ({error.strerror}); check it") from error
    return changes


def json_merge(path: Path, values: Mapping[tuple[str, ...], Any]) -> Callable[[str], tuple[str, list[str]]]:
    """A merge that sets values in a JSON file, comments or not. `path` is for messages."""

    def merge(old: str) -> tuple[str, list[str]]:
        text = old if old.strip() else "{}\n"
        changes: list[str] = []
        try:
            for keys, value in values.items():
                before = _at(loads(text), keys)
                if before != value:
                    text = set_value(text, keys, value)
                    changes.append(said(".".join(keys), before, value))
        except NotJsonError as error:
            raise UserError(f"{path} cannot be read: {error}; correct it first") from None
        except TypeError as error:
            raise UserError(f"{path} cannot be merged: {error} in it is not an object; correct it first") from None
        return (text, changes) if changes else (old, [])

    return merge


def said(name: str, before: object, after: object) -> str:
    """One change in words."""
    if isinstance(after, Mapping):
        return f"{name} {'changed' if before is not None else 'added'}"
    was = f" (was {json.dumps(before)})" if before is not None else ""
    return f"{name} = {json.dumps(after)}{was}"


def _at(document: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if not isinstance(document, dict):
            return None
        document = document.get(key)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return document  # pyright: ignore[reportUnknownVariableType]


def _write(path: Path, text: str, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
