"""All recipes by the name of their client, and the `Gateway` that they are given."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gwctl.clients import claude_code, codex, opencode, shell, text
from gwctl.clients.model import Recipe
from gwctl.core.errors import UserError

RECIPES: Final[dict[str, Recipe]] = {
    "claude-code": claude_code.instructions,
    "codex": codex.instructions,
    "opencode": opencode.instructions,
    "goose": shell.goose,
    "continue": text.continue_dev,
    "langchain": text.langchain,
    "openai": shell.openai,
    "anthropic": shell.anthropic,
    "curl": shell.curl,
}


def models_of(snapshot_path: Path, client_id: str) -> dict[str, list[str]]:
    """API → the aliases that serve it, for the team of this client. Raises UserError.

    Reads the snapshot as JSON: checking it whole, as the agent does, takes longer than all the rest.
    """
    try:
        snapshot = json.loads(snapshot_path.read_text())
        team = snapshot["clients"][client_id]["team"]
        profile: Mapping[str, Mapping[str, Any]] = snapshot["profiles"][snapshot["teams"][team]["profile"]]["models"]
    except FileNotFoundError:
        raise UserError(f"there is no policy in {snapshot_path}; start the gateway with `gwctl up`") from None
    except KeyError:
        raise UserError(f"the policy has no client {client_id}; add it to the policy file under clients") from None
    models: dict[str, list[str]] = {}
    for alias, apis in profile.items():
        for api in apis:
            models.setdefault(api, []).append(alias)
    return models
