"""The hammer's policy: two teams with two clients each, two priced models of one provider."""

from typing import Any

from gwctl.core.names import Lane
from gwctl.policy.snapshot import Snapshot
from tools.bench.load import Caller
from tools.bench.rig import Fleet
from unit.policy.examples import compiled

CLIENTS = ("a1", "a2", "b1", "b2")
MODELS = ("fast", "other")


def policy(
    url: str, budgets: list[dict[str, Any]], version: int = 1, lane: Lane = "express", **replaced: Any
) -> Snapshot:
    """A client's team is its first letter. A million tokens cost $1 in and $2 out."""
    sections: dict[str, Any] = {
        "providers": [{"id": "provider", "kind": "openai", "base_url": f"{url}/v1"}],
        "routes": [
            {"id": model, "targets": [{"provider": "provider", "model": model}], "lane": lane} for model in MODELS
        ],
        "teams": [{"id": team} for team in "ab"],
        "clients": [{"id": client, "team": client[0]} for client in CLIENTS],
        "budgets": budgets,
        "scanner": [],
        "pricing": [{"provider": "provider", "model": model, "input": "1", "output": "2"} for model in MODELS],
    }
    return compiled(version, **{**sections, **replaced})


def callers(fleet: Fleet) -> list[Caller]:
    """All clients, with tokens."""
    return [Caller(client, client[0], fleet.issuer.token(client)) for client in CLIENTS]
