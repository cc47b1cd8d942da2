"""The planned task runs on this machine: its containers' commands, environments, orders and health checks, as planned.

Real agent, Portkey and Envoy; moto for S3 and DynamoDB. What is put in place of the planned: directories, ports, and
the programs' paths.
"""

import json
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
import psutil
import pytest

from gwctl.environments.terraform.workspace import emulated_credentials
from gwctl.local.supervisor.programs import find_programs
from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Documents
from gwctl.stores.aws.local_resources import table_definition
from plan.kit.examples import module_examples
from plan.kit.sessions import ModulePlans
from support.ports import free_ports
from support.processes import Process, start, wait_until

SECONDS = 30.0


@dataclass
class Task:
    """The containers, as they are here."""

    containers: dict[str, dict[str, Any]]
    folder: Path
    programs: dict[str, str]
    """Program in the container → program here."""
    aws: dict[str, str]
    """Variables that lead to the emulated AWS."""
    processes: dict[str, Process] = field(default_factory=dict[str, Process])
    """What was started, by the container's name."""

    @property
    def agent_settings(self) -> dict[str, Any]:
        """What the agent is told."""
        return json.loads(self.containers["agent"]["environment"][0]["value"])

    def client(self, service: str) -> Any:
        """A client of the emulated AWS."""
        return boto3.Session("emulated", "emulated", region_name=self.agent_settings["region"]).client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.aws["AWS_ENDPOINT_URL"],
        )

    def start(self, name: str) -> Process:
        """Start a container; returns at once."""
        container = self.containers[name]
        environment = {**self.aws, **{each["name"]: each["value"] for each in container["environment"]}}
        return Process(self._here([*container["entryPoint"], *container["command"]]), env=environment)

    def is_healthy(self, name: str) -> bool:
        """Run its health check once."""
        command = self.containers[name]["healthCheck"]["command"]
        assert command[0] == "CMD"
        done = subprocess.run(self._here(command[1:]), capture_output=True, check=False, timeout=10)
        return done.returncode == 0

    def _here(self, command: list[str]) -> list[str]:
        return [self.programs.get(word, word) for word in command]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An emulated AWS, empty."""
    url = tmp_path_factory.mktemp("aws") / "url"
    command = [sys.executable, "-P", "-m", "gwctl.emulated_aws", "--url-file", url]
    with start(command, ready=url.exists, seconds=60, env=emulated_credentials("http://127.0.0.1:9")):
        yield emulated_credentials(url.read_text().strip())


@pytest.fixture(scope="module")
def task(module_plans: ModulePlans, aws: dict[str, str]) -> Iterator[Task]:
    """The task of the example of modules/compute."""
    plan = module_plans.of(next(each for each in module_examples() if each.name == "compute"))
    text = json.dumps(plan.of("aws_ecs_task_definition")[0].get("container_definitions"))
    edge, gateway, scanner = free_ports(3)
    # A Unix socket's path has 107 bytes at most; pytest's folders are longer.
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp") as name:
        folder = Path(name)
        for old, new in (
            ("/run/gwctl", name),
            ("/var/lib/gwctl", f"{name}/state"),
            ("8080", str(edge)),
            ("8787", str(gateway)),
            ("8788", str(scanner)),
            ("/usr/local/bin/envoy", str(find_programs().envoy)),
        ):
            assert old in text
            text = text.replace(old, new)
        containers = {each["name"]: each for each in json.loads(text)}
        for mount in containers["agent"]["mountPoints"]:
            Path(mount["containerPath"]).mkdir(mode=0o700)
        programs = find_programs()
        yield Task(
            containers,
            folder,
            {
                "/app/build/start-server.js": str(programs.portkey),
                "node": str(programs.node),
                "python": sys.executable,
            },
            aws,
        )


@pytest.fixture(scope="module")
def running(task: Task) -> Iterator[Task]:
    """The task, started as ECS does it: a container waits until those that it depends on are healthy."""
    settings = task.agent_settings
    place = {"LocationConstraint": settings["region"]}
    task.client("s3").create_bucket(Bucket=settings["snapshot"]["bucket"], CreateBucketConfiguration=place)
    for table in settings["tables"].values():
        task.client("dynamodb").create_table(**table_definition(table))
    with ExitStack() as stack:
        for name in ("agent", "gateway", "edge"):
            waits = {each["containerName"] for each in task.containers[name]["dependsOn"]} - {"collector"}
            assert waits <= task.containers.keys()
            process = task.processes[name] = stack.enter_context(task.start(name))
            if name != "edge":
                process.wait_ready(lambda name=name: task.is_healthy(name), SECONDS)
        yield task


def edge_url(task: Task) -> str:
    return f"http://127.0.0.1:{task.containers['edge']['portMappings'][0]['containerPort']}"


def test_a_task_without_policy_starts_and_is_not_given_requests(running: Task):
    """The load balancer asks /healthz: it is 503 until the first policy, which `gwctl deploy` publishes."""

    def status() -> int:
        try:
            return httpx.get(f"{edge_url(running)}/healthz", timeout=2).status_code
        except httpx.TransportError:
            return 0

    assert wait_until(status, "an answer of the edge", SECONDS) == 503
    assert not running.is_healthy("edge")


def test_a_task_is_healthy_as_soon_as_there_is_a_policy(running: Task):
    """Also one without a client, which lets nobody in."""
    place = running.agent_settings["snapshot"]
    snapshot = compile_policy(Documents(), version=1, on=datetime.now(UTC).date())
    running.client("s3").put_object(Bucket=place["bucket"], Key=place["key"], Body=snapshot.to_json())
    wait_until(lambda: running.is_healthy("edge"), "the edge to be healthy", SECONDS)
    assert httpx.get(f"{edge_url(running)}/v1/models", timeout=5).status_code == 401


def test_portkey_listens_on_loopback_alone(running: Task):
    """As on a laptop: what is loaded before it, the agent wrote."""
    (port,) = running.agent_settings["edge"]["gateway_ports"]
    connections: list[Any] = psutil.net_connections("tcp")
    hosts = {each.laddr.ip for each in connections if each.status == "LISTEN" and each.laddr.port == port}
    assert hosts == {"127.0.0.1"}


def test_what_portkey_reads_is_readable_by_it(running: Task):
    path = Path(running.agent_settings["gateway_preload_path"])
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_edge_that_is_told_to_stop_lets_its_requests_end(running: Task):
    """The last test here: there is no edge after it."""
    edge = running.processes["edge"]
    with socket.create_connection(("127.0.0.1", urlsplit(edge_url(running)).port or 0), SECONDS) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        edge.send_signal(signal.SIGTERM)
        shell = psutil.Process(edge.pid)
        wait_until(lambda: "sleep" in {each.name() for each in shell.children()}, "the edge to wait", SECONDS)

        connection.sendall(b"host: localhost\r\n\r\n")

        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    assert edge.wait(SECONDS) == 0
