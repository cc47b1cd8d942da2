"""The gateway of this machine, tried. In: its data directory. Out: findings: whether it serves, and whether it meters.

The canary is one streamed request to the built-in sample provider, which costs nothing; it must come back as a usage
event with tokens and a price.
"""

import json
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from gwctl.core.errors import UserError
from gwctl.environments.deploy.doctor import FAILED, OK, SKIPPED, WARNING, Finding

if TYPE_CHECKING:
    from gwctl.local.connection import Connection
    from gwctl.local.data_dir import DataDir
    from gwctl.local.supervisor.status import ProviderStatus

MODEL: Final = "sample-gpt"
EVENT_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.1


def of_local_gateway(data: "DataDir") -> Iterator[Finding]:
    """Findings; one, that it does not run, where it does not."""
    from gwctl.local.connection import Connection
    from gwctl.local.supervisor import running
    from gwctl.local.supervisor.status import Status

    status = Status.read(data.status)
    if running.current(data) is None or status is None:
        yield Finding("gateway", SKIPPED, "none runs on this machine", "gwctl up --detach")
        return
    if status.state != "ready":
        yield Finding("gateway", FAILED, f"it is {status.state}", "gwctl logs")
        return
    yield Finding("gateway", OK, status.gateway_url)
    policy = status.policy
    if policy.rejected or policy.problems:
        yield Finding("policy", FAILED, policy.rejected or "; ".join(policy.problems), f"correct {policy.path}")
    elif policy.applied != policy.label:
        yield Finding("policy", WARNING, f"{policy.label} is on its way, {policy.applied} is in force", "wait a moment")
    else:
        yield Finding("policy", OK, f"{policy.applied} is published and in force")
    for provider in status.providers:
        yield _provider(provider)
    try:
        yield _send(data, Connection.read(data.connection))
    except UserError as error:
        yield Finding("spend canary", FAILED, str(error), "gwctl logs")


def _provider(provider: "ProviderStatus") -> Finding:
    """Whether it has a key, and a host that this machine can find. Nothing is sent to it."""
    from gwctl.local.policy.providers import key_variables

    what = f"provider {provider.id}"
    if not provider.has_secret:
        fix = f"set {key_variables(provider.id, provider.kind)} and start the gateway again"
        return Finding(what, WARNING, "it serves routes and has no key now, so its requests will fail", fix)
    host = urlsplit(provider.base_url).hostname
    try:
        if host:
            socket.getaddrinfo(host, None)
    except OSError as error:
        detail = f"its host {host} cannot be found from here ({error.strerror}), so its requests will fail"
        return Finding(what, FAILED, detail, f"correct base_url in {provider.source}, or the network")
    return Finding(what, OK, f"from {provider.source}")


def _send(data: "DataDir", connection: "Connection") -> Finding:
    from gwctl.clients.recipes import models_of
    from gwctl.local.tokens import Credentials, get_token
    from gwctl.local.trial import attempt

    try:
        models = models_of(data.snapshot, connection.client_id)
    except UserError as error:
        return Finding("spend canary", SKIPPED, str(error), "add the client to try it")
    if MODEL not in models.get("chat", []):
        return Finding(
            "spend canary", SKIPPED, f"the policy has no {MODEL}, which costs nothing", "add the route to try it"
        )
    seen = data.usage_events.stat().st_size if data.usage_events.exists() else 0
    try:
        token = get_token(
            Credentials(connection.token_url, connection.client_id, connection.client_secret), data.tokens
        )
        trial = attempt(connection.gateway_url, token, MODEL, lambda _: None)
    except UserError as error:
        return Finding("spend canary", FAILED, str(error), "gwctl logs edge")
    event = _event(data, seen, connection.client_id)
    if event is None:
        return Finding(
            "spend canary",
            FAILED,
            f"it was answered, but no usage event came in {EVENT_SECONDS:g} s",
            "gwctl logs agent",
        )
    tokens = f"{event.get('gen_ai.usage.input_tokens')} + {event.get('gen_ai.usage.output_tokens')} tokens"
    cost = event.get("cost_nano_usd")
    price = "no price" if cost is None else f"${cost / 1e9:.9f}"
    return Finding("spend canary", OK, f"answered in {trial.seconds:.1f} s, metered: {tokens}, {price}")


def _event(data: "DataDir", after: int, client: str) -> dict[str, Any] | None:
    """The first event of this client that was written after the given byte."""
    deadline = time.monotonic() + EVENT_SECONDS
    while time.monotonic() < deadline:
        if data.usage_events.exists():
            with data.usage_events.open("rb") as file:
                file.seek(after)
                for line in file.read().splitlines(keepends=True):
                    event = json.loads(line) if line.endswith(b"\n") else {}
                    if event.get("client") == client:
                        return event
        time.sleep(POLL_SECONDS)
    return None
