"""The policy of the edge's tests; all its routes go by Portkey. In: the URL of the provider. Out: a snapshot."""

from typing import Any

from gwctl.edge.portkey import Secrets
from gwctl.policy.snapshot import Snapshot
from support.lanes import by_portkey
from unit.policy.examples import compiled

SECRETS: Secrets = {
    "openai": {"api_key": "sk-edge-1"},
    "second": {"api_key": "sk-edge-2"},
    "anthropic": {"api_key": "sk-ant-edge"},
}


def policy(url: str, version: int = 1, **replaced: Any) -> Snapshot:
    """One team and one client, `search-api`; `replaced` are sections of the policy."""
    sections: dict[str, Any] = {
        "providers": [
            {"id": "openai", "kind": "openai", "base_url": f"{url}/v1"},
            {"id": "second", "kind": "openai", "base_url": f"{url}/v1"},
            {"id": "anthropic", "kind": "anthropic", "base_url": f"{url}/v1"},
        ],
        "routes": [
            {"id": "fast", "targets": [{"provider": "openai", "model": "gpt-4o-mini"}]},
            {
                "id": "safe",
                "targets": [{"provider": "openai", "model": "first"}, {"provider": "second", "model": "second"}],
            },
            {"id": "claude", "targets": [{"provider": "anthropic", "model": "claude-sonnet-4-5"}]},
            {
                "id": "checked",
                "targets": [{"provider": "openai", "model": "gpt-4o-mini"}],
                "scanner": ["secrets", "first", "second", "answers"],
            },
        ],
        "teams": [{"id": "search"}],
        "clients": [{"id": "search-api", "team": "search"}],
        "budgets": [],
        "pricing": [],
        "scanner": [
            {"id": "secrets", "action": "deny", "pattern": "SECRET", "teams": []},
            {"id": "first", "action": "redact", "pattern": "one", "replacement": "1", "teams": []},
            {"id": "second", "action": "redact", "pattern": "two", "replacement": "2", "teams": []},
            {"id": "answers", "action": "deny", "pattern": "FORBIDDEN", "on": ["output"], "teams": []},
        ],
    }
    sections |= replaced
    return compiled(version, **{**sections, "routes": by_portkey(sections["routes"])})
