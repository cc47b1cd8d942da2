"""The metering table as objects, and the edge's part of the work in a few lines of Python.

In: `table/*.yaml`. Out: `Case`s, the bytes that their providers send, and the usage-log line that the edge would
write about an answer: `read_answer` applies the paths of `gwctl.edge.usage_log.paths` as Envoy does.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gwctl.edge.usage_log import paths as wire
from gwctl.edge.usage_log.line import parse_line
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.metering.price_line import ServedBy, meter
from gwctl.pricing.price_book import default_price
from support.usage_lines import written

TABLE = Path(__file__).parent / "table"
FLAGS = {"whole": "-", "cut_by_provider": "-", "caller_left": "DC"}
"""Portkey ends its answer in good order when the provider cuts it, so the edge sees nothing unusual."""

TOKEN_FIELDS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_creation": "cache_creation_tokens",
    "cache_creation_1h": "cache_creation_1h_tokens",
    "reasoning": "reasoning_tokens",
    "audio_input": "audio_input_tokens",
    "audio_output": "audio_output_tokens",
    "web_searches": "web_searches",
}


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    file: str
    name: str
    api: str
    kind: str
    model: str
    price: dict[str, Any] | None
    request: dict[str, Any]
    answer: dict[str, Any]
    expect: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.file}: {self.name}"

    @property
    def status(self) -> int:
        return self.answer.get("status", 200)

    @property
    def ends(self) -> str:
        return self.answer.get("ends", "whole")

    @property
    def streamed(self) -> bool:
        return "json" not in self.answer

    @property
    def handed_on_unchanged(self) -> bool:
        """Whether Portkey 1.15.2 sends the caller what the provider sent."""
        return (self.api, self.kind) in {
            ("chat", "openai"),
            ("chat", "azure-openai"),
            ("messages", "anthropic"),
            ("count_tokens", "anthropic"),
            ("responses", "openai"),
            ("embeddings", "openai"),
            ("embeddings", "azure-openai"),
        }

    def pieces(self) -> list[bytes]:
        """The body of the provider's plain or server-sent answer, an event a piece."""
        if "json" in self.answer:
            return [_compact(self.answer["json"])]
        # Google ends lines with CR LF.
        end = "\r\n" if "candidates" in str(self.answer["sse"]) else "\n"
        return [_event(event, end) for event in _expanded(self.answer["sse"])]

    def aws_events(self) -> list[tuple[str, dict[str, Any]]]:
        """The events of Bedrock's binary stream."""
        return [(kind, payload) for kind, payload in _expanded(self.answer["aws"])]

    def marks(self) -> Counter[bytes]:
        """What the caller has received, and how often, once the whole stream has arrived, whoever rewrites it."""
        events = [payload for _, payload in self.aws_events()] if "aws" in self.answer else self.answer.get("sse", [])
        return Counter(mark for event in _expanded(events) for mark in _marks(event))


