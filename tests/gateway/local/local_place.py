"""`gwctl` as a person runs it, and the processes that it leads to."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from gwctl.local.data_dir import DataDir
from gwctl.local.supervisor.processes import Identity
from gwctl.local.supervisor.status import Status
from gwctl.local.tokens import Credentials, get_token
from support.environment import BIN, clean_environment
from support.gateway import Gateway
from support.ports import free_ports

SECONDS = 60


@dataclass
class Place:
    """A data directory of its own, with a home and ports for one gateway."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    port: int = 0
    admin_port: int = 0

    def __post_init__(self) -> None:
        free = free_ports(2)
        self.port = self.port or free[0]
        self.admin_port = self.admin_port or free[1]
        self.data = DataDir(self.folder / "data")
        self.home = self.folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)

    @property
    def variables(self) -> dict[str, str]:
        return {**clean_environment(self.home), "GWCTL_DATA_DIR": str(self.data.root), **self.environment}

    def gwctl(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [BIN / "gwctl", *arguments]
        return subprocess.run(
            command, env=self.variables, cwd=self.home, capture_output=True, text=True, timeout=SECONDS
        )

    def up(self, *options: str | Path) -> subprocess.CompletedProcess[str]:
        """`gwctl up --detach` on this place's ports."""
        return self.gwctl("up", "--detach", *self.ports, *options)

    @property
    def ports(self) -> list[str]:
        """The options of `gwctl up` for the ports."""
        return ["--port", str(self.port), "--admin-port", str(self.admin_port)]

    @property
    def status(self) -> Status:
        status = Status.read(self.data.status)
        assert status
        return status

    @property
    def parts(self) -> dict[str, Identity]:
        """The processes of the parts that run now."""
        return {part.name: Identity.of(part.pid) for part in self.status.parts if part.pid}

    def processes(self) -> list[psutil.Process]:
        """Every process that has this place's folder on its command line or as its working directory."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            try:
                words = [*process.cmdline(), process.cwd()]
                if process.status() != psutil.STATUS_ZOMBIE and any(str(self.folder) in word for word in words):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def ask(self, model: str = "sample-gpt") -> int:
        """Send a request, not streamed; the status, 0 when nobody answers."""
        connection = Gateway(self.data.connection).connection
        credentials = Credentials(connection.token_url, connection.client_id, connection.client_secret)
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
        try:
            headers = {"authorization": f"Bearer {get_token(credentials, self.data.tokens)}"}
            url = f"{connection.gateway_url}/v1/chat/completions"
            return httpx.post(url, json=body, headers=headers, timeout=10).status_code
        except httpx.HTTPError:
            return 0


@contextmanager
def place(folder: Path, **environment: str) -> Iterator[Place]:
    """A place where nothing runs, before and after."""
    found = Place(folder, environment)
    try:
        yield found
    finally:
        found.gwctl("down")
        for process in found.processes():
            process.kill()


def environment_of(pid: int) -> str:
    """The variables that a process was started with, as the kernel has them."""
    variables = Path(f"/proc/{pid}/environ")
    return variables.read_bytes().decode(errors="replace") if variables.exists() else ""
