"""Codex: `config.toml` with a model provider whose auth.command prints the token. Fields as Codex 0.169 reads them."""

from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, cast

from gwctl.clients.apply import said
from gwctl.clients.model import Check, Edit, Gateway, Instructions
from gwctl.core.errors import UserError

PROVIDER = "gwctl"
REFRESH_MILLISECONDS = 300_000


def instructions(gateway: Gateway) -> Instructions:
    """The model, its provider, and the provider's token command."""
    import tomlkit

    folder = gateway.environment.get("CODEX_HOME")
    path = (Path(folder) if folder else gateway.home / ".codex") / "config.toml"
    command, *arguments = gateway.token_command
    model = gateway.model("responses", "sol", "gpt")
    document: dict[str, Any] = {
        "model": model,
        "model_provider": PROVIDER,
        "model_providers": {
            PROVIDER: {
                "name": PROVIDER,
                "base_url": gateway.openai_url,
                "wire_api": "responses",
                "auth": {"command": command, "args": arguments, "refresh_interval_ms": REFRESH_MILLISECONDS},
            }
        },
    }
    return Instructions(
        tomlkit.dumps(document).rstrip(),
        Check("responses", model),
        ["Then start codex."],
        Edit(path, _merge(path, document)),
        renews=True,
    )


def _merge(path: Path, wanted: dict[str, Any]) -> Callable[[str], tuple[str, list[str]]]:
    def merge(old: str) -> tuple[str, list[str]]:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            document = tomlkit.parse(old)
            changes = _set(cast("MutableMapping[str, Any]", document), wanted, "")
            return (tomlkit.dumps(document), changes) if changes else (old, [])
        except TOMLKitError as error:
            raise UserError(f"{path} cannot be read: {error}; correct it first") from None
        except TypeError as error:
            raise UserError(f"{path} cannot be merged: {error} in it is not a table; correct it first") from None

    return merge


def _set(table: MutableMapping[str, Any], wanted: dict[str, Any], prefix: str) -> list[str]:
    """Set what is wanted in a table, leave the rest; one line for each change."""
    import tomlkit

    changes: list[str] = []
    for key, value in wanted.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            if key not in table:
                table[key] = tomlkit.table(is_super_table=all(isinstance(each, dict) for each in value.values()))
            if not isinstance(table[key], MutableMapping):
                raise TypeError(name)
            changes += _set(table[key], cast("dict[str, Any]", value), f"{name}.")
        elif table.get(key) != value:
            before = table.get(key)
            table[key] = value
            changes.append(said(name, before, value))
    return changes