def _marks(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key in {"text", "content", "delta"} and isinstance(each, str) and each:
                yield _compact(each)
            elif key == "total_tokens":
                yield b'"total_tokens":%d' % each
            else:
                yield from _marks(each)
    elif isinstance(value, list):
        for each in value:
            yield from _marks(each)


@cache
def cases() -> tuple[Case, ...]:
    """Every row of every file."""
    return tuple(case for path in sorted(TABLE.glob("*.yaml")) for case in _cases(path))


def _cases(path: Path) -> Iterator[Case]:
    document = _with_texts(yaml.safe_load(path.read_text()))
    for row in document["cases"]:
        served_by = row.get("served_by", document["served_by"])
        yield Case(
            file=path.stem,
            name=row["name"],
            api=document["api"],
            kind=served_by["kind"],
            model=served_by["model"],
            price=row.get("price", document["price"]),
            request=row["request"],
            answer=row["answer"],
            expect=row["expect"],
        )


def _with_texts(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"text", "times"}:
            return value["text"] * value["times"]
        return {key: _with_texts(each) for key, each in value.items()}
    return [_with_texts(each) for each in value] if isinstance(value, list) else value


def _expanded(events: Sequence[Any]) -> Iterator[Any]:
    for event in events:
        if isinstance(event, dict) and event.keys() == {"times", "event"}:
            yield from [event["event"]] * event["times"]
        else:
            yield event


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _event(event: Any, end: str) -> bytes:
    name = f"event: {event['type']}{end}" if isinstance(event, dict) and "type" in event else ""
    data = event if isinstance(event, str) else _compact(event).decode()
    return f"{name}data: {data}{end}{end}".encode()


def read_fields(fields: Iterable[wire.Field], document: Any) -> dict[str, float | str]:
    """The values at the paths: object keys only; numbers as doubles, booleans as "1" and "0", null as absent."""
    found: dict[str, float | str] = {}
    for field in fields:
        value = document
        for key in field.path:
            value = value.get(key) if isinstance(value, dict) else None
        if field.constant is not None:
            if value is not None:
                found[field.key] = field.constant
        elif isinstance(value, (str, int, float)) and (rendered := _render(value, field.type)) is not None:
            found[field.key] = rendered
    return found


def _render(value: str | float, kind: wire.ValueType) -> float | str | None:
    if kind == "number":
        try:
            return float(value)
        except ValueError:
            return None
    return str(int(value)) if isinstance(value, bool) else str(value)


def read_answer(body: bytes, *, streamed: bool) -> dict[str, float | str]:
    """What the edge reads out of an answer: of a stream the last value of each path."""
    if not streamed:
        return read_fields(wire.ANSWER_FIELDS, json.loads(body or b"null"))
    found: dict[str, float | str] = {}
    for event in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        data = b"\n".join(line[5:].lstrip() for line in event.split(b"\n") if line.startswith(b"data:"))
        if data and data != b"[DONE]":
            found |= read_fields(wire.EVENT_FIELDS, json.loads(data))
    return found


def metered(case: Case, body: bytes, status: int, provider: str | None = None) -> UsageEvent:
    """The event of a case whose answer reached the edge as these bytes."""
    request = _compact(case.request)
    line = {
        "v": 2,
        "id": "3f2b6c1e-0f5e-4a52-9c3e-1d2f3a4b5c6d",
        "started": "2026-11-21T11:00:00.000Z",
        "duration_ms": 900,
        "first_byte_ms": 300,
        "client": "build-bot",
        "team": "platform",
        "api": case.api,
        "model": "fast",
        "variant": "fast~0a1b2c3d",
        "stream": "1" if case.request.get("stream") else "0",
        "policy": "7.0a1b2c3d",
        "refusal": None,
        "status": status,
        "flags": FLAGS[case.ends],
        "details": "via_upstream",
        "request_bytes": len(request),
        "response_bytes": len(body),
        "upstream": "127.0.0.1:8787",
        "provider": provider or case.kind,
        "option": "config",
        "attempts": "0",
        "request": read_fields(wire.REQUEST_FIELDS, case.request),
        "usage": read_answer(body, streamed=case.streamed and status == 200),
    }
    price = default_price(case.kind, case.model, case.price["day"]) if case.price else None  # pyright: ignore[reportArgumentType]
    served_by = ServedBy(kind=case.kind, provider="p", model=case.model, price=price)  # pyright: ignore[reportArgumentType]
    return meter(parse_line(json.dumps(written(line))), served_by)


def assert_as_expected(case: Case, event: UsageEvent) -> None:
    """Every token count, the cost, the outcome and the estimate are what the table says."""
    found: dict[str, Any] = {name: getattr(event, field) for name, field in TOKEN_FIELDS.items()}
    found |= {"outcome": event.outcome, "estimated": event.estimated, "cost_nano_usd": event.cost_nano_usd}
    expected = dict.fromkeys(TOKEN_FIELDS, 0) | case.expect
    wrong = {name: value for name, value in found.items() if not _fits(value, expected[name])}
    assert not wrong, (
        f"{case.id}\n  found    {wrong}\n  expected { {name: expected[name] for name in wrong} }\n  {event}"
    )


def _fits(value: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return value is not None and expected[0] <= value <= expected[1]
    return value == expected and (value is False) == (expected is False)


def cost_by_hand(price: dict[str, Any], tokens: dict[str, int]) -> Fraction:
    """The sum of a case in nano-dollars, before rounding, from the table's own numbers and nothing else."""
    usd = {name: Fraction(str(rate)) for name, rate in price["usd_per_million"].items()}
    creation = usd.get("cache_creation", usd["input"])
    count = dict.fromkeys(TOKEN_FIELDS, 0) | tokens
    fresh = count["input"] - count["cache_read"] - count["cache_creation"] - count["audio_input"]
    dollars_per_million = (
        fresh * usd["input"]
        + count["audio_input"] * usd.get("audio_input", usd["input"])
        + count["cache_read"] * usd.get("cache_read", usd["input"])
        + (count["cache_creation"] - count["cache_creation_1h"]) * creation
        + count["cache_creation_1h"] * usd.get("cache_creation_1h", creation)
        + (count["output"] - count["audio_output"]) * usd.get("output", Fraction(0))
        + count["audio_output"] * usd.get("audio_output", usd.get("output", Fraction(0)))
        + count["web_searches"] * usd.get("web_search", Fraction(0))
    )
    return dollars_per_million * 1000
