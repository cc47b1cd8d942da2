"""`gwctl connect`: a client's name in, its configuration on stdout out (or in its file), notes on stderr."""

import os
import time
from typing import TYPE_CHECKING, Final

import click

from gwctl.cli.options import data_dir_option
from gwctl.core.errors import UserError

if TYPE_CHECKING:
    from gwctl.clients.model import Edit, Gateway, Instructions
    from gwctl.local.data_dir import DataDir

CLIENTS = (
    *("aider", "anthropic", "claude-code", "cline", "codex", "continue", "curl", "cursor", "gemini-cli"),
    *("github-copilot", "goose", "langchain", "librechat", "litellm", "llama-index", "llm", "open-webui", "openai"),
    *("opencode", "vercel-ai", "zed"),
)
NEW_KEY_SECONDS: Final = 3.0


@click.command()
@click.argument("client", type=click.Choice(CLIENTS))
@click.option("--write", is_flag=True, help="Merge it into the client's configuration file; what was there stays.")
@click.option("--check", is_flag=True, help="Send one request as this client would, and say what came back.")
@click.option("--key", "with_key", is_flag=True, help="Use the virtual key in GWCTL_KEY in place of one-hour tokens.")
@click.option("--model", metavar="ALIAS", help="A route of the policy. Default: the first one that fits the client.")
@data_dir_option
def command(*, client: str, write: bool, check: bool, with_key: bool, model: str | None, data: "DataDir") -> None:
    """Show what to put where so that a program calls the gateway.

    stdout has the configuration and nothing else. For openai, anthropic, goose, github-copilot, open-webui and curl it
    is for a shell:

    \b
        eval "$(gwctl connect curl)"

    A program that cannot renew a token gets a virtual key (`gwctl keys create TEAM`). With --key and --write the key
    goes into the client's file, which only you can read; it is never shown.
    """
    from gwctl.clients.recipes import RECIPES

    gateway = _gateway(client, data, model, with_key=with_key)
    told = RECIPES[client](gateway)
    if with_key and told.renews:
        raise UserError(f"{client} gets itself new tokens and needs no key; leave --key out")
    if write:
        _write(client, told)
    elif not check:
        click.echo(told.text)
    if not check:
        _explain(client, told, gateway, _key_commands(client, told, data), written=write)
        return
    from gwctl.cli.gateway.token import token_of
    from gwctl.clients.check import send

    click.echo(send(gateway.url, told.check, gateway.key or token_of(None, None, data)))


def _gateway(client: str, data: "DataDir", model: str | None, *, with_key: bool) -> "Gateway":
    """The gateway as the recipe is to see it. Raises UserError."""
    from gwctl.cli.invocation import anywhere, here
    from gwctl.clients.model import Gateway
    from gwctl.clients.recipes import models_of
    from gwctl.core.keys import key_id_of
    from gwctl.local.connection import Connection

    connection = Connection.read(data.connection)
    key = _key() if with_key else None
    chosen = [*(["--key"] if key else []), *(["--model", model] if model else [])]
    return Gateway(
        url=connection.gateway_url,
        token_command=tuple(anywhere(data, "token")),
        models=_models_of_key(data, key_id_of(key)) if key else models_of(data.snapshot, connection.client_id),
        environment=dict(os.environ),
        chosen_model=model,
        connect_command=here(data, "connect", client, *chosen),
        key=key,
    )


def _models_of_key(data: "DataDir", key_id: str) -> dict[str, list[str]]:
    """What the key may use. One that was just made is awaited: the gateway gets it within two seconds."""
    from gwctl.clients.recipes import models_of

    deadline = time.monotonic() + NEW_KEY_SECONDS
    while True:
        try:
            return models_of(data.snapshot, key_id)
        except UserError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)


def _key() -> str:
    """The key in the variable. Raises UserError, without what is in there."""
    from gwctl.clients.model import KEY_VARIABLE
    from gwctl.core.keys import is_key

    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not is_key(key):
        state = "holds no whole virtual key (gwk_…)" if key else "is not set"
        raise UserError(f"{KEY_VARIABLE} {state}; make a key with `gwctl keys create TEAM` and put it there")
    return key


def _write(client: str, told: "Instructions") -> None:
    edits = [edit for edit in (told.edit, told.key_edit) if edit]
    if not edits:
        raise UserError(f"{client} has no configuration file that could be written; run it without --write")
    for edit in edits:
        _bring_up_to_date(edit)


def _bring_up_to_date(edit: "Edit") -> None:
    from gwctl.clients.apply import apply

    changes = apply(edit)
    if not changes:
        click.echo(f"{edit.path} is up to date.", err=True)
        return
    click.echo(f"{edit.path}:", err=True)
    for change in changes:
        click.echo(f"  {change}", err=True)


def _key_commands(client: str, told: "Instructions", data: "DataDir") -> list[str]:
    """What to enter so that the client has a key."""
    from gwctl.cli.invocation import here

    made = here(data, "keys", "create", "TEAM", "--name", client)
    used = here(data, "connect", client, "--key", *(["--write"] if told.edit else []))
    return [f'  export GWCTL_KEY="$({made})"', f"  {used}"]


def _explain(client: str, told: "Instructions", gateway: "Gateway", key_commands: list[str], *, written: bool) -> None:
    """Where the configuration goes, the recipe's own notes, and what to do about tokens that end."""
    from gwctl.cli.prose import fitted

    notes = list(told.notes)
    if told.edit and not written:
        notes.insert(0, f"For {told.edit.path}; --write merges it in.")
    if not told.renews and not gateway.key:
        notes += [f"{client} renews no token, and one holds for an hour. A key lasts; make one and use it:"]
        notes += key_commands
    for note in notes:
        click.echo(note if note.startswith(" ") else fitted(note), err=True)
