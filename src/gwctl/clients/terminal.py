"""Programs for the terminal that have a configuration file in YAML, and Gemini CLI, which cannot be served yet."""

import sys
from pathlib import Path
from typing import Any

from gwctl.clients import yaml_text
from gwctl.clients.apply import json_merge, yaml_merge
from gwctl.clients.model import Check, Edit, Gateway, Instructions
from gwctl.clients.yaml_text import Item, dumps
from gwctl.core.errors import UserError

KEY_NAME = "gwctl"


def aider(gateway: Gateway) -> Instructions:
    """Aider, whose `openai/` in a model's name says which API is spoken.

    https://aider.chat/docs/llms/openai-compat.html, https://aider.chat/docs/config/aider_conf.html.
    """
    model = gateway.chat_model
    path = gateway.home / ".aider.conf.yml"
    values = {
        "model": f"openai/{model}",
        "weak-model": f"openai/{model}",  # otherwise it knows none for a name of ours
        "openai-api-base": gateway.openai_url,
        "show-model-warnings": False,
    }
    key = yaml_merge(path, {("openai-api-key",): gateway.key})
    return Instructions(
        dumps(values).rstrip(),
        Check("chat", model),
        ["Then start aider." if gateway.key else f"Then: OPENAI_API_KEY={gateway.credential_shell} aider"],
        Edit(path, yaml_merge(path, {(name,): value for name, value in values.items()})),
        Edit(path, key, private=True) if gateway.key else None,
    )


def llm(gateway: Gateway) -> Instructions:
    """llm, with each model under a name that no model of its own has.

    https://llm.datasette.io/en/stable/other-models.html; keys are in keys.json beside it (`llm keys path`).
    """
    model = gateway.chat_model
    named = gateway.environment.get("LLM_USER_PATH")
    mac = gateway.home / "Library" / "Application Support"
    folder = Path(named) if named else (mac if sys.platform == "darwin" else gateway.config) / "io.datasette.llm"
    path, keys = folder / "extra-openai-models.yaml", folder / "keys.json"
    entries = [
        {
            "model_id": f"{KEY_NAME}/{alias}",
            "model_name": alias,
            "api_base": gateway.openai_url,
            "api_key_name": KEY_NAME,
            "supports_tools": True,
        }
        for alias in gateway.chat_models
    ]
    merged: dict[yaml_text.Path, Any] = {(Item("model_id", str(entry["model_id"])),): entry for entry in entries}
    with_key = "" if gateway.key else f" --key {gateway.credential_shell}"
    return Instructions(
        dumps(entries).rstrip(),
        Check("chat", model),
        [f"Then: llm -m {KEY_NAME}/{model}{with_key} Hello"],
        Edit(path, yaml_merge(path, merged)),
        Edit(keys, json_merge(keys, {(KEY_NAME,): gateway.key}), private=True) if gateway.key else None,
    )


def gemini_cli(_: Gateway) -> Instructions:
    """Gemini CLI speaks Gemini's own API and no other: GOOGLE_GEMINI_BASE_URL changes where, not what.

    https://github.com/google-gemini/gemini-cli/blob/main/docs/reference/configuration.md. Raises UserError.
    """
    raise UserError(
        "gemini-cli speaks Gemini's own API only (/v1beta/models/…:generateContent), which the gateway does not serve; "
        "connect a client of OpenAI's or Anthropic's API, such as opencode or claude-code, and choose the model there"
    )
