"""What each part of a local gateway is: its command, its environment, its health.

In: the data directory, ports, programs. Out: `Part`s, and the files that the agent and Envoy are started with. A part's
environment holds what it needs and no provider key.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gwctl.agent.files import write_atomically
from gwctl.agent.settings import AgentSettings
from gwctl.edge.render import render_bootstrap
from gwctl.edge.settings import EdgeSettings
from gwctl.local.data_dir import DataDir
from gwctl.local.keeper import Part
from gwctl.local.ports import HOST
from gwctl.local.probe import status_of
from gwctl.local.programs import Programs

PRELOAD = Path(__file__).with_name("portkey_preload.cjs")
MAX_HEADER_BYTES = 65536
"""`x-portkey-config` carries a route's whole configuration; Node's own limit is 16 KiB."""
MAX_EDGE_THREADS = 4
FLUSH_MILLISECONDS = 200
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
_GATEWAY_VARIABLES = ("NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Stack:
    """The parts of one gateway. `environment` is the caller's; each part gets an excerpt."""

    data: DataDir
    programs: Programs
    sockets: Path
    environment: Mapping[str, str]

    def issuer(self, port: int) -> Part:
        """The token service."""
        options = ["--state-dir", str(self.data.issuer), "--issuer", issuer_url(port)]
        return self._python_server("issuer", "gwctl.local.issuer", port, options)

    def sample(self, port: int) -> Part:
        """The sample provider."""
        return self._python_server("sample", "gwctl.local.sample_provider", port, [])

    def gateway(self, port: int, trusted_hosts: Iterable[str]) -> Part:
        """Portkey. It refuses private addresses as providers unless `trusted_hosts` has them."""

        async def healthy() -> bool:
            return await status_of(port, "/") == 200

        return Part(
            name="gateway",
            command=(
                str(self.programs.node),
                *("--require", str(PRELOAD), f"--max-http-header-size={MAX_HEADER_BYTES}"),
                *(str(self.programs.portkey), "--headless", f"--port={port}"),
            ),
            env={**self._env(*_GATEWAY_VARIABLES), "TRUSTED_CUSTOM_HOSTS": ",".join(sorted(trusted_hosts))},
            log=self.data.log_of("gateway"),
            healthy=healthy,
            port=port,
        )

    def agent(self, edge: EdgeSettings) -> Part:
        """The agent; writes its settings. It is well when it has written what Envoy needs to start."""
        settings = AgentSettings(
            snapshot_path=self.data.snapshot,
            secrets_path=self.data.provider_secrets,
            edge=edge,
            state_dir=self.data.state,
            events_path=self.data.usage_events,
            status_path=self.data.agent_status,
        )
        config = self.data.run / "agent.json"
        write_atomically(config, settings.model_dump_json(indent=1).encode())

        async def healthy() -> bool:
            return self.data.agent_status.exists() and edge.cds_file.exists() and edge.ecds_file.exists()

        return Part(
            name="agent",
            command=(*_python("gwctl.agent"), "--config", str(config)),
            env=self._env(),
            log=self.data.log_of("agent"),
            healthy=healthy,
        )

    def edge_settings(self, port: int, issuer_port: int, gateway_port: int, max_request_bytes: int) -> EdgeSettings:
        """Where the edge's neighbours are."""
        return EdgeSettings(
            listen_host=HOST,
            listen_port=port,
            admin_socket=self.sockets / "envoy.sock",
            issuer=issuer_url(issuer_port),
            jwks_url=f"{issuer_url(issuer_port)}/.well-known/jwks.json",
            xds_dir=self.data.xds,
            secrets_dir=self.data.secrets,
            usage_log=self.data.usage_log,
            gateway_host=HOST,
            gateway_ports=(gateway_port,),
            max_request_bytes=max_request_bytes,
        )

    def edge(self, settings: EdgeSettings) -> Part:
        """Envoy; writes its bootstrap. It is well when its admin interface answers."""
        bootstrap = self.data.run / "envoy.json"
        write_atomically(bootstrap, json.dumps(render_bootstrap(settings)).encode())

        async def healthy() -> bool:
            return await status_of(settings.admin_socket, "/listeners") == 200

        return Part(
            name="edge",
            command=(
                str(self.programs.envoy),
                *("--config-path", str(bootstrap), "--disable-hot-restart", "--log-level", "warning"),
                "--reject-unknown-dynamic-fields",
                *("--concurrency", str(max(1, min(MAX_EDGE_THREADS, os.cpu_count() or 1)))),
                # Every start would warn at length that some message types are not stable upstream; Envoy is pinned.
                *("--component-log-level", "misc:error"),
                *("--file-flush-interval-msec", str(FLUSH_MILLISECONDS)),
            ),
            env=self._env(),
            log=self.data.log_of("edge"),
            healthy=healthy,
            port=settings.listen_port,
        )

    def _python_server(self, name: str, module: str, port: int, options: list[str]) -> Part:
        async def healthy() -> bool:
            return await status_of(port, "/healthz") == 200

        return Part(
            name=name,
            command=(*_python(module), "--host", HOST, "--port", str(port), *options),
            env=self._env(),
            log=self.data.log_of(name),
            healthy=healthy,
            port=port,
        )

    def _env(self, *more: str) -> dict[str, str]:
        kept = (*_KEPT_VARIABLES, *more)
        return {name: self.environment[name] for name in kept if name in self.environment} | {"PYTHONUNBUFFERED": "1"}


def issuer_url(port: int) -> str:
    """The issuer's base URL, which is also the `iss` of its tokens."""
    return f"http://{HOST}:{port}"


def _python(module: str) -> tuple[str, ...]:
    # -P: without it the directory in which somebody typed `gwctl up` would come first on the import path.
    return (sys.executable, "-P", "-m", module)
