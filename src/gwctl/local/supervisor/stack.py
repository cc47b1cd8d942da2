"""What each part of a local gateway is: its command, its environment, its health.

In: the data directory, ports, programs. Out: `Part`s, and the files that the agent and Envoy are started with. A part's
environment holds what it needs and no provider key.
"""

import json
import os
import secrets
import ssl
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certifi
import psutil

from gwctl.agent.policy.snapshot_source import nudge_file
from gwctl.agent.settings import AgentSettings
from gwctl.core.files import write_atomically
from gwctl.edge.preload import PRELOAD
from gwctl.edge.render import render_bootstrap
from gwctl.edge.settings import EdgeSettings
from gwctl.local.data_dir import DataDir
from gwctl.local.ports import HOST
from gwctl.local.supervisor.aws import Aws
from gwctl.local.supervisor.health import read_report, status_of
from gwctl.local.supervisor.keeper import Part
from gwctl.local.supervisor.own import OwnStores
from gwctl.local.supervisor.programs import Programs
from gwctl.policy.documents import Provider

AGENT_CONFIG = "agent.json"
NOTES_VARIABLE = "GWCTL_GATEWAY_NOTES"
"""Where the preload script notes requests of a dead edge."""
MAX_HEADER_BYTES = 65536
"""`x-portkey-config` carries a route's whole configuration; Node's own limit is 16 KiB."""
MAX_EDGE_THREADS = 4
FLUSH_MILLISECONDS = 200
_CA_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_LIBPQ = ("PGPASSFILE", "PGSERVICEFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY")
"""Where libpq looks for what must not be on a command line."""
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", *_LIBPQ)
_GATEWAY_VARIABLES = ("NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def _new_key() -> str:
    return secrets.token_hex(16).upper()


@dataclass(frozen=True)
class Keys:
    """Made anew for each run: without them nobody on this machine changes the policy."""

    file: str = field(default_factory=_new_key, repr=False)


@dataclass(frozen=True)
class Stack:
    """The parts of one gateway. `environment` is the caller's; each part gets an excerpt."""

    data: DataDir
    programs: Programs
    sockets: Path
    environment: Mapping[str, str]
    keys: Keys = field(default_factory=Keys)
    notify_url: str | None = None
    otlp_endpoint: str | None = None

    def issuer(self, port: int) -> Part:
        """The token service."""
        options = ["--state-dir", str(self.data.issuer), "--issuer", issuer_url(port)]
        options += ["--admin-config", str(self.data.admin_config)]
        return self._python_server("issuer", "gwctl.local.issuer.server", port, options)

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
            env={
                **self._env(*_GATEWAY_VARIABLES),
                "TRUSTED_CUSTOM_HOSTS": ",".join(sorted(trusted_hosts)),
                # What it asks the agent about is a conversation: no proxy must see it.
                "NO_PROXY": ",".join(filter(None, [self.environment.get("NO_PROXY"), HOST])),
                NOTES_VARIABLE: str(self.data.gateway_notes),
            },
            log=self.data.log_of("gateway"),
            healthy=healthy,
            port=port,
        )

    def admin(self, port: int, stores: Aws | OwnStores, issuer_port: int, providers: Iterable[Provider]) -> Part:
        """The admin API; writes its configuration."""
        config = {
            "host": HOST,
            "port": port,
            "issuer": issuer_url(issuer_port),
            "jwks_url": f"{issuer_url(issuer_port)}/.well-known/jwks.json",
            "file_key": self.keys.file,
            "nudge": str(nudge_file(self.data.state)),
            **stores.admin_config(),
        }
        self._write_admin_config(config, providers)

        async def healthy() -> bool:
            return await status_of(port, "/healthz") == 200

        return Part(
            name="admin",
            command=(*_python("gwctl.local.admin_server.server"), "--config", str(self.data.admin_config)),
            env=self._env(),
            log=self.data.log_of("admin"),
            healthy=healthy,
            port=port,
        )

    def configure_admin(self, providers: Iterable[Provider]) -> None:
        """Give the admin API other providers when it starts next."""
        self._write_admin_config(json.loads(self.data.admin_config.read_bytes()), providers)

    def _write_admin_config(self, config: dict[str, Any], providers: Iterable[Provider]) -> None:
        config["providers"] = [provider.model_dump(mode="json") for provider in providers]
        write_atomically(self.data.admin_config, json.dumps(config, indent=1).encode())

    def agent(self, edge: EdgeSettings, stores: Aws | OwnStores) -> Part:
        """The agent; writes its settings. It is well when it has written what Envoy needs to start."""
        settings = AgentSettings(
            gateway_notes_path=self.data.gateway_notes,
            snapshot_path=self.data.snapshot,
            edge=edge,
            state_dir=self.data.state,
            events_path=self.data.usage_events,
            status_path=self.data.agent_status,
            notifications_webhook=self.notify_url,
            otlp_endpoint=self.otlp_endpoint,
            **stores.agent_config(self.data.provider_secrets),
        )
        config = self.data.run / AGENT_CONFIG
        write_atomically(config, settings.model_dump_json(indent=1).encode())

        async def healthy() -> bool:
            report = read_report(self.data.agent_status)
            # Files of an agent that is dead say nothing about the one that is starting.
            alive = report is not None and report.pid > 0 and psutil.pid_exists(report.pid)
            return alive and all(file.exists() for file in (edge.cds_file, edge.keys_file, edge.ecds_file))

        return Part(
            name="agent",
            command=(*_python("gwctl.agent"), "--config", str(config)),
            env=self._env() | dict(stores.variables),
            log=self.data.log_of("agent"),
            healthy=healthy,
            port=edge.scanner_port,
        )

    def edge_settings(
        self, port: int, issuer_port: int, gateway_port: int, scanner_port: int, max_request_bytes: int
    ) -> EdgeSettings:
        """Where the edge's neighbours are."""
        return EdgeSettings(
            listen_host=HOST,
            listen_port=port,
            admin_socket=self.sockets / "envoy.sock",
            reserve_socket=self.sockets / "agent.sock",
            issuer=issuer_url(issuer_port),
            jwks_url=f"{issuer_url(issuer_port)}/.well-known/jwks.json",
            xds_dir=self.data.xds,
            secrets_dir=self.data.secrets,
            usage_log=self.data.usage_log,
            gateway_host=HOST,
            gateway_ports=(gateway_port,),
            scanner_port=scanner_port,
            max_request_bytes=max_request_bytes,
            trace_endpoint=self.otlp_endpoint,
            ca_bundle=ca_bundle(self.environment),
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


def ca_bundle(environment: Mapping[str, str]) -> Path:
    """The certificates that the edge trusts: those that the environment names, else the system's, else certifi's."""
    paths = ssl.get_default_verify_paths()
    named = (environment.get("SSL_CERT_FILE"), paths.cafile, paths.openssl_cafile, *_CA_BUNDLES)
    return next((Path(each) for each in named if each and Path(each).is_file()), Path(certifi.where()))


def local_url(port: int) -> str:
    """The base URL of a server on this machine."""
    return f"http://{HOST}:{port}"


def issuer_url(port: int) -> str:
    """The issuer's base URL, which is also the `iss` of its tokens."""
    return local_url(port)


def _python(module: str) -> tuple[str, ...]:
    # -P: without it the directory in which somebody typed `gwctl up` would come first on the import path.
    return (sys.executable, "-P", "-m", module)
