"""The policy that the tests of the Lua program ask, and how they ask it."""

from typing import Any

from gwctl.policy.snapshot import Snapshot
from support.lanes import by_portkey
from unit.edge.program import Outcome, Program
from unit.policy.examples import compiled, sections

SECRETS = {"openai": {"api_key": "sk-1"}, "anthropic": {"api_key": "sk-ant-1"}}
MESSAGES = [{"role": "user", "content": "hi"}]
PATHS = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "count_tokens": "/v1/messages/count_tokens",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
}
RULES = [
    {"id": "in", "action": "deny", "pattern": "x", "teams": []},
    {"id": "out", "action": "deny", "pattern": "x", "on": ["output"], "teams": []},
    {"id": "redact", "action": "redact", "pattern": "x", "teams": []},
    {"id": "redact-out", "action": "redact", "pattern": "x", "on": ["output"], "teams": []},
    {"id": "guard", "action": "deny", "bedrock_guardrail": {"id": "abc", "version": "1"}, "teams": []},
]
TEAMS = [{"id": "search", "models": ["fast"]}, {"id": "platform"}, {"id": "closed", "enabled": False}]
CLIENTS = [
    {"id": "search-api", "team": "search"},
    {"id": "platform-ci", "team": "platform"},
    {"id": "closed-ci", "team": "closed"},
    {"id": "off", "team": "platform", "enabled": False},
]


def routes() -> list[dict[str, Any]]:
    def ruled(prefix: str, provider: str) -> list[dict[str, Any]]:
        targets = [{"provider": provider, "model": "m"}]
        return [{"id": f"{prefix}-{rule['id']}", "targets": targets, "scanner": [rule["id"]]} for rule in RULES]

    return [*sections()["routes"], *ruled("ruled", "openai"), *ruled("claude", "anthropic")]


def snapshot(**replaced: Any) -> Snapshot:
    """All routes go by Portkey; those of the express lane have tests of their own."""
    asked = by_portkey(replaced.pop("routes", routes()))
    return compiled(
        **{"scanner": RULES, "teams": TEAMS, "clients": CLIENTS, "routes": asked, "budgets": [], **replaced}
    )


def ask(program: Program, api: str = "chat", model: str = "fast", client: str = "search-api", **fields: Any) -> Outcome:
    asked = {"input": "hi"} if api in {"responses", "embeddings"} else {"messages": MESSAGES}
    body = {"model": model, **asked, **fields}
    return program.request(PATHS[api], {k: v for k, v in body.items() if v is not None}, client=client)


def assert_refused(outcome: Outcome, status: int, code: str) -> None:
    assert (outcome.status, outcome.errors) == (status, [])
    assert outcome.refusal == (code if status < 500 else None), "a failure is no refusal"
    assert not outcome.went_on
    if not outcome.json.get("type"):
        assert outcome.json["error"]["code"] == code
