"""A running gateway, as tests see it.

In: `connection.json` of a gateway that runs already (`GWCTL_GATEWAY_CONNECTION`), or nothing, and then one is
started with `gwctl up`. Out: a `Gateway`: URLs, tokens and, if it runs on this machine, its files and sockets.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from gwctl.local.connection import Connection
from gwctl.local.data_dir import DataDir
from gwctl.local.supervisor import running
from gwctl.local.supervisor.status import Status
from support.environment import BIN, clean_environment
from support.json_lines import whole_lines
from support.ports import free_ports
from support.processes import wait_until

CONNECTION_VARIABLE = "GWCTL_GATEWAY_CONNECTION"
START_SECONDS = 60
STOP_SECONDS = 30


class Gateway:
    """A gateway that runs, here or elsewhere."""

    def __init__(self, connection_file: Path):
        """Read the file; nothing is called yet. Raises UserError when it cannot be used."""
        self.connection = Connection.read(connection_file)
        self.data = DataDir(connection_file.parent.absolute())
        """The folder of `connection.json`. Of a gateway that runs elsewhere it holds nothing more."""
        self._tokens: dict[tuple[str, str | None], tuple[str, float]] = {}

    @property
    def url(self) -> str:
        """The base URL without `/v1`, as Anthropic's SDK takes it."""
        return self.connection.gateway_url

    @property
    def openai_url(self) -> str:
        """The base URL with `/v1`, as OpenAI's SDK takes it."""
        return f"{self.url}/v1"

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        return running.current(self.data) is not None

    def require_local(self) -> None:
        """Skip the test if the gateway runs elsewhere."""
        if not self.is_local:
            pytest.skip("looks into the gateway's own files, and this gateway runs elsewhere")

    @property
    def admin_socket(self) -> Path:
        """Envoy's admin interface; of a local gateway."""
        run = running.current(self.data)
        assert run, f"no gateway runs in {self.data.root}"
        return run.sockets / "envoy.sock"

    @property
    def status(self) -> Status:
        """Parts with process ids and ports, the policy in force; of a local gateway."""
        status = Status.read(self.data.status)
        assert status, f"{self.data.status} cannot be read"
        return status

    def token(self, client_id: str = "", client_secret: str = "", scope: str | None = None) -> str:
        """A bearer token of the ordinary client, or of the one given; asked for once, then kept until it expires.

        Raises httpx.HTTPStatusError when the token endpoint refuses.
        """
        client_id = client_id or self.connection.client_id
        token, expires = self._tokens.get((client_id, scope), ("", 0.0))
        if time.monotonic() >= expires:
            answer = httpx.post(
                self.connection.token_url,
                data={"grant_type": "client_credentials"} | ({"scope": scope} if scope else {}),
                auth=(client_id, client_secret or self.connection.client_secret),
                timeout=10,
            ).raise_for_status()
            token = answer.json()["access_token"]
            self._tokens[client_id, scope] = token, time.monotonic() + answer.json()["expires_in"] - 60
        return token

    def headers(self) -> dict[str, str]:
        """The header that an ordinary request needs."""
        return {"authorization": f"Bearer {self.token()}"}

    def command(self, *arguments: str | Path, home: Path, seconds: float = 30) -> str:
        """Run `gwctl ARGUMENTS` on this gateway and return its stdout; raises AssertionError if it fails."""
        return run_gwctl(*arguments, *self.data.command_option(), home=home, seconds=seconds)

    def usage_mark(self) -> int:
        """Now, as a position in the usage events: give it to `usage_since`."""
        return self.data.usage_events.stat().st_size if self.data.usage_events.exists() else 0

    def usage_since(self, mark: int, count: int = 1, seconds: float = 10, **fields: Any) -> list[dict[str, Any]]:
        """The usage events after the mark that have these fields, as soon as there are `count` of them.

        Raises AssertionError, with all events after the mark, when there are fewer after `seconds`. Skips the
        test if the gateway runs elsewhere.
        """
        self.require_local()

        def enough() -> list[dict[str, Any]]:
            events = [event for event in self._usage_after(mark) if event.items() >= fields.items()]
            return events if len(events) >= count else []

        try:
            return wait_until(enough, f"{count} usage events with {fields}", seconds)
        except AssertionError as error:
            seen = "\n".join(json.dumps(event) for event in self._usage_after(mark))
            raise AssertionError(f"{error}; there are\n{seen or 'none'}") from None

    def _usage_after(self, mark: int) -> list[dict[str, Any]]:
        if not self.data.usage_events.exists():
            return []
        with self.data.usage_events.open("rb") as file:
            if mark:
                file.seek(mark - 1)
                file.readline()  # the mark may lie inside a line that was just being written
            return whole_lines(file.read())


def run_gwctl(
    *arguments: str | Path, home: Path, seconds: float = 30, environment: Mapping[str, str] | None = None
) -> str:
    """Run `gwctl` with a clean environment and return its stdout; raises AssertionError with its output if it fails.

    `environment` is added to the clean one.
    """
    done = subprocess.run(
        [BIN / "gwctl", *arguments],
        env={**clean_environment(home), **(environment or {})},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, (
        f"gwctl {' '.join(map(str, arguments))} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    )
    return done.stdout


@contextmanager
def local_gateway(
    folder: Path, options: Sequence[str | Path] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Gateway]:
    """Run a gateway with its home and its data directory in `folder`, and stop it at the end.

    `options` go to `gwctl up`, `environment` holds variables for it, such as providers' keys. If there is a
    `folder/data/policy.yaml`, it is the policy.
    """
    home, data = folder / "home", DataDir(folder / "data")
    home.mkdir(parents=True, exist_ok=True)
    port, admin_port = free_ports(2)
    ports = ("--port", str(port), "--admin-port", str(admin_port))
    try:
        up = ("up", "--detach", "--json", *ports, *data.command_option(), *options)
        run_gwctl(*up, home=home, seconds=START_SECONDS, environment=environment)
    except BaseException:
        with suppress(AssertionError):
            run_gwctl("down", *data.command_option(), home=home, seconds=STOP_SECONDS)
        raise
    try:
        yield Gateway(data.connection)
    finally:
        run_gwctl("down", *data.command_option(), home=home, seconds=STOP_SECONDS)


def require_local() -> None:
    """Skip the test if the gateway under test runs elsewhere."""
    if named := os.environ.get(CONNECTION_VARIABLE):
        Gateway(Path(named)).require_local()


@contextmanager
def chosen_gateway(folder: Path) -> Iterator[Gateway]:
    """The gateway that `GWCTL_GATEWAY_CONNECTION` names, else one started in `folder`."""
    if named := os.environ.get(CONNECTION_VARIABLE):
        yield Gateway(Path(named))
    else:
        with local_gateway(folder) as gateway:
            yield gateway
