"""Reference pages made from code: the command line, usage events and the usage log, refusals."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from gwctl.core.names import API_PATHS
from gwctl.edge.errors import ANTHROPIC_TYPES, OPENAI_TYPES, REFUSALS
from gwctl.edge.parameters import DIALECTS, HARMLESS, REFUSED_WITH, columns, rows
from gwctl.edge.portkey import SAFE_CAP
from gwctl.edge.usage_log.line import UsageLine
from gwctl.ledger.metering.events import UsageEvent
from gwctl.pricing.tokens import otel_name
from tools.docs import commands
from tools.docs.render import page

EVENT_WORDS: Final[Mapping[str, str]] = {
    "api": "Wire shape of the request",
    "client": "Client id of the token",
    "cost_nano_usd": "Nano-dollars; null: there is no price for what was used",
    "duration": "Seconds from the request's first byte to the answer's last",
    "estimated": "Why the counts are an estimate; false: the provider's own",
    "input_tokens": "All input, cached tokens included",
    "outcome": "served: a whole answer; refused: the gateway said no; failed: none, or an error in it; cut: a part",
    "output_tokens": "All output, reasoning included",
    "price_source": "Where the price came from",
    "quota": "The quota that refused",
    "refusal": "Code of the refusal, see [refusals](refusals.md)",
    "shadow": "A shadow quota that would have refused",
    "started_at": "When the request began, RFC 3339",
    "stream": "Whether the answer was streamed",
    "team": "Team of the client",
}
"""Words for fields of the usage event whose model says none."""

LINE_WORDS: Final[Mapping[str, str]] = {
    "v": "Version of the line's form",
    "id": "Request id, made by the edge",
    "started": "When the request began, RFC 3339 with milliseconds, UTC",
    "duration_ms": "From the request's first byte to the answer's last",
    "first_byte_ms": "From the request's first byte to the answer's first; null: there was none",
    "client": "Client id of the token",
    "team": "Team of the client",
    "api": "Wire shape: chat, messages, count_tokens, responses, embeddings",
    "model": "Alias that the caller asked for",
    "variant": "Variant of the route that was chosen",
    "stream": "Whether a stream was asked for",
    "policy": "Label of the policy snapshot in force",
    "refusal": "Code, if the gateway refused",
    "status": "Status of the answer; 0: the caller left before there was one",
    "flags": "Envoy's RESPONSE_FLAGS",
    "details": "Envoy's RESPONSE_CODE_DETAILS",
    "request_bytes": "Size of the request's body",
    "response_bytes": "Size of the answer's body",
    "upstream": "Address of the gateway that was called; null: none was",
    "provider": "Kind of provider that served, as Portkey says",
    "option": "Which target of the configuration served",
    "attempts": "Retries of the target that served, as Portkey tells",
    "lane": "portkey, or express: the edge called the provider itself",
    "tries": "How often the edge sent the request on: on the express lane, to how many targets",
    "rules": "Content rules that refused or changed something, by their ids",
    "skipped": "Targets that the circuit breaker left out",
    "quota": "Receipt of the reservation, a shadow quota that would have refused, the quota that refused",
    "request": "What was read from the request's body, by name",
    "usage": "What was read from the answer, by its path in the JSON",
    "bound": "What it cost at most, in nano-dollars and tokens: the agent adds it for a request of an edge that died",
}
"""Words for the fields of the usage log's lines."""


def cli(group: click.Group) -> str:
    """Every command with its options and their variables."""
    return page("cli", "the commands in src/gwctl/cli", commands=list(commands.walk(group)))


def events() -> str:
    """The fields of the usage event and of the usage log's line."""
    event = [
        {"name": otel_name(name), "type": _type(field), "words": field.description or EVENT_WORDS.get(name, "")}
        for name, field in UsageEvent.model_fields.items()
    ]
    line = [
        {"name": name, "type": _type(field), "words": field.description or LINE_WORDS.get(name, "")}
        for name, field in UsageLine.model_fields.items()
    ]
    return page(
        "events", "src/gwctl/ledger/metering/events.py and src/gwctl/edge/usage_log/line.py", event=event, line=line
    )


def lacking() -> list[str]:
    """Fields of events and lines that have no words."""
    return [
        f"{model.__name__}.{name}"
        for model, words in ((UsageEvent, EVENT_WORDS), (UsageLine, LINE_WORDS))
        for name, field in model.model_fields.items()
        if not (field.description or name in words)
    ]


def refusals() -> str:
    """Every refusal with its status and the words of both shapes."""
    return page(
        "refusals",
        "src/gwctl/edge/errors.py",
        refusals=list(REFUSALS.values()),
        anthropic=sorted(ANTHROPIC_TYPES.items()),
        openai=sorted(OPENAI_TYPES.items()),
    )


def parameters() -> str:
    """What becomes of each parameter with each kind of provider."""
    tables = [
        (api, f"POST {path}", [DIALECTS[each] for each in columns(api)], sorted(rows(api).items()))
        for api, path in API_PATHS.items()
    ]
    return page(
        "parameters",
        "src/gwctl/edge/parameters.py",
        tables=tables,
        harmless=sorted(HARMLESS.items()),
        refused_with=sorted(REFUSED_WITH.items()),
        safe_cap=SAFE_CAP,
    )


_NAMES: Final = {
    "AwareDatetime": "time",
    "datetime": "time",
    "NoneType": "null",
    "str": "text",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "dict": "object",
    "tuple": "list",
}


def _type(field: Any) -> str:
    """A type in JSON's words: text, integer, one of some words, or null."""
    from typing import get_args, get_origin

    def words(kind: Any) -> list[str]:
        arguments = get_args(kind)
        origin = get_origin(kind)
        if str(origin) == "typing.Literal":
            return ["false" if each is False else str(each) for each in arguments]
        if origin in (dict, list, tuple):
            return [_NAMES.get(origin.__name__, "list")]
        if str(origin).startswith("typing.Annotated"):
            return words(arguments[0])
        if hasattr(kind, "__metadata__"):
            return words(arguments[0])
        if arguments:
            return [word for each in arguments for word in words(each)]
        name = getattr(kind, "__name__", str(kind))
        return [_NAMES.get(name, "object")]

    found = list(dict.fromkeys(words(field.annotation)))
    return " or ".join(found) if len(found) < 3 else ", ".join(found)


def files(root: Path, group: click.Group) -> dict[Path, str]:
    """The pages of this module by their paths."""
    reference = root / "docs" / "reference"
    return {
        reference / "cli.md": cli(group),
        reference / "events.md": events(),
        reference / "refusals.md": refusals(),
        reference / "parameters.md": parameters(),
    }
