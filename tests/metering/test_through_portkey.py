"""Every answer of the table, played back by a provider through the real Portkey, comes out as the table says.

What Portkey sends is read as the edge reads it; the edge itself is not here.
"""

import http.client
import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gwctl.core.names import API_PATHS
from metering.recorded import Case, assert_as_expected, cases, metered
from support.environment import BIN
from support.ports import free_port
from support.processes import listening, start
from support.replay_provider import CUT, Answer, ReplayProvider


@pytest.fixture(scope="module")
def provider() -> Iterator[ReplayProvider]:
    with ReplayProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def portkey() -> Iterator[int]:
    port = free_port()
    server = Path(__file__).parents[2] / "portkey/node_modules/@portkey-ai/gateway/build/start-server.js"
    with start(
        [BIN / "node", server, "--headless", f"--port={port}"],
        ready=lambda: listening(port),
        env={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1", "PATH": f"{BIN}:{os.environ['PATH']}"},
    ):
        yield port


def config(case: Case, url: str) -> dict[str, Any]:
    """What Portkey needs to know to reach the provider."""
    return {"provider": case.kind, "api_key": "secret", "custom_host": url} | {
        "openai": {"custom_host": f"{url}/v1"},
        "anthropic": {"custom_host": f"{url}/v1"},
        "azure-openai": {
            "azure_resource_name": "resource",
            "azure_deployment_id": case.model,
            "azure_api_version": "2024-10-21",
        },
        "bedrock": {"aws_region": "us-east-1", "aws_access_key_id": "id", "aws_secret_access_key": "secret"},
        "vertex-ai": {"vertex_project_id": "project", "vertex_region": "us-central1"},
    }.get(case.kind, {})


def scripted(case: Case, arrived: threading.Event) -> Answer:
    """The provider's answer, in the encoding that the provider uses. A cut comes when the caller has everything."""
    end = [] if case.ends == "whole" else [arrived, CUT]
    if "aws" in case.answer:
        return Answer.aws_stream([*case.aws_events(), *end])
    kind = "text/event-stream" if case.streamed else "application/json"
    headers = {"content-type": kind, **case.answer.get("headers", {})}
    return Answer([*case.pieces(), *end], case.status, headers, chunked=case.streamed)


def ask(port: int, case: Case, url: str, arrived: threading.Event) -> tuple[int, str | None, bytes]:
    """Status, serving provider and body of Portkey's answer. A caller who leaves does so when it has everything."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(
        "POST",
        API_PATHS[case.api],  # pyright: ignore[reportArgumentType]
        json.dumps(case.request),
        {"content-type": "application/json", "x-portkey-config": json.dumps(config(case, url))},
    )
    answer = connection.getresponse()
    body = b""
    with suppress(http.client.IncompleteRead, ConnectionError):
        while piece := answer.read1():
            body += piece
            if all(body.count(mark) >= times for mark, times in case.marks().items()):
                arrived.set()
                if case.ends == "caller_left":
                    break
    answer.close()
    connection.close()
    return answer.status, answer.getheader("x-portkey-provider"), body


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_the_answer_is_metered_as_the_table_says(case: Case, provider: ReplayProvider, portkey: int):
    arrived = threading.Event()
    provider.reset()
    provider.on("*", scripted(case, arrived))
    status, served_by, body = ask(portkey, case, provider.url, arrived)
    assert (status, served_by) == (case.status, case.kind), body[:500]
    assert_as_expected(case, metered(case, body, status, served_by))
