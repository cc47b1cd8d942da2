"""Editors and their extensions: Continue and Zed by their files, Cline and Cursor by what to type into settings."""

import json
from typing import Any

from gwctl.clients.apply import env_merge, json_merge, yaml_merge
from gwctl.clients.model import Check, Edit, Gateway, Instructions
from gwctl.clients.yaml_text import Item, Path

PROVIDER = "gwctl"
ZED_CONTEXT_TOKENS = 128_000
"""Zed must be told a context window, and the gateway knows none: the least that the models of today have."""


def continue_dev(gateway: Gateway) -> Instructions:
    """Continue with a `config.yaml`; the key is a secret of its own `.env` file.

    https://docs.continue.dev/reference, and https://docs.continue.dev/faqs for where secrets come from.
    """
    model = gateway.chat_model
    folder = gateway.home / ".continue"
    path, secrets = folder / "config.yaml", folder / ".env"
    variable = gateway.credential_variable
    entry = {
        "name": model,
        "provider": "openai",
        "model": model,
        "apiBase": gateway.openai_url,
        "apiKey": f"${{{{ secrets.{variable} }}}}",
        "roles": ["chat", "edit", "apply"],
    }
    first: dict[Path, Any] = {("name",): PROVIDER, ("version",): "1.0.0", ("schema",): "v1"}
    merge = yaml_merge(path, {("models", Item("name", model)): entry}, first)
    notes = [
        "Continue renews no token; this gives it one for an hour (it replaces the file):",
        f"  echo {variable}=$({gateway.token_shell}) > {secrets}",
    ]
    return Instructions(
        merge("")[0].rstrip(),
        Check("chat", model),
        [] if gateway.key else notes,
        Edit(path, merge),
        Edit(secrets, env_merge(variable, gateway.key), private=True) if gateway.key else None,
    )


def zed(gateway: Gateway) -> Instructions:
    """Zed with a provider of its own name, whose key is read from a variable or the system's keychain.

    https://zed.dev/docs/ai/use-api-access: `openai_compatible`; the variable is the provider's name and `_API_KEY`.
    """
    path = gateway.config / "zed" / "settings.json"
    chosen = {"provider": PROVIDER, "model": gateway.chat_model}
    provider: dict[str, Any] = {
        "api_url": gateway.openai_url,
        "available_models": [
            {"name": alias, "display_name": alias, "max_tokens": ZED_CONTEXT_TOKENS} for alias in gateway.chat_models
        ],
    }
    values = {
        ("language_models", "openai_compatible", PROVIDER): provider,
        ("agent", "default_model"): chosen,
    }
    document = {"language_models": {"openai_compatible": {PROVIDER: provider}}, "agent": {"default_model": chosen}}
    notes = [
        f"max_tokens is the context window that Zed reckons with; no model has less than {ZED_CONTEXT_TOKENS} today.",
        "Paste the key into Zed's settings, under LLM Providers, or start Zed with it:",
        f"  GWCTL_API_KEY={gateway.credential_shell} zed",
    ]
    return Instructions(
        json.dumps(document, indent=2), Check("chat", gateway.chat_model), notes, Edit(path, json_merge(path, values))
    )


def cline(gateway: Gateway) -> Instructions:
    """Cline, in its settings or by `cline auth`; its own files are no interface.

    https://docs.cline.bot/provider-config/openai-compatible.
    """
    text = _settings(
        {"API Provider": "OpenAI Compatible", "Base URL": gateway.openai_url, "Model ID": gateway.chat_model}
    )
    notes = ["Type this into Cline's settings, or into `cline auth`; API Key is the virtual key."]
    return Instructions(text, Check("chat", gateway.chat_model), notes)


def cursor(gateway: Gateway) -> Instructions:
    """Cursor, in its settings. Its servers send the requests, so they must reach the gateway.

    https://cursor.com/docs/settings/api-keys; completions while one types stay with Cursor.
    """
    text = _settings({"Override OpenAI Base URL": gateway.openai_url, "Add Custom Model": gateway.chat_model})
    notes = [
        "Type this into Cursor Settings, Models; OpenAI API Key is the virtual key. It is for chat; completions while "
        "you type stay with Cursor.",
    ]
    if gateway.is_local:
        notes.append(
            "Cursor's own servers send the requests: they cannot reach a gateway on this machine. Use a deployed one."
        )
    return Instructions(text, Check("chat", gateway.chat_model), notes)


def _settings(values: dict[str, str]) -> str:
    """Names as the settings have them, each with its value: lines that are YAML, too."""
    return "\n".join(f"{name}: {value}" for name, value in values.items())
