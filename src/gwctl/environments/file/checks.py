"""Checks to annotate a field with: `Annotated[str, Text(…)]`. Each refusal says what to write instead.

In: what YAML gave, already of the right type. Out: the same value. Raises InvalidError inside of pydantic's validation,
and puts what it asks for into the JSON schema.
"""

import ipaddress
import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from gwctl.core.errors import InvalidError

LARGEST_VPC: Final = 16
SMALLEST_VPC: Final = 22


class Check:
    """A check of a value; what it asks for is `schema` in JSON schema's words."""

    @property
    def schema(self) -> dict[str, Any]:  # noqa: D102 - the class says it
        return {}

    def check(self, value: Any) -> None:
        """Raises InvalidError."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check after pydantic's own validation."""

        def checked(value: Any) -> Any:
            self.check(value)
            return value

        return core_schema.no_info_after_validator_function(checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add what the check asks for."""
        return {**handler(schema), **self.schema}


@dataclass(frozen=True)
class Text(Check):
    """Text that matches the whole pattern."""

    pattern: str
    message: str
    fix: str

    @property
    def schema(self) -> dict[str, Any]:  # noqa: D102
        return {"pattern": f"^(?:{self.pattern})$"}

    def check(self, value: str) -> None:  # noqa: D102
        if not re.fullmatch(self.pattern, value):
            raise InvalidError(self.message, self.fix)


@dataclass(frozen=True)
class Between(Check):
    """A number within bounds."""

    minimum: float
    maximum: float
    why: str

    @property
    def schema(self) -> dict[str, Any]:  # noqa: D102
        return {"minimum": self.minimum, "maximum": self.maximum}

    def check(self, value: float) -> None:  # noqa: D102
        if not self.minimum <= value <= self.maximum:
            side = "too small" if value < self.minimum else "too large"
            raise InvalidError(f"is {side}: {self.why}", f"write a number from {self.minimum} to {self.maximum}")


@dataclass(frozen=True)
class OneOf(Check):
    """One of a few values."""

    values: tuple[Hashable, ...]
    what: str

    @property
    def schema(self) -> dict[str, Any]:  # noqa: D102
        return {"enum": list(self.values)}

    def check(self, value: Hashable) -> None:  # noqa: D102
        if value not in self.values:
            raise InvalidError(f"is no {self.what}", f"write one of {', '.join(str(each) for each in self.values)}")


@dataclass(frozen=True)
class NoneOf(Check):
    """Any value but a few."""

    values: tuple[Hashable, ...]
    why: str

    @property
    def schema(self) -> dict[str, Any]:  # noqa: D102
        return {"not": {"enum": list(self.values)}}

    def check(self, value: Hashable) -> None:  # noqa: D102
        if value in self.values:
            raise InvalidError(f"cannot be: {self.why}", "remove it")


@dataclass(frozen=True)
class Length(Check):
    """How many entries a list or mapping has, none of them twice."""

    minimum: int
    maximum: int
    what: str

    @property
    def schema(self) -> dict[str, Any]:  # noqa: D102
        return {"minItems": self.minimum, "maxItems": self.maximum, "uniqueItems": True}

    def check(self, value: list[Any]) -> None:  # noqa: D102
        twice = next((entry for index, entry in enumerate(value) if entry in value[:index]), None)
        if twice is not None:
            raise InvalidError(f"names {twice} twice", f"name each {self.what} once")
        if not self.minimum <= len(value) <= self.maximum:
            raise InvalidError(
                f"has {len(value)} entries", f"write {self.minimum} to {self.maximum} of them, each a {self.what}"
            )


@dataclass(frozen=True)
class Range(Check):
    """An IPv4 range; `vpc`: one that a VPC can have; `everybody`: 0.0.0.0/0 is one, too."""

    vpc: bool = False
    everybody: bool = True

    @property
    def schema(self) -> dict[str, Any]:  # noqa: D102
        return {"examples": ["10.20.0.0/16"]}

    def check(self, value: str) -> None:  # noqa: D102
        if "/" not in value:
            raise InvalidError("has no prefix length", f"write {value}/32 for one address")
        length = network(value).prefixlen
        if not self.everybody and length == 0:
            raise InvalidError("is everybody", "write the ranges of your networks")
        if self.vpc and not LARGEST_VPC <= length <= SMALLEST_VPC:
            raise InvalidError(
                "has the wrong size: AWS allows no VPC larger than /16, and below /22 there is no room for tasks",
                "write a range from /16 to /22",
            )


def network(text: str) -> ipaddress.IPv4Network:
    """An IPv4 range. Raises InvalidError."""
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        pass
    try:
        meant = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        raise InvalidError("is no IPv4 range", "write one such as 10.20.0.0/16") from None
    raise InvalidError("has bits set beyond its prefix", f"write {meant}")
