"""Usage events for tests of reports."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

from admin.servers import RunningAdmin
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.usage.sums import UsageBatch
from gwctl.stores.sql.usage import SqlUsageTable

_ids = itertools.count()


def event(team: str | None = "search", at: str = "2026-11-21T10:05:00", **fields) -> UsageEvent:
    """A served request of 100 + 20 tokens that cost 0.00003 dollars."""
    content = {
        "id": f"request-{next(_ids)}",
        "started_at": datetime.fromisoformat(at).replace(tzinfo=UTC),
        "duration": 0.5,
        "team": team,
        "client": f"{team}-client" if team else None,
        "model": "fast",
        "api": "chat",
        "status": 200,
        "outcome": "served",
        "provider_name": "openai",
        "provider": "openai",
        "target_model": "gpt-4o-mini",
        "input_tokens": 100,
        "output_tokens": 20,
        "cost_nano_usd": 30_000,
        "price_source": "genai-prices 0.2.3: openai/gpt-4o-mini",
    }
    return UsageEvent.model_validate({**content, **fields})


def refused(team: str | None = "search", **fields) -> UsageEvent:
    """A request that the edge refused."""
    nothing = {"provider_name": None, "provider": None, "target_model": None, "price_source": None}
    counts = {"input_tokens": 0, "output_tokens": 0, "cost_nano_usd": None}
    return event(team, status=403, outcome="refused", refusal="model_not_allowed", **nothing, **counts, **fields)


def write_events(path: Path, *events: UsageEvent) -> Path:
    """The events as the agent writes them."""
    path.write_bytes(b"".join(each.to_json() + b"\n" for each in events))
    return path


def charge(server: RunningAdmin, *events: UsageEvent) -> None:
    """Add events to the ledger's usage table, as an agent does."""
    assert SqlUsageTable(server.database).add(UsageBatch.of(events).updates, agent=events[0].id, before=None, after="1")
