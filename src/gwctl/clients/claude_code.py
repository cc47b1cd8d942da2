"""Claude Code: `settings.json` with an apiKeyHelper. Fields as Claude Code 2.1 reads them.

The base URL is without `/v1`. The helper is called every five minutes and after a 401.
"""

import json
from pathlib import Path
from typing import Any

from gwctl.clients.apply import json_merge
from gwctl.clients.model import Check, Edit, Gateway, Instructions

TTL_MILLISECONDS = 300_000
TIERS = ("opus", "sonnet", "haiku")
WINS_OVER_HELPER = ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY")


def instructions(gateway: Gateway) -> Instructions:
    """The settings; each tier gets the alias with its name in it, or the main model."""
    model = gateway.model("messages", "sonnet", "opus")
    folder = gateway.environment.get("CLAUDE_CONFIG_DIR")
    path = (Path(folder) if folder else gateway.home / ".claude") / "settings.json"
    variables = {
        "ANTHROPIC_BASE_URL": gateway.url,
        "ANTHROPIC_MODEL": model,
        **{f"ANTHROPIC_DEFAULT_{tier.upper()}_MODEL": gateway.first_with("messages", tier) or model for tier in TIERS},
        "CLAUDE_CODE_API_KEY_HELPER_TTL_MS": str(TTL_MILLISECONDS),
    }
    settings: dict[str, Any] = {"apiKeyHelper": gateway.token_shell, "env": variables}
    values = {
        ("apiKeyHelper",): gateway.token_shell,
        **{("env", name): value for name, value in variables.items()},
    }
    notes = [
        f"{name} is set in your environment and wins over the helper: unset it first."
        for name in WINS_OVER_HELPER
        if gateway.environment.get(name)
    ]
    return Instructions(
        json.dumps(settings, indent=2),
        Check("messages", model, ("authorization", "x-api-key")),  # it sends what the helper prints in both
        ["Then start claude.", *notes],
        Edit(path, json_merge(path, values)),
        renews=True,
    )
