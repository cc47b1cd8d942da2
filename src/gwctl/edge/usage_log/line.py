"""Reads one line of the edge's usage log. In: a line. Out: a `UsageLine`, or a `UsageLineError` that says why not.

The line is one JSON object that Envoy's access log wrote. Envoy renders a number as a number, as a double (`12.0`) or
as text, and an absent value as null or "-"; all of them are read. Fields that this version does not know are left
alone, so that a newer edge can write to an older agent.

Some values are the caller's or the provider's words (`model`, `stream`, `attempts`, `option`, everything in `request`
and `usage`). Whatever they hold, the line is read: nobody may write their way out of being metered.

Most fields are a union: first what Envoy nearly always writes, which pydantic reads in Rust, then a function here for
all the rest. A function for every field would double the time that a line takes, by some 10 µs.
"""

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, cast

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SkipValidation,
    StrictBool,
    ValidationError,
)

from gwctl.core.names import Api, Lane

MAX_SHOWN: Final = 200
EDGE_DIED: Final = "edge_died"
"""`details` of a line that the agent wrote for a request whose edge died before it wrote one."""
GATEWAY_DIED: Final = "upstream_reset_before_response_started"
"""How `details` begin when Portkey, or its connection, went before there was an answer."""
ANSWER_TOO_LARGE: Final = "response_payload_too_large"
"""`details` of an answer that was larger than the edge holds."""
LINE_START: Final = b'{"client":'
"""Of every line: Envoy sorts the keys. Inside a line it cannot be, for within a text its quotes have backslashes."""


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


def _last(value: Any) -> Any:
    """A provider may send a header of Portkey's, too; Portkey adds its own word behind it."""
    return value.rpartition(",")[2].strip() if isinstance(value, str) else value


def _provider(value: Any) -> Any:
    return _text(_last(value))


def _attempts(value: Any) -> Any:
    value = _integer(_last(value))
    return value if isinstance(value, int) and value >= 0 else None


def _option(value: Any) -> Any:
    return _path(_last(value)) if isinstance(value, str) else None


@lru_cache(maxsize=4096)
def _path(option: str) -> tuple[int, ...] | None:
    """`config.targets[1].targets[0]` is (1, 0), `config` is (): the path to a target in the config given to Portkey."""
    if not re.fullmatch(r"config(\.targets\[\d{1,4}\])*", option):
        return None
    return tuple(int(index) for index in re.findall(r"\d+", option))


def _skipped(value: Any) -> Any:
    """Paths like `option`, with spaces between them; those of groups stand for all targets below."""
    if not value or not isinstance(value, str):
        return frozenset[tuple[int, ...]]()
    words = value.split(" ")
    return frozenset(path for word in words if (path := _path(word)) is not None)


def _map(value: Any) -> Any:
    return {} if value is None else value


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("has no time zone")
    return moment.astimezone(UTC)


Ordered = Field(union_mode="left_to_right")
Count = Annotated[Annotated[int, Field(ge=0)] | Annotated[int, Field(ge=0), BeforeValidator(_integer)], Ordered]
OptionalCount = Annotated[Count | Annotated[None, BeforeValidator(_absent)], Ordered] | None
# No text of two characters says that there is none.
Text = Annotated[str, Field(strict=True, min_length=2)]
OptionalText = Annotated[Text | Annotated[str | None, BeforeValidator(_text)], Ordered] | None
# Whatever JSON holds is a JSON value: there is nothing to validate.
Values = dict[str, Annotated[JsonValue, SkipValidation]]
FlatMap = Annotated[Values | Annotated[Values, BeforeValidator(_map)], Ordered]


