"""What the golden files are made from, and the way to make them anew.

In: the example below. Out: file name → content, as it has to be under tests/golden/edge.
"""

import json
import os
from pathlib import Path
from typing import Any

from gwctl.edge.render import PolicyFiles, render_bootstrap, render_policy
from gwctl.policy.snapshot import Snapshot
from unit.edge.program import SETTINGS
from unit.policy.examples import compiled

FOLDER = Path(__file__).parents[2] / "golden" / "edge"
UPDATE = "GWCTL_UPDATE_GOLDEN"
COMMAND = f"{UPDATE}=1 .venv/bin/python -m pytest tests/unit/edge/test_golden.py"

SECRETS = {
    "openai": {"api_key": "sk-golden-fake"},
    "anthropic": {"api_key": "sk-ant-golden-fake"},
    "bedrock-eu": {"aws_access_key_id": "AKIAGOLDENFAKE", "aws_secret_access_key": "golden-fake"},
}


def example() -> Snapshot:
    """The small policy of the policy tests, with more routes."""
    routes: list[dict[str, Any]] = [
        {"id": "fast", "targets": [{"provider": "openai", "model": "gpt-4o-mini"}]},
        {
            "id": "claude",
            "targets": [
                {"provider": "anthropic", "model": "claude-sonnet-4-5", "weight": 3},
                {"provider": "bedrock-eu", "model": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"},
            ],
            "strategy": "weighted",
            "fallbacks": ["fast"],
            "retries": {"attempts": 1, "on": [529]},
        },
        {
            "id": "checked",
            "targets": [{"provider": "openai", "model": "gpt-4o-mini"}],
            "scanner": ["cards", "names"],
        },
    ]
    scanner: list[dict[str, Any]] = [
        {"id": "cards", "action": "redact", "pattern": r"\b\d{16}\b", "teams": []},
        {"id": "names", "action": "deny", "pattern": 'Project "X"', "on": ["input", "output"], "teams": []},
    ]
    budgets: list[dict[str, Any]] = [
        {"id": "search-day", "team": "search", "limit_usd": "10", "period": "day"},
        {"id": "all-month", "limit_usd": "1000", "period": "month", "action": "alert"},
    ]
    return compiled(
        routes=routes,
        scanner=scanner,
        budgets=budgets,
        teams=[{"id": "search", "models": ["fast"]}, {"id": "platform"}],
    )


def files() -> PolicyFiles:
    return render_policy(example(), SETTINGS, SECRETS)


def rendered() -> dict[str, str]:
    """File name → content. The Lua program has a file of its own and a mark in policy.json."""
    built = files()
    policy = json.loads(built.policy)
    source = policy["resources"][0]["typed_config"]["default_source_code"]
    program, source["inline_string"] = source["inline_string"], "(policy.lua)"
    note = {"//": f"Generated; do not edit. {COMMAND}"}
    documents: dict[str, Any] = {
        "bootstrap.json": render_bootstrap(SETTINGS),
        "clusters.json": json.loads(built.clusters),
        "policy.json": policy,
        **{name: json.loads(content) for name, content in built.secrets.items()},
    }
    texts = {name: json.dumps({**note, **document}, indent=1) + "\n" for name, document in documents.items()}
    return {**texts, "policy.lua": f"-- Generated; do not edit. {COMMAND}\n{program}"}


def read(name: str) -> Any:
    """A golden JSON file without its note."""
    document = json.loads((FOLDER / name).read_text())
    document.pop("//")
    return document


def update() -> None:
    """Write the files, if the environment says so."""
    if os.environ.get(UPDATE) == "1":
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, content in rendered().items():
            (FOLDER / name).write_text(content)
