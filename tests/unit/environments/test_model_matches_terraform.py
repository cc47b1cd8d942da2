"""The model of `environment.yaml` and infrastructure/variables.tf have the same fields, and no default apart."""

import re
from typing import Any

import pytest
from pydantic import BaseModel

from gwctl.environments.file.model import Environment
from unit.environments.checkout import REPOSITORY

NOT_FROM_THE_FILE = {"artifacts_dir", "environment", "state_bucket"}
"""Variables with a value of their own: where the build is, the directory's name, `bucket` of the field `state`."""
OURS = {"state"}
"""Fields that are no variable: they are for Terragrunt and gwctl."""

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_][\w-]*|[0-9.]+|[^\s]')


def variables() -> dict[str, tuple[Any, bool]]:
    """Name → type as a nested mapping of fields (or a word), and whether it has a default."""
    text = re.sub(r"#.*", "", (REPOSITORY / "infrastructure" / "variables.tf").read_text())
    found = {}
    for match in re.finditer(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL):
        body = re.sub(r"^  description\s*=.*$", "", match[2], flags=re.MULTILINE).partition("\n  validation {")[0]
        kind = re.search(r"^  type\s*=\s*(.*)", body, re.MULTILINE | re.DOTALL)
        assert kind
        found[match[1]] = (_Type(kind[1]).read(), re.search(r"^  default\s*=", body, re.MULTILINE) is not None)
    return found


class _Type:
    """Reads a type expression: object({…}) → fields; map(…), list(…) and set(…) → their element's; else the word."""

    def __init__(self, text: str) -> None:
        self._tokens = TOKEN.findall(text)
        self._at = 0

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def read(self) -> Any:
        word = self._next()
        if word in {"map", "list", "set"}:
            assert self._next() == "("
            inner = self.read()
            assert self._next() == ")"
            return inner
        if word != "object":
            return word
        assert self._next() + self._next() == "({"
        fields = {}
        while (name := self._next()) != "}":
            assert self._next() == "="
            fields[name] = self._field()
        assert self._next() == ")"
        return fields

    def _field(self) -> Any:
        if self._tokens[self._at] != "optional":
            return self.read()
        self._at += 2
        inner = self.read()
        depth = 1
        while depth:
            depth += {"(": 1, ")": -1}.get(self._next(), 0)
        return inner


def fields_of(annotation: Any) -> Any:
    """The model's type in the same form; "" for everything that is no mapping with fixed fields."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {name: fields_of(field.annotation) for name, field in annotation.model_fields.items()}
    inner = [fields_of(argument) for argument in getattr(annotation, "__args__", ())]
    return next((each for each in inner if each), "")


def shape(kind: Any) -> Any:
    return {name: shape(each) for name, each in kind.items()} if isinstance(kind, dict) else ""


VARIABLES = variables()


def test_the_model_has_every_variable_and_no_other():
    assert set(Environment.model_fields) - OURS == set(VARIABLES) - NOT_FROM_THE_FILE


@pytest.mark.parametrize("name", sorted(set(VARIABLES) - NOT_FROM_THE_FILE))
def test_a_variable_has_the_same_fields(name: str):
    assert fields_of(Environment.model_fields[name].annotation) == shape(VARIABLES[name][0])


@pytest.mark.parametrize("name", sorted(set(VARIABLES) - NOT_FROM_THE_FILE))
def test_what_terraform_needs_the_model_needs(name: str):
    _, has_default = VARIABLES[name]
    assert has_default or Environment.model_fields[name].is_required()
