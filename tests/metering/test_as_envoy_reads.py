"""The real Envoy reads out of every recorded answer what `recorded.read_answer` reads out of it.

So the table's other tests, which do without Envoy, stand for the edge too.
"""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gwctl.edge.envoy.usage_log import plain_rules, stream_rules
from metering.recorded import Case, cases, read_answer
from support.environment import BIN
from support.ports import free_port
from support.processes import listening, start, wait_until
from support.replay_provider import Answer, ReplayProvider

PASSED_ON = [case for case in cases() if case.handed_on_unchanged]
BUFFER_BYTES = 32 * 1024 * 1024


class Edge:
    """An Envoy with the edge's rules for answers and nothing else; `read` asks through it."""

    def __init__(self, port: int, log: Path, provider: ReplayProvider):
        self._port = port
        self._log = log
        self._provider = provider

    def read(self, case: Case) -> dict[str, Any]:
        """What Envoy has in the metadata at the end of the case's answer."""
        kind = "text/event-stream" if case.streamed else "application/json"
        self._provider.reset()
        self._provider.on("*", Answer(case.pieces(), case.status, {"content-type": kind}, chunked=case.streamed))
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        connection.request("POST", "/", b"{}", {"x-case": case.id})
        connection.getresponse().read()
        connection.close()
        line = wait_until(lambda: self._line(case), f"a line of the log about {case.id}")
        assert line
        return line["usage"] or {}

    def _line(self, case: Case) -> dict[str, Any] | None:
        lines = self._log.read_text().splitlines(keepends=True) if self._log.exists() else []
        entries = [json.loads(line) for line in lines if line.endswith("\n")]
        return next((entry for entry in entries if entry["case"] == case.id), None)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("envoy")
    port = free_port()
    with ReplayProvider() as provider:
        (folder / "envoy.json").write_text(json.dumps(envoy(port, provider.port, folder / "usage.log")))
        command = [BIN / "envoy", "-c", folder / "envoy.json", "--concurrency", "1", "--disable-hot-restart"]
        with start([*command, "--file-flush-interval-msec", "20"], ready=lambda: listening(port)):
            yield Edge(port, folder / "usage.log", provider)


def envoy(port: int, upstream: int, log: Path) -> dict[str, Any]:
    """The smallest configuration around the rules."""
    prefix = "type.googleapis.com/envoy.extensions"
    manager = {
        "@type": f"{prefix}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "edge",
        "access_log": [
            {
                "name": "usage",
                "typed_config": {
                    "@type": f"{prefix}.access_loggers.file.v3.FileAccessLog",
                    "path": str(log),
                    "log_format": {"json_format": {"case": "%REQ(X-CASE)%", "usage": "%DYNAMIC_METADATA(gw.usage)%"}},
                },
            }
        ],
        "http_filters": [
            {"name": "plain", "typed_config": plain_rules()},
            {"name": "stream", "typed_config": stream_rules()},
            {"name": "router", "typed_config": {"@type": f"{prefix}.filters.http.router.v3.Router"}},
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "provider"}}],
                }
            ]
        },
    }
    return {
        "static_resources": {
            "listeners": [
                {
                    "address": _address(port),
                    "per_connection_buffer_limit_bytes": BUFFER_BYTES,
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [
                {
                    "name": "provider",
                    "type": "STATIC",
                    "load_assignment": {
                        "cluster_name": "provider",
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}],
                    },
                }
            ],
        }
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


@pytest.mark.parametrize("case", PASSED_ON, ids=lambda case: case.id)
def test_envoy_reads_what_the_table_reads(case: Case, edge: Edge):
    answer = b"".join(case.pieces())
    assert edge.read(case) == read_answer(answer, streamed=case.streamed and case.status == 200)
