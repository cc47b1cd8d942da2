"""`gwctl up`: options in, a gateway that serves out, and the words for what one can do with it next."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gwctl.cli.options import data_dir_option, json_option
from gwctl.core.errors import UserError

if TYPE_CHECKING:
    from gwctl.cli.gateway.progress import Progress
    from gwctl.local.data_dir import DataDir
    from gwctl.local.supervisor.options import UpOptions
    from gwctl.local.supervisor.status import Status

PORT = click.IntRange(1, 65535)


@click.command()
@click.option("--port", type=PORT, default=8080, show_default=True, help="Where the gateway serves, on 127.0.0.1.")
@click.option(
    "--admin-port", type=PORT, default=8081, show_default=True, help="Where the admin API serves, on 127.0.0.1."
)
@click.option("--token-port", type=PORT, help="Where tokens are given out. Default: the same free port every time.")
@click.option(
    "--upstream",
    "upstreams",
    metavar="PROVIDER=URL",
    multiple=True,
    help="Send a provider's requests to this URL instead. Can be given more than once.",
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    help="Policy file, or a directory of them. Default: policy.yaml in the data directory, made at the first start.",
)
@click.option(
    "--max-request-mib",
    type=click.IntRange(1, 256),
    default=32,
    show_default=True,
    help="The largest request body, in MiB; a larger one is refused with 413.",
)
@click.option(
    "--notify-url", metavar="URL", help="A webhook that is told when a budget passes one of its thresholds (notify_at)."
)
@click.option(
    "--otlp-endpoint", metavar="URL", help="Where metrics and traces go, OTLP over HTTP: http://127.0.0.1:4318."
)
@click.option(
    "--database",
    metavar="URL",
    help="Where policy, clients and spend are kept: sqlite:///FILE, postgresql+psycopg://USER@HOST/DATABASE, or "
    "file:PATH with one of these and the password in it. Default: a file in the data directory.",
)
@click.option("--detach", "-d", is_flag=True, help="Run in the background; return when it is ready.")
@click.option("--try", "attempt", is_flag=True, help="Send one streamed request through it when it is ready.")
@json_option
@data_dir_option
def command(
    *,
    port: int,
    admin_port: int,
    token_port: int | None,
    upstreams: tuple[str, ...],
    policy: Path | None,
    max_request_mib: int,
    notify_url: str | None,
    otlp_endpoint: str | None,
    database: str | None,
    detach: bool,
    attempt: bool,
    as_json: bool,
    data: "DataDir",
) -> None:
    """Run the whole gateway on this machine.

    It uses the real providers whose usual variables are set: OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY,
    AZURE_OPENAI_API_KEY with AZURE_OPENAI_ENDPOINT, AWS credentials with AWS_REGION, OLLAMA_HOST. The built-in
    sample provider is always there, so none is needed. Ctrl-C stops it.
    """
    from gwctl.cli.gateway.progress import Progress
    from gwctl.local.database import checked_url
    from gwctl.local.policy.providers import parse_upstreams
    from gwctl.local.supervisor import running
    from gwctl.local.supervisor.options import UpOptions

    if len({port, admin_port, token_port}) < 3:  # None is one, too
        raise UserError("--port, --admin-port and --token-port are for three different ports; change one of them")
    options = UpOptions(
        port=port,
        admin_port=admin_port,
        token_port=token_port,
        policy=policy.absolute() if policy else None,
        upstreams=parse_upstreams(upstreams),
        max_request_mib=max_request_mib,
        notify_url=_url("--notify-url", notify_url),
        otlp_endpoint=_url("--otlp-endpoint", otlp_endpoint),
        database=checked_url(database) if database else None,
    )
    with Progress(quiet=as_json) as progress:
        if not detach:
            _foreground(options, data, progress, attempt=attempt, as_json=as_json)
            return
        status, started = _detached(options, data, progress)
    try:
        _tell(status, data, attempt=attempt, as_json=as_json, detached=True)
    except UserError as error:
        if not started:
            raise
        running.stop(data)  # as whenever `up` fails, nothing is left running
        raise UserError(f"{error}; the gateway is stopped again") from error


def _url(option: str, given: str | None) -> str | None:
    from gwctl.core.urls import http_url

    if given is None or http_url(given):
        return given
    raise UserError(f"{option} is not a URL of the form http://HOST/… or https://HOST/…")


def _detached(options: "UpOptions", data: "DataDir", progress: "Progress") -> tuple["Status", bool]:
    """The status, and whether it was started now."""
    from gwctl.local.supervisor import detached, running
    from gwctl.local.supervisor.status import Status

    run = running.current(data)
    if run is None:
        return detached.start(options, data, progress.changed), True
    status = Status.read(data.status)
    if status is None or status.state != "ready" or run.options != options.as_json():
        raise running.already_runs(data)
    progress.said("It was running already.")
    return status, False


def _foreground(options: "UpOptions", data: "DataDir", progress: "Progress", *, attempt: bool, as_json: bool) -> None:
    import os

    from gwctl.local.supervisor.supervisor import run

    told = False

    def changed(status: "Status") -> None:
        nonlocal told
        progress.changed(status)
        if status.state == "ready" and not told:
            told = True
            progress.close()
            _tell(status, data, attempt=attempt, as_json=as_json, detached=False)

    run(options, data, dict(os.environ), changed, progress.said)


def _tell(status: "Status", data: "DataDir", *, attempt: bool, as_json: bool, detached: bool) -> None:
    """Say that it is ready, with `attempt` after a request that shows it."""
    import json
    from dataclasses import asdict

    from gwctl.cli.gateway.next_steps import next_steps, send_first_request

    trial = None
    if attempt:
        try:
            trial = send_first_request(data, quiet=as_json)
        except UserError as error:
            if detached:
                raise
            click.echo(f"{error}\n", err=True)  # no reason to stop what runs
    if as_json:
        click.echo(json.dumps({**status.as_json(), **({"try": asdict(trial)} if trial else {})}))
    else:
        click.echo(next_steps(status, data, detached=detached))
