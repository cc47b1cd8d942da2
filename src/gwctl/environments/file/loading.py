"""`environment.yaml` → `Environment`. In: the place of an environment. Out: what it says, checked.

All problems are told at once, each with file, line, column, field, value and fix. Values that look like secrets are
refused, and never repeated.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError

from gwctl.core.errors import InvalidError
from gwctl.core.suggestions import did_you_mean
from gwctl.core.value_words import in_own_words
from gwctl.core.yaml import Yaml, unreadable
from gwctl.environments.file.model import LONGEST_NAME, Environment
from gwctl.environments.file.problems import EnvironmentFileError, Problem
from gwctl.environments.file.values import RESERVED_BY_COGNITO
from gwctl.environments.project import Place, shown

_LONGEST_SHOWN: Final = 60
_SECRETS: Final = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bsk-[A-Za-z0-9_-]{16,}|-----BEGIN|\bgh[pousr]_[A-Za-z0-9]{20,}|\bAIza[A-Za-z0-9_-]{30,}"
)
"""Keys of AWS, OpenAI and Anthropic, GitHub, Google, and anything in PEM."""


def load(place: Place) -> Environment:
    """The environment. Raises EnvironmentFileError."""
    return read(place.yaml, place.name)


def read(path: Path, name: str) -> Environment:
    """The environment `name` in the file. Raises EnvironmentFileError."""
    file = shown(path)
    document = _parse(path, file)
    if not isinstance(document.content, dict):
        raise EnvironmentFileError([Problem(file, 1, "", "holds no mapping", "write `name: value` lines", 1)])
    problems = list(_secrets(document, file))
    if problems:
        raise EnvironmentFileError(problems)  # and nothing else: what pydantic says would repeat the value
    try:
        environment = Environment.model_validate(document.content)
    except ValidationError as error:
        raise EnvironmentFileError(_problems(error, document, file)) from None
    wrong = _wrong_with_names(environment, name)
    if wrong:
        raise EnvironmentFileError([_problem(file, document, ["prefix"], "prefix", *wrong)])
    return environment


def _wrong_with_names(environment: Environment, name: str) -> tuple[str, str] | None:
    """What AWS will not take of the names that are made of prefix and environment, and the fix."""
    whole = f"{environment.prefix}-{name}"
    if len(whole) > LONGEST_NAME:
        message = f"makes names begin with {whole}, which has more than {LONGEST_NAME} characters"
        return message, "shorten prefix, or the directory's name"
    word = next((each for each in RESERVED_BY_COGNITO if each in whole), None)
    if word and environment.token_domain_prefix is None:
        message = f"makes the token endpoint's name begin with {whole}, and Cognito takes none with {word} in it"
        return message, "choose another prefix, or write token_domain_prefix"
    return None


def _parse(path: Path, file: str) -> Yaml:
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        return Yaml.parse(text)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise EnvironmentFileError([Problem(file, 0, "", f"cannot be read ({reason})", "check its path")]) from None
    except UnicodeDecodeError:
        raise EnvironmentFileError([Problem(file, 0, "", "is not UTF-8", "save it as UTF-8")]) from None
    except yaml.YAMLError as error:
        where, reason, fix = unreadable(error, text, "correct it")
        line, column = where or (0, 0)
        raise EnvironmentFileError([Problem(file, line, "", f"is not YAML: {reason}", fix, column)]) from None


def _problem(file: str, document: Yaml, path: Sequence[str | int], field: str, message: str, fix: str) -> Problem:
    line, column = document.position(path)
    return Problem(file, line, field, message, fix, column)


def _secrets(document: Yaml, file: str) -> Iterator[Problem]:
    for path, text in _texts(document.content):
        if _SECRETS.search(text):
            field = ".".join(str(step) for step in path)
            fix = "remove it, and replace it at its provider; keys belong into Secrets Manager"
            yield _problem(file, document, path, field, "looks like a secret", fix)


def _texts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _texts(str(key), (*path, str(key)))
            yield from _texts(entry, (*path, str(key)))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _texts(entry, (*path, index))


def _problems(error: ValidationError, document: Yaml, file: str) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        path = [step for step in item["loc"] if step != "[key]"]
        field = ".".join(str(step) for step in path)
        of_a_name = item["type"] == "invalid_key" or item["loc"][-1:] == ("[key]",)
        message, fix = _explained(item, path, None if of_a_name else document.text(path))
        at = getattr(item.get("ctx", {}).get("error"), "at", "")
        yield _problem(file, document, [*path, *at.split(".")] if at else path, field, message, fix)


def _explained(item: Any, path: list[Any], written: str | None) -> tuple[str, str]:
    """What follows the field's name, and the fix. `written`: a plain value as it stands in the file."""
    kind, value = item["type"], item["input"]
    value = written if written and value is not None else value
    if kind == "value_error" and isinstance(item["ctx"]["error"], InvalidError):
        error = item["ctx"]["error"]
        # A check of a whole mapping names the values that it is about.
        return (str(error) if isinstance(value, dict | BaseModel) else f"{_shown(value)} {error}"), error.fix
    if kind == "value_error":
        return f"{_shown(value)} {item['ctx']['error']}", "correct it"
    if kind == "extra_forbidden":
        known = _fields_at(path[:-1])
        return "is no field", did_you_mean(str(path[-1]), known, f"remove it; known are {', '.join(known)}")
    words = in_own_words(kind, item.get("ctx", {}), value)
    if words is None:
        return f"{_shown(value)}: {item['msg']}", "correct the value"
    return (words[0] if kind == "missing" else f"{_shown(value)} {words[0]}"), words[1]


def _shown(value: Any) -> str:
    if value is None:
        return "has no value, which"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _fields_at(path: list[Any]) -> list[str]:
    """The fields of the mapping at the path; names in a mapping and indices in a list are passed over."""
    model: Any = Environment
    for step in path:
        field = model.model_fields.get(step) if isinstance(step, str) else None
        if field:
            model = _model_in(field.annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)
