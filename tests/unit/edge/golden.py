"""What the golden files are made from, and the way to make them anew.

In: the example below. Out: file name → content, as it has to be under tests/unit/edge/golden_files.
"""

import json
import os
from pathlib import Path
from typing import Any

from gwctl.edge.policy_tables import policy_tables
from gwctl.edge.render import PolicyFiles, render_bootstrap, render_policy
from gwctl.policy.snapshot import Snapshot
from unit.edge.program import SETTINGS
from unit.policy.examples import compiled

FOLDER = Path(__file__).with_name("golden_files")
UPDATE = "GWCTL_UPDATE_GOLDEN"
WIDTH = 120
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


def lua_of(policy: dict[str, Any]) -> dict[str, str]:
    """Where the Lua program is in a rendered policy."""
    return policy["resources"][0]["typed_config"]["default_source_code"]


def rendered() -> dict[str, str]:
    """File name → content. Of the Lua program only the tables are generated: they have a file of their own."""
    built = files()
    policy, tables = json.loads(built.policy), policy_tables(example(), SETTINGS)
    assert lua_of(policy)["inline_string"].startswith(tables)
    lua_of(policy)["inline_string"] = "(tables.lua, and the scripts of src/gwctl/edge/lua)"
    note = {"//": f"Generated; do not edit. {COMMAND}"}
    documents: dict[str, Any] = {
        "bootstrap.json": render_bootstrap(SETTINGS),
        "clusters.json": json.loads(built.clusters),
        "policy.json": policy,
        **{name: json.loads(content) for name, content in built.secrets.items()},
    }
    texts = {name: f"{short({**note, **document})}\n" for name, document in documents.items()}
    return {**texts, "tables.lua": f"-- Generated; do not edit. {COMMAND}\n{tables}"}


def short(value: Any, indent: int = 0) -> str:
    """JSON in which whatever fits into a line is in one."""
    line = json.dumps(value)
    if indent + len(line) <= WIDTH or not isinstance(value, dict | list):
        return line
    inner = indent + 1
    parts = (
        [f"{json.dumps(key)}: {short(each, inner)}" for key, each in value.items()]
        if isinstance(value, dict)
        else [short(each, inner) for each in value]
    )
    start, end = "{}" if isinstance(value, dict) else "[]"
    return f",\n{' ' * inner}".join([f"{start}\n{' ' * inner}{parts[0]}", *parts[1:]]) + f"\n{' ' * indent}{end}"


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
