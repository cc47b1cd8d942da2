"""OpenCode: `opencode.json` with a provider of @ai-sdk/openai-compatible. Fields as OpenCode 1.18 reads them.

OpenCode runs no command for a key, so the token comes in through a variable when it starts.
"""

import json
import shlex
from pathlib import Path
from typing import Any

from gwctl.clients.apply import json_merge
from gwctl.clients.model import Edit, Gateway, Instructions

PROVIDER = "gwctl"
VARIABLE = "GWCTL_TOKEN"


def instructions(gateway: Gateway) -> Instructions:
    """The provider with all chat models of the policy, and the model that OpenCode starts with."""
    provider: dict[str, Any] = {
        "npm": "@ai-sdk/openai-compatible",
        "name": PROVIDER,
        "options": {"baseURL": gateway.openai_url, "apiKey": f"{{env:{VARIABLE}}}"},
        "models": {alias: {"name": alias} for alias in sorted(gateway.models.get("chat", ()))},
    }
    model = f"{PROVIDER}/{gateway.model('chat', 'sonnet', 'sol', 'gpt')}"
    path = _path(gateway)
    document = {"$schema": "https://opencode.ai/config.json", "model": model, "provider": {PROVIDER: provider}}
    values = {("model",): model, ("provider", PROVIDER): provider}
    notes = [
        f"Merge this into {path}, or let --write do it. Then start it with a token, which it keeps for an hour:",
        f'  {VARIABLE}="$({shlex.join(gateway.token_command)})" opencode',
    ]
    return Instructions(json.dumps(document, indent=2), notes, Edit(path, json_merge(path, values)))


def _path(gateway: Gateway) -> Path:
    """The file that OpenCode reads: what OPENCODE_CONFIG names, else the global one, .jsonc if that is there."""
    if named := gateway.environment.get("OPENCODE_CONFIG"):
        return Path(named).absolute()
    config = gateway.environment.get("XDG_CONFIG_HOME")
    folder = (Path(config) if config else gateway.home / ".config") / "opencode"
    with_comments = folder / "opencode.jsonc"
    return with_comments if with_comments.exists() else folder / "opencode.json"
