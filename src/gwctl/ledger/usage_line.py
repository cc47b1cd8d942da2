"""Reads one line of the edge's usage log. In: a line. Out: a `UsageLine`, or a `UsageLineError` that says why not.

The line is one JSON object that Envoy's access log wrote. Envoy renders a number as a number, as a double (`12.0`) or
as text, and an absent value as null or "-"; all of them are read. Fields that this version does not know are left
alone, so that a newer edge can write to an older agent.

Some values are the caller's or the provider's words (`model`, `stream`, `attempts`, `option`, everything in `request`
and `usage`). Whatever they hold, the line is read: nobody may write their way out of being metered.
"""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from gwctl.policy.names import Api

MAX_SHOWN: Final = 200


class UsageLineError(ValueError):
    """The line is not a line of the usage log. `line` is the line as it was read, so that it can be kept aside."""

    def __init__(self, problem: str, line: bytes) -> None:
        super().__init__(f"usage log: {problem}: {line[:MAX_SHOWN]!r}")
        self.line = line


def _absent(value: Any) -> Any:
    return None if value in ("", "-") else value


def _integer(value: Any) -> Any:
    """12, 12.0, "12" and "12.0" are 12."""
    if isinstance(value, str):
        try:
            value = float(value) if re.search("[.eE]", value) else int(value)
        except ValueError:
            return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _text(value: Any) -> Any:
    value = _absent(value)
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _boolean(value: Any) -> Any:
    """Envoy writes a boolean as true, "true", 1, 1.0 or "1". Anything else is None."""
    value = _integer(value)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def _attempts(value: Any) -> Any:
    value = _integer(value)
    return value if isinstance(value, int) and value >= 0 else None


def _option(value: Any) -> Any:
    """`config.targets[1].targets[0]` is (1, 0), `config` is (): the path to a target in the config given to Portkey."""
    if not isinstance(value, str) or not re.fullmatch(r"config(\.targets\[\d{1,4}\])*", value):
        return None
    return tuple(int(index) for index in re.findall(r"\d+", value))


def _skipped(value: Any) -> Any:
    """Paths like `option`, with spaces between them; those of groups stand for all targets below."""
    words = value.split(" ") if isinstance(value, str) else ()
    return frozenset(path for word in words if (path := _option(word)) is not None)


def _map(value: Any) -> Any:
    return {} if value is None else value


Integer = Annotated[int, BeforeValidator(_integer)]
Count = Annotated[Integer, Field(ge=0)]
OptionalText = Annotated[str | None, BeforeValidator(_text)]
OptionalCount = Annotated[Count | None, BeforeValidator(_absent)]
FlatMap = Annotated[dict[str, JsonValue], BeforeValidator(_map)]


class QuotaNote(BaseModel):
    """What the agent said to the edge about a request under a quota; all None when it was not asked."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    receipt: OptionalText = None
    shadow: OptionalText = None
    quota: OptionalText = None


def _note(value: Any) -> Any:
    return cast("Any", value) if isinstance(value, (dict, QuotaNote)) else {}


class UsageLine(BaseModel):
    """One request as the edge saw it. Times in milliseconds, sizes in bytes of the bodies."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Annotated[Literal[1], BeforeValidator(_integer)]
    id: str = Field(min_length=1, max_length=128)
    started: datetime
    duration_ms: Count
    first_byte_ms: OptionalCount = None
    client: OptionalText = None
    team: OptionalText = None
    api: Annotated[Api | None, BeforeValidator(_absent)] = None
    model: OptionalText = None
    variant: OptionalText = None
    stream: Annotated[bool | None, BeforeValidator(_boolean)] = None
    policy: OptionalText = None
    refusal: OptionalText = None
    rules: OptionalText = None
    status: Count
    flags: str = "-"
    details: str = "-"
    request_bytes: Count = 0
    response_bytes: Count = 0
    upstream: OptionalText = None
    provider: OptionalText = None
    option: Annotated[tuple[int, ...] | None, BeforeValidator(_option)] = None
    attempts: Annotated[int | None, BeforeValidator(_attempts)] = None
    skipped: Annotated[frozenset[tuple[int, ...]], BeforeValidator(_skipped)] = frozenset()
    request: FlatMap = Field(default_factory=dict[str, JsonValue])
    usage: FlatMap = Field(default_factory=dict[str, JsonValue])
    quota: Annotated[QuotaNote, BeforeValidator(_note)] = QuotaNote()


def parse_line(line: bytes | str) -> UsageLine:
    """Reads a line, with or without its line end. Raises UsageLineError."""
    raw = line.encode() if isinstance(line, str) else line
    try:
        parsed = UsageLine.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageLineError(f"{where}: {first['msg']}" if where else first["msg"], raw) from None
    if parsed.started.tzinfo is None:
        raise UsageLineError("started: has no time zone", raw)
    return parsed.model_copy(update={"started": parsed.started.astimezone(UTC)})