class QuotaNote(BaseModel):
    """What the agent said to the edge about a request under a quota; all None when it was not asked."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    receipt: OptionalText = Field(default=None, validation_alias="x-gw-receipt")
    shadow: OptionalText = Field(default=None, validation_alias="x-gw-shadow")
    quota: OptionalText = Field(default=None, validation_alias="x-gw-quota")


class Bound(BaseModel):
    """What a request can have cost at most, on a line that the agent wrote because nobody knows what it did cost."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    nano_usd: Annotated[int, Field(ge=0)]
    tokens: Annotated[int, Field(ge=0)]


def _note(value: Any) -> Any:
    return cast("Any", value) if isinstance(value, (dict, QuotaNote)) else {}


_DECISION: Final = ("gw", "decision")
_REQUEST: Final = (*_DECISION, "request")


def _in(*path: str) -> Any:
    """A field inside of others; None if it is not there."""
    return Field(default=None, validation_alias=AliasPath(*path))


def _decided(name: str) -> Any:
    return _in(*_DECISION, name)


class UsageLine(BaseModel):
    """One request as the edge saw it. Times in milliseconds, sizes in bytes of the bodies."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Annotated[Literal[2] | Annotated[Literal[2], BeforeValidator(_integer)], Ordered]
    id: str = Field(min_length=1, max_length=128)
    started: Annotated[datetime, AfterValidator(_utc)]
    duration_ms: Count
    first_byte_ms: OptionalCount = None
    client: OptionalText = None
    team: OptionalText = _decided("team")
    api: Annotated[Api | Annotated[None, BeforeValidator(_absent)], Ordered] | None = _decided("api")
    model: OptionalText = _in(*_REQUEST, "model")
    variant: OptionalText = _decided("variant")
    stream: Annotated[StrictBool | Annotated[bool | None, BeforeValidator(_boolean)], Ordered] | None = _in(
        *_REQUEST, "stream"
    )
    policy: OptionalText = _decided("policy")
    refusal: OptionalText = _in("gw", "refusal")
    rules: OptionalText = _in("gw", "rules")
    status: Count
    flags: str = "-"
    details: str = "-"
    request_bytes: Count = 0
    response_bytes: Count = 0
    upstream: OptionalText = None
    provider: Annotated[str | None, BeforeValidator(_provider)] = _in("served", "provider")
    option: Annotated[tuple[int, ...] | None, BeforeValidator(_option)] = Field(
        default=None, validation_alias=AliasChoices(AliasPath("served", "option"), AliasPath(*_DECISION, "option"))
    )
    """On the express lane the policy says whom it tries first, and whoever comes after that is served's."""
    attempts: Annotated[Count | Annotated[int | None, BeforeValidator(_attempts)], Ordered] | None = _in(
        "served", "attempts"
    )
    lane: Annotated[Lane | Annotated[None, BeforeValidator(_absent)], Ordered] | None = _decided("lane")
    tries: OptionalCount = None
    """How often the edge sent the request on."""
    skipped: Annotated[frozenset[tuple[int, ...]], BeforeValidator(_skipped)] = Field(
        default=frozenset(), validation_alias=AliasPath(*_DECISION, "skipped")
    )
    request: FlatMap = Field(default_factory=dict[str, JsonValue], validation_alias=AliasPath(*_REQUEST))
    usage: FlatMap = Field(default_factory=dict[str, JsonValue])
    quota: Annotated[QuotaNote | Annotated[QuotaNote, BeforeValidator(_note)], Ordered] = QuotaNote()
    bound: Bound | None = None


def parse_line(line: bytes | str) -> UsageLine:
    """Reads a line, with or without its line end. Raises UsageLineError."""
    raw = line.encode() if isinstance(line, str) else line
    try:
        return UsageLine.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = f"{first['loc'][0]}: " if first["loc"] else ""  # what follows names a branch of a union
        raise UsageLineError(f"{where}{first['msg']}", raw) from None


def after_torn(line: bytes) -> bytes | None:
    """The line that was written behind one which a killed edge had only begun; None: there is no such line."""
    start = line.rfind(LINE_START)
    return line[start:] if start > 0 else None
