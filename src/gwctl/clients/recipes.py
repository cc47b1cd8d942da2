"""All recipes by the name of their client, and the `Gateway` that they are given."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gwctl.clients import claude_code, codex, editors, libraries, opencode, servers, shell, terminal
from gwctl.clients.model import Recipe
from gwctl.core.errors import UserError
from gwctl.core.keys import PREFIX

RECIPES: Final[dict[str, Recipe]] = {
    "aider": terminal.aider,
    "anthropic": shell.anthropic,
    "claude-code": claude_code.instructions,
    "cline": editors.cline,
    "codex": codex.instructions,
    "continue": editors.continue_dev,
    "curl": shell.curl,
    "cursor": editors.cursor,
    "gemini-cli": terminal.gemini_cli,
    "github-copilot": shell.github_copilot,
    "goose": shell.goose,
    "langchain": libraries.langchain,
    "librechat": servers.librechat,
    "litellm": servers.litellm,
    "llama-index": libraries.llama_index,
    "llm": terminal.llm,
    "open-webui": shell.open_webui,
    "openai": shell.openai,
    "opencode": opencode.instructions,
    "vercel-ai": libraries.vercel_ai,
    "zed": editors.zed,
}
EMBEDS: Final = re.compile(r"(?<![a-z])embed(ding)?s?(?![a-z])")
"""What the providers' embedding models have in their names: a provider's kind alone lets them do chat, too."""


def models_of(snapshot_path: Path, client_id: str) -> dict[str, list[str]]:
    """API → the aliases that serve it, for this client or key. Raises UserError.

    Reads the snapshot as JSON: checking it whole, as the agent does, takes longer than all the rest.
    """
    try:
        snapshot = json.loads(snapshot_path.read_text())
        client = snapshot["clients"][client_id]
        profile = client.get("profile") or snapshot["teams"][client["team"]]["profile"]
        allowed: Mapping[str, Mapping[str, Any]] = snapshot["profiles"][profile]["models"]
    except FileNotFoundError:
        raise UserError(f"there is no policy in {snapshot_path}; start the gateway with `gwctl up`") from None
    except KeyError:
        if client_id.startswith(PREFIX):
            raise UserError(f"the gateway knows no key {client_id}; make one with `gwctl keys create TEAM`") from None
        raise UserError(f"the policy has no client {client_id}; add it to the policy file under clients") from None
    models: dict[str, list[str]] = {}
    for alias, apis in allowed.items():
        only_embeds = "embeddings" in apis and all(
            EMBEDS.search(model) for model in _models_in(snapshot["variants"][apis["embeddings"]]["tree"])
        )
        for api in ("embeddings",) if only_embeds else apis:
            models.setdefault(api, []).append(alias)
    return models


def _models_in(node: Mapping[str, Any]) -> list[str]:
    """The models that a variant's tree ends in."""
    return [node["model"]] if "model" in node else [model for each in node["targets"] for model in _models_in(each)]
