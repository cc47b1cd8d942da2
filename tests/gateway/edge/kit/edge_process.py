"""A real Envoy with the rendered configuration. In: settings, a snapshot, secrets. Out: an edge to call and inspect."""

import json
import tempfile
from pathlib import Path
from typing import Any, Self

import httpx

from gwctl.edge.render import PolicyFiles, Secrets, render_bootstrap, render_no_policy, render_policy
from gwctl.edge.settings import EdgeSettings
from gwctl.local.supervisor.programs import find_envoy
from gwctl.policy.snapshot import Snapshot
from support.json_lines import whole_lines
from support.ports import free_port
from support.processes import Process, start, wait_until
from support.usage_lines import read


class Edge:
    """An Envoy in a directory of its own. Use it as a context manager."""

    def __init__(self, folder: Path, issuer: str, jwks_url: str, gateway_port: int, **settings: Any):
        # A Unix socket's path has 107 bytes at most; pytest's folders are longer.
        self._sockets = tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp")
        for name in ("xds", "secrets"):
            (folder / name).mkdir(parents=True, mode=0o700)
        self.settings = EdgeSettings(
            listen_host="127.0.0.1",
            listen_port=free_port(),
            admin_socket=Path(self._sockets.name) / "admin.sock",
            issuer=issuer,
            jwks_url=jwks_url,
            xds_dir=folder / "xds",
            secrets_dir=folder / "secrets",
            usage_log=folder / "usage.log",
            gateway_ports=(gateway_port,),
            **{"health_interval_seconds": 0.2, **settings},
        )
        self.flush_milliseconds = 50
        """How long Envoy may keep a line of the usage log."""
        self.url = f"http://127.0.0.1:{self.settings.listen_port}"
        self._bootstrap = folder / "envoy.json"
        self._bootstrap.write_text(json.dumps(render_bootstrap(self.settings)))
        self.process: Process | None = None
        self.write(render_no_policy(self.settings))

    def apply(self, snapshot: Snapshot, secrets: Secrets) -> PolicyFiles:
        """Write the files of a snapshot in the order that their module states."""
        files = render_policy(snapshot, self.settings, secrets)
        self.write(files)
        return files

    def write(self, files: PolicyFiles) -> None:
        """Write files in the order that their module states."""
        for name, content in files.secrets.items():
            _replace(self.settings.secrets_dir / name, content)
        _replace(self.settings.cds_file, files.clusters)
        _replace(self.settings.keys_file, files.keys)
        _replace(self.settings.ecds_file, files.policy)

    def start(self, ready: int = 200) -> None:
        """Start Envoy and wait until /healthz answers so."""
        command = [find_envoy(), "-c", self._bootstrap, "--concurrency", "1", "--disable-hot-restart"]
        command += [
            "--file-flush-interval-msec",
            str(self.flush_milliseconds),
            "--log-level",
            "warning",
        ]
        self.process = start(command, ready=lambda: self.health() == ready)

    def kill_and_start(self) -> None:
        """As a supervisor would after a crash."""
        assert self.process
        self.process.stop(grace=0)
        self.start()

    def health(self) -> int:
        """The status of /healthz, 0 when there is no answer."""
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2, trust_env=False).status_code
        except httpx.HTTPError:
            return 0

    def admin(self, path: str, method: str = "GET") -> str:
        """Ask Envoy's admin interface."""
        transport = httpx.HTTPTransport(uds=str(self.settings.admin_socket))
        with httpx.Client(transport=transport, base_url="http://envoy", timeout=5) as client:
            return client.request(method, path).raise_for_status().text

    def stat(self, name: str) -> str:
        """The value of one statistic, empty when there is none."""
        lines = self.admin(f"/stats?filter=^{name}$").splitlines()
        return lines[0].partition(": ")[2].strip('"') if lines else ""

    def wait_policy(self, version: str) -> None:
        """Wait until Envoy decides by the policy of this version."""
        name = "extension_config_discovery.http_filter.policy.version_text"
        wait_until(lambda: self.stat(name) == version, f"the policy {version} to be in force")

    def write_policy(self, content: bytes) -> None:
        """Write the file of the policy alone."""
        _replace(self.settings.ecds_file, content)

    def write_secrets(self, snapshot: Snapshot, secrets: Secrets) -> None:
        """Write the file of secrets alone."""
        for name, content in render_policy(snapshot, self.settings, secrets).secrets.items():
            _replace(self.settings.secrets_dir / name, content)

    def log_lines(self) -> list[dict[str, Any]]:
        """The usage log until now."""
        log = self.settings.usage_log
        return [read(line) for line in whole_lines(log.read_bytes())] if log.exists() else []

    def next_line(self, seen: int) -> dict[str, Any]:
        """The line after the first `seen` ones, as soon as it is there."""
        wait_until(lambda: len(self.log_lines()) > seen, "another line in the usage log")
        return self.log_lines()[seen]

    def log(self, request_id: str) -> dict[str, Any]:
        """The line of the usage log with this request id."""

        def find() -> dict[str, Any]:
            return next((line for line in self.log_lines() if line["id"] == request_id), {})

        return wait_until(find, f"{request_id} in the usage log")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process:
            self.process.stop()
        self._sockets.cleanup()


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    temporary.chmod(0o600)
    temporary.rename(path)
