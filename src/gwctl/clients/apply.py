"""Brings a configuration file up to date. In: an `Edit`. Out: the file, a `.bak` of its first state, what changed."""

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gwctl.clients import yaml_text
from gwctl.clients.jsonc import NotJsonError, loads, set_value
from gwctl.clients.model import Edit
from gwctl.core.errors import UserError
from gwctl.core.keys import KEY_PATTERN, key_id_of

Merge = Callable[[str], tuple[str, list[str]]]
OWNER_ONLY = 0o600


def apply(edit: Edit) -> list[str]:
    """Merge into the file; one line for each change, none when it was up to date. Raises UserError.

    A symbolic link stays one. The file keeps its mode; a new one is the owner's alone, and so is one with a key.
    """
    path = edit.path.resolve()
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new, changes = edit.merge(old)
        mode = path.stat().st_mode & 0o777 if old else OWNER_ONLY
        if edit.private and mode & ~OWNER_ONLY:
            mode &= OWNER_ONLY
            changes = [*changes, "only you can read it now"]
        if not changes:
            return []
        path.parent.mkdir(parents=True, exist_ok=True)
        backup = path.with_name(f"{path.name}.bak")
        if old and not backup.exists():
            _write(backup, old, mode)
            changes = [*changes, f"the file as it was is now {backup}"]
        _write(path, new, mode)
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"{error.filename or path} cannot be used ({error.strerror}); check it") from error
    return changes


def json_merge(path: Path, values: Mapping[tuple[str, ...], Any]) -> Merge:
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


def yaml_merge(
    path: Path, values: Mapping[yaml_text.Path, Any], defaults: Mapping[yaml_text.Path, Any] | None = None
) -> Merge:
    """A merge that sets values in a YAML file; `defaults` only where nothing is. `path` is for messages."""
    import yaml

    def merge(old: str) -> tuple[str, list[str]]:
        text = old
        changes: list[str] = []
        try:
            missing = {keys: value for keys, value in (defaults or {}).items() if _found(old, keys) is None}
            for keys, value in {**missing, **values}.items():
                before = _found(text, keys)
                new = yaml_text.merge(text, keys, value)
                after = _found(new, keys)
                if after != before:
                    text = new
                    changes.append(said(_name(keys), before, after))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" at line {mark.line + 1}" if mark else ""
            raise UserError(f"{path} cannot be read: it is not YAML{where}; correct it first") from None
        except TypeError as error:
            raise UserError(f"{path} cannot be merged: {error} in it is of another kind; correct it first") from None
        return text, changes

    return merge


def env_merge(name: str, value: str) -> Merge:
    """A merge that sets one variable in a file of `NAME=value` lines."""
    line = re.compile(rf"^[ \t]*(?:export[ \t]+)?{re.escape(name)}[ \t]*=[ \t]*(.*)$", re.MULTILINE)

    def merge(old: str) -> tuple[str, list[str]]:
        found = line.search(old)
        if found and found[1] == value:
            return old, []
        wanted = f"{name}={value}"
        if found:
            return old[: found.start()] + wanted + old[found.end() :], [said(name, found[1], value)]
        start = f"{old}\n" if old and not old.endswith("\n") else old
        return f"{start}{wanted}\n", [said(name, None, value)]

    return merge


def said(name: str, before: object, after: object) -> str:
    """One change in words. Of a key it tells the id; what was in a key's place may be somebody's key too."""
    if isinstance(after, Mapping):
        return f"{name} {'changed' if before is not None else 'added'}"
    if isinstance(after, str) and re.fullmatch(KEY_PATTERN, after):
        return f"{name} = the key {key_id_of(after)}"
    was = f" (was {json.dumps(before)})" if before is not None else ""
    return f"{name} = {json.dumps(after)}{was}"


def _found(text: str, keys: yaml_text.Path) -> Any:
    return yaml_text.find(yaml_text.loads(text), keys)


def _name(keys: yaml_text.Path) -> str:
    return ".".join(each.value if isinstance(each, yaml_text.Item) else each for each in keys)


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
