"""Where the edge listens, whom it trusts and how much it accepts: everything in Envoy's configuration but policy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gwctl.core.scopes import INVOKE

MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True)
class EdgeSettings:
    """Settings of one edge. Sizes in bytes, times in seconds, paths absolute. Nothing in here is secret."""

    listen_host: str
    listen_port: int
    admin_socket: Path
    """Envoy's admin interface, a Unix socket (at most 107 bytes long) in a directory of the owner alone."""
    issuer: str
    """The `iss` claim that a token must carry."""
    jwks_url: str
    """Where the issuer's keys are; over https its certificate is checked against `ca_bundle`."""
    xds_dir: Path
    secrets_dir: Path
    usage_log: Path
    log_requests: bool = False
    """Whether Envoy also writes what a person may search of each request to its standard output."""
    gateway_host: str = "127.0.0.1"
    gateway_ports: tuple[int, ...] = (8787,)
    """Portkey; one port for each of its processes."""
    reserve_socket: Path | None = None
    """The agent, which reserves quota: a Unix socket. None: whoever is under a quota is refused."""
    scanner_port: int | None = None
    """The agent, which looks for what content rules forbid: a port of loopback. None: who is under one is refused."""
    deployment: str = "local"
    """What spans are told apart by when several deployments send theirs to one place."""
    trace_endpoint: str | None = None
    """Where spans go, OTLP over HTTP: `http://127.0.0.1:4318`. None: there are none."""
    trace_share: float = 1.0
    """Share of the requests that are traced, from 0 to 1. What a client wants sampled does not make it more."""
    invoke_scope: str = INVOKE
    ca_bundle: Path = Path("/etc/ssl/certs/ca-certificates.crt")
    trusted_hops: int = 0
    """Proxies in front whose `x-forwarded-for` is believed: 1 behind a load balancer."""
    max_request_bytes: int = 32 * MEBIBYTE
    max_response_bytes: int = 64 * MEBIBYTE
    """The largest plain (not streamed) answer; streams have no limit."""
    max_header_kib: int = 32
    max_connections: int = 20_000
    header_seconds: int = 10
    """For a client to send its headers."""
    body_seconds: int = 120
    """For a client to send its whole request."""
    stream_idle_seconds: int = 3_700
    """For a stream without a byte in either direction: longer than any route's timeout."""
    connection_idle_seconds: int = 4_100
    """For an idle client connection: longer than the load balancer's idle timeout, whose maximum is 4,000."""
    jwks_seconds: int = 300
    """Between two fetches of the issuer's keys."""
    clock_skew_seconds: int = 10
    health_interval_seconds: float = 1.0
    """Between two checks of Portkey."""

    @property
    def cds_file(self) -> Path:
        """The mark that a policy is in force."""
        return self.xds_dir / "clusters.json"

    @property
    def ecds_file(self) -> Path:
        """The policy: Lua tables and the script that decides by them."""
        return self.xds_dir / "policy.json"

    @property
    def keys_file(self) -> Path:
        """Virtual keys: the digests of their secrets and the script that finds them."""
        return self.xds_dir / "keys.json"

    @property
    def pressure_file(self) -> Path:
        """`0`, or `1`: the edge refuses every request. Replaced by renaming."""
        return self.xds_dir / "pressure"

    @property
    def secrets_file(self) -> Path:
        """The credentials of all providers."""
        return self.secrets_dir / "credentials.json"
