"""OpenCode: `opencode.json` with a provider of @ai-sdk/openai-compatible. Fields as OpenCode 1.18 reads them.

OpenCode runs no command for a key, so the token comes in through a variable when it starts. A virtual key goes where
`opencode auth login` keeps keys (https://opencode.ai/docs/providers).
"""

import json
from pathlib import Path
from typing import Any

from gwctl.clients.apply import json_merge
from gwctl.clients.model import TOKEN_VARIABLE, Check, Edit, Gateway, Instructions

PROVIDER = "gwctl"


def instructions(gateway: Gateway) -> Instructions:
    """The provider with all chat models of the policy, and the model that OpenCode starts with."""
    provider: dict[str, Any] = {
        "npm": "@ai-sdk/openai-compatible",
        "name": PROVIDER,
        "options": {"baseURL": gateway.openai_url} | ({} if gateway.key else {"apiKey": f"{{env:{TOKEN_VARIABLE}}}"}),
        "models": {alias: {"name": alias} for alias in gateway.chat_models},
    }
    model = f"{PROVIDER}/{gateway.chat_model}"
    path = _path(gateway)
    document = {"$schema": "https://opencode.ai/config.json", "model": model, "provider": {PROVIDER: provider}}
    values = {("model",): model, ("provider", PROVIDER): provider}
    start = ["Then start opencode."]
    if not gateway.key:
        start = ["Then start it with a token:", f"  {TOKEN_VARIABLE}={gateway.credential_shell} opencode"]
    return Instructions(
        json.dumps(document, indent=2),
        Check("chat", gateway.chat_model),
        start,
        Edit(path, json_merge(path, values)),
        _auth(gateway) if gateway.key else None,
    )


def _auth(gateway: Gateway) -> Edit:
    data = gateway.environment.get("XDG_DATA_HOME")
    path = (Path(data) if data else gateway.home / ".local" / "share") / "opencode" / "auth.json"
    return Edit(path, json_merge(path, {(PROVIDER,): {"type": "api", "key": gateway.key}}), private=True)


def _path(gateway: Gateway) -> Path:
    """The file that OpenCode reads: what OPENCODE_CONFIG names, else the global one, .jsonc if that is there."""
    if named := gateway.environment.get("OPENCODE_CONFIG"):
        return Path(named).absolute()
    folder = gateway.config / "opencode"
    with_comments = folder / "opencode.jsonc"
    return with_comments if with_comments.exists() else folder / "opencode.json"
