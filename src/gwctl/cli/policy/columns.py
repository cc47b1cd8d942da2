"""What tables show of each kind of policy document. In: a document as JSON. Out: cells. Imports nothing heavy."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gwctl.cli.tables import Column

Json = Mapping[str, Any]


def _text(name: str) -> Callable[[Json], str]:
    return lambda document: str(document.get(name) or "")


def _enabled(document: Json) -> str:
    return "yes" if document.get("enabled", True) else "no"


def _names(value: Any) -> str:
    if value == "*":
        return "all"
    return ", ".join(str(name) for name in value or ()) or "none"


def _pairs(value: Mapping[str, Any] | None) -> str:
    return " ".join(f"{name}={each}" for name, each in sorted((value or {}).items()))


def plain_number(value: Any) -> str:
    """A number with thousands separators, as few decimals as it has."""
    from decimal import Decimal

    return f"{Decimal(str(value)).normalize():,f}"


def _limit(document: Json) -> str:
    for name, shown in (("limit_usd", "${}"), ("limit_tokens", "{} tokens"), ("limit_requests", "{} requests")):
        if document.get(name) is not None:
            return shown.format(plain_number(document[name]))
    return ""


def _key_limits(document: Json) -> str:
    limits = (
        ("limit_usd", f"${{}} a {document.get('period')}"),
        ("requests_per_minute", "{} requests a minute"),
        ("tokens_per_minute", "{} tokens a minute"),
    )
    found = [words.format(plain_number(document[name])) for name, words in limits if document.get(name) is not None]
    return ", ".join(found) or "none"


def _expires(document: Json) -> str:
    return str(document.get("expires") or "never")[:16].replace("T", " ")


def _scope(document: Json) -> str:
    if document.get("client"):
        return f"client {document['client']}"
    if document.get("team"):
        return f"team {document['team']}" + (f", model {document['model']}" if document.get("model") else "")
    return "everybody"


def _period(document: Json) -> str:
    zone = document.get("timezone", "UTC")
    return str(document.get("period")) + ("" if zone == "UTC" else f" ({zone})")


def _state(name: str) -> Callable[[Json], str]:
    """An amount of a budget's `state`, in the budget's unit."""

    def cell(document: Json) -> str:
        from gwctl.pricing import money

        state = document.get("state")
        if state is None:
            return "-"
        return money.shown(int(state[name])) if state["unit"] == "nano_usd" else f"{int(state[name]):,}"

    return cell


def _resets(document: Json) -> str:
    """When a budget's next window begins, in the budget's own time zone."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    state, zone = document.get("state"), str(document.get("timezone") or "UTC")
    if state is None:
        return "-"
    if state["resets_at"] is None:
        return "never"
    return f"{datetime.fromisoformat(state['resets_at']).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _targets(document: Json) -> str:
    weighted = document.get("strategy") == "weighted"
    shown = [
        f"{target['provider']}/{target['model']}" + (f" ({target.get('weight', 1)})" if weighted else "")
        for target in document.get("targets", ())
    ]
    return (" + " if weighted else " → ").join(shown)


def _fallbacks(document: Json) -> str:
    return ", ".join(document.get("fallbacks") or ())


def _retries(document: Json) -> str:
    return str((document.get("retries") or {}).get("attempts", 0))


def _breaker(document: Json) -> str:
    breaker = document.get("circuit_breaker")
    if not breaker:
        return ""
    return f"{breaker.get('failures', 5)} failures in {breaker.get('window_seconds', 30)} s"


def _rule(document: Json) -> str:
    guardrail = document.get("bedrock_guardrail")
    if guardrail:
        return f"Bedrock guardrail {guardrail.get('id')} {guardrail.get('version')}"
    return f"/{document.get('pattern')}/"


def _rate(name: str) -> Callable[[Json], str]:
    def cell(document: Json) -> str:
        value = document.get(name)
        return "" if value is None else f"${plain_number(value)}"

    return cell


COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "teams": (
        Column("TEAM", _text("id")),
        Column("NAME", _text("name"), 2),
        Column("MODELS", lambda document: _names(document.get("models", "*")), 1),
        Column("ENABLED", _enabled, 1),
        Column("TAGS", lambda document: _pairs(document.get("tags")), 3),
    ),
    "clients": (
        Column("CLIENT", _text("id")),
        Column("TEAM", _text("team"), 2),
        Column("NAME", _text("name"), 1),
        Column("ENABLED", _enabled, 1),
    ),
    "keys": (
        Column("KEY", _text("id")),
        Column("TEAM", _text("team"), 1),
        Column("NAME", _text("name"), 1),
        Column("OWNER", _text("owner"), 2),
        Column("MODELS", lambda document: _names(document.get("models", "*")), 2),
        Column("LIMITS", _key_limits, 2),
        Column("EXPIRES", _expires, 1),
        Column("ENABLED", _enabled, 1),
        Column("FROM", lambda document: ", ".join(document.get("networks") or ()) or "everywhere", 3),
    ),
    "budgets": (
        Column("BUDGET", _text("id")),
        Column("FOR", _scope, 1),
        Column("LIMIT", _limit, right=True),
        Column("A", _period),
        Column("SPENT", _state("spent"), right=True),
        Column("RESERVED", _state("reserved"), right=True, alone=True),
        Column("LEFT", _state("left"), right=True),
        Column("RESETS", _resets, alone=True),
        Column("ACTION", lambda document: str(document.get("action", "block")), 1),
        Column("TELLS AT", lambda document: " ".join(f"{n}%" for n in document.get("notify_at", (80, 100))), 3),
    ),
    "routes": (
        Column("MODEL", _text("id")),
        Column("SERVED BY", _targets),
        Column("THEN", _fallbacks, 1),
        Column("RETRIES", _retries, 2, right=True),
        Column("TIMEOUT", lambda document: f"{document.get('timeout_seconds', 600)} s", 3, right=True),
        Column("LEFT OUT AFTER", _breaker, 3),
        Column("RULES", lambda document: ", ".join(document.get("scanner") or ()), 3),
    ),
    "scanner": (
        Column("RULE", _text("id")),
        Column("DOES", _text("action")),
        Column("ON", lambda document: ", ".join(document.get("on", ("input",))), 1),
        Column("WHAT", _rule, 1),
        Column("TEAMS", lambda document: _names(document.get("teams", "*")), 2),
    ),
    "pricing": (
        Column("MODEL", lambda document: f"{document.get('provider')}/{document.get('model')}"),
        Column("INPUT", _rate("input"), right=True),
        Column("OUTPUT", _rate("output"), right=True),
        Column("CACHE READ", _rate("cache_read"), 1, right=True),
        Column("CACHE WRITE", _rate("cache_creation"), 2, right=True),
        Column("1 HOUR", _rate("cache_creation_1h"), 3, right=True),
    ),
}
"""Section → what a table shows of its documents."""
