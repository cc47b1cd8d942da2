"""What `gwctl up` prints when the gateway is ready. In: its status. Out: text that fits 60 columns wherever it can."""

import shutil
from typing import TYPE_CHECKING

import click

from gwctl.cli.invocation import here
from gwctl.clients.recipes import models_of
from gwctl.core.errors import UserError
from gwctl.local.connection import Connection

if TYPE_CHECKING:
    from gwctl.local.data_dir import DataDir
    from gwctl.local.supervisor.status import Status
    from gwctl.local.trial import Trial

SAMPLE_MODEL = "sample-gpt"
_CONNECT = (("connect", "claude-code"), "point a program at it")
_STEPS = (
    (("status",), "what runs, and the policy in force"),
    (("logs", "--follow"), "what its parts say"),
)


def next_steps(status: "Status", data: "DataDir", *, detached: bool) -> str:
    """The endpoint, one request to paste, and the commands one can use next."""
    steps = [*_STEPS, (("down",), "stop it")] if detached else list(_STEPS)
    try:
        model = _chat_model(data, Connection.read(data.connection))
        first = ["A first request:", "", curl(status.gateway_url, here(data, "token"), model)]
        steps = [_CONNECT, *steps]
    except UserError as error:
        first = [f"There is no first request to send: {error}."]
    return "\n".join(
        (
            f"{click.style('The gateway is ready', fg='green', bold=True)} after {status.ready_seconds:g} s: "
            f"{click.style(status.gateway_url, bold=True)}",
            "",
            *first,
            "",
            "Commands you can use next:",
            "",
            *commands([(here(data, *words), does) for words, does in steps]),
            "",
            f"Its policy is {status.policy.path}: edit and save it.",
            *([] if detached else ["Ctrl-C stops it."]),
        )
    )


def curl(url: str, token_command: str, model: str) -> str:
    """A streamed request as one pastes it into a shell."""
    return "\n".join(
        (
            f"  curl -N {url}/v1/chat/completions \\",
            f'    -H "Authorization: Bearer $({token_command})" \\',
            "    -H 'Content-Type: application/json' \\",
            f'    -d \'{{"model": "{model}", "stream": true,',
            '        "messages": [{"role": "user", "content": "Hello"}]}\'',
        )
    )


def send_first_request(data: "DataDir", *, quiet: bool) -> "Trial":
    """Send one streamed request to the sample provider, printing the answer as it comes. Raises UserError."""
    from gwctl.local.tokens import Credentials, get_token
    from gwctl.local.trial import PROMPT, attempt

    connection = Connection.read(data.connection)
    model = _chat_model(data, connection)
    token = get_token(Credentials(connection.token_url, connection.client_id, connection.client_secret), data.tokens)

    def heard(piece: str) -> None:
        if not quiet:
            click.echo(piece, nl=False)

    if not quiet:
        click.echo(f'"{PROMPT}" to {model}, streamed:\n\n  ', nl=False)
    trial = attempt(connection.gateway_url, token, model, heard)
    if not quiet:
        click.echo(f"\n\nFirst chunk after {trial.first_chunk_seconds:g} s, the whole after {trial.seconds:g} s.\n")
    return trial


def _chat_model(data: "DataDir", connection: "Connection") -> str:
    """The alias to try: one that the gateway's own client may use. Raises UserError: there is none."""
    served = models_of(data.snapshot, connection.client_id).get("chat", [])
    if not served:
        raise UserError(f"client {connection.client_id} may use no model that serves chat completions; add a route")
    return SAMPLE_MODEL if SAMPLE_MODEL in served else served[0]


def commands(pairs: list[tuple[str, str]]) -> list[str]:
    """Command and purpose side by side, or one below the other where that is too wide."""
    width = max(len(command) for command, _ in pairs)
    if width + max(len(does) for _, does in pairs) + 4 <= shutil.get_terminal_size().columns:
        return [f"  {command:<{width}}  {does}" for command, does in pairs]
    return [line for command, does in pairs for line in (f"  {command}", f"      {does}")]
