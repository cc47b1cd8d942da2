"""Emulated AWS for the sinks: moto for everything, and DynamoDB Local beside it for the tables."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.sinks.collector import Collector, running_collector
from gateway.sinks.place import Aws, Events, agent_settings
from gwctl.agent.settings import AgentSettings
from support.ports import free_port
from support.processes import answers, start
from support.stores.dynamodb_local import running_dynamodb_local


@pytest.fixture(scope="session")
def moto_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The AWS of a local gateway: moto, one request at a time.

    Plain moto server loses updates when transactions of two clients overlap, as they do when one was just killed.
    """
    port = free_port()
    command = [sys.executable, "-m", "gwctl.emulated_aws", "--port", str(port)]
    command += ["--data-dir", str(tmp_path_factory.mktemp("aws"))]
    url = f"http://127.0.0.1:{port}"
    with start(command, ready=lambda: answers(f"{url}/healthz"), seconds=60):
        yield url


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    with running_dynamodb_local() as url:
        yield url


@pytest.fixture
def aws(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An emulated AWS, which this process's clients use too."""
    return _used(Aws.create(moto_url), monkeypatch)


@pytest.fixture(params=["moto", "dynamodb-local"])
def either_aws(request: pytest.FixtureRequest, moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The same, with its tables in each engine in turn."""
    dynamodb = None if request.param == "moto" else request.getfixturevalue("dynamodb_local_url")
    return _used(Aws.create(moto_url, dynamodb), monkeypatch)


@pytest.fixture
def settings(aws: Aws, tmp_path: Path) -> AgentSettings:
    """An agent that ships to `aws`."""
    return agent_settings(tmp_path, audit_stream=aws.stream, tables=aws.tables)


@pytest.fixture
def events(settings: AgentSettings) -> Events:
    """Its events."""
    return Events(settings)


def _used(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    return aws


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector, which this process's exporter reaches past any proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_collector() as running:
        yield running
