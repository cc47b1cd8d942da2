"""`gwctl chat`: a model and a question in, the answer as it is streamed out; tokens, cost and time on stderr."""

import json
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

from gwctl.cli.options import data_dir_option

if TYPE_CHECKING:
    from gwctl.local.chat import Answer
    from gwctl.local.data_dir import DataDir

METERED_SECONDS: Final = 3.0
"""How long the event of a request is waited for: the agent reads the usage log several times a second."""


@click.command()
@click.argument("model")
@click.argument("prompt", nargs=-1)
@click.option("--system", help="What the model is told before.")
@click.option(
    "--env", "environment", metavar="NAME", help="A deployed environment. Default: the gateway on this machine."
)
@data_dir_option
def command(
    *, model: str, prompt: tuple[str, ...], system: str | None, environment: str | None, data: "DataDir"
) -> None:
    """Ask a model through the gateway, and see the answer as it comes.

    Without PROMPT it reads lines from the terminal, each a turn of one conversation; Ctrl-D ends it. With a virtual
    key in GWCTL_KEY it calls as that key does.

    \b
    Example: gwctl chat fast "Say hello in French"
    """
    from gwctl.local.chat import ask

    url, credential = _caller(environment, data)
    messages = [{"role": "system", "content": system}] if system else []
    given = " ".join(prompt)
    while text := given or _line():
        messages.append({"role": "user", "content": text})
        answer = ask(url, credential, model, messages, lambda piece: click.echo(piece, nl=False))
        click.echo()
        click.echo(_sum(answer, None if environment else data), err=True)
        if given:
            return
        messages.append({"role": "assistant", "content": answer.text})


def _line() -> str:
    """The next line that is not empty; an empty text at the end."""
    while True:
        if sys.stdin.isatty():
            click.echo("> ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line or line.strip():
            return line.strip()


def _caller(environment: str | None, data: "DataDir") -> tuple[str, str]:
    """The gateway's URL, and a key or a token. Raises UserError."""
    from gwctl.cli.gateway.token import token_of
    from gwctl.clients.model import KEY_VARIABLE
    from gwctl.local.connection import Connection

    credential = os.environ.get(KEY_VARIABLE) or token_of(environment, None, data)
    if environment is None:
        return Connection.read(data.connection).gateway_url, credential
    from gwctl.environments.deploy.applied import Applied
    from gwctl.environments.deploy.reach import connection_to
    from gwctl.environments.project import Project

    place = Project.find().place(environment)
    applied = Applied.read(place)
    return (
        connection_to(place, applied).gateway_url if applied.endpoint else applied.output("gateway_url")
    ), credential


def _sum(answer: "Answer", data: "DataDir | None") -> str:
    tokens = f"{answer.usage.get('prompt_tokens', '?')} tokens in, {answer.usage.get('completion_tokens', '?')} out"
    cost = _cost(answer.request_id, data) if data else ""
    times = f"first text after {answer.first_chunk_seconds:g} s, the whole after {answer.seconds:g} s"
    return click.style(", ".join(filter(None, (tokens, cost, times))), dim=True)


def _cost(request_id: str, data: "DataDir") -> str:
    """What the agent has charged for the request; empty when it has not by now."""
    from gwctl.pricing import money

    deadline = time.monotonic() + METERED_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), data.usage_events.open("rb") as file:
            file.seek(max(0, data.usage_events.stat().st_size - 65_536))
            for line in reversed(file.read().splitlines()):
                if request_id.encode() in line:
                    with suppress(ValueError):
                        cost = json.loads(line)["cost_nano_usd"]
                        return "no price" if cost is None else money.shown(cost)
        time.sleep(0.05)
    return ""
