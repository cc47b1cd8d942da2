"""What the tests of the admin commands share: one real admin API, a data directory that names it, and gwctl itself.

gw("teams", "list").ok().out
"""

import io
import json
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from admin.servers import RunningAdmin, running_admin
from gwctl.cli import main
from gwctl.core import scopes
from gwctl.local.data_dir import DataDir
from support.replay_provider import Answer, ReplayProvider

WRITE = f"{scopes.ADMIN} {scopes.READ}"


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    def ok(self) -> "Done":
        """Itself, when it went well."""
        assert self.code == 0, f"{self.code}\n{self.out}\n{self.err}"
        return self

    def failed(self) -> str:
        """The error, which is the user's to mend."""
        assert self.code == 1, f"{self.code}\n{self.out}\n{self.err}"
        assert self.err.startswith("Error: ") or "\nError: " in self.err
        assert "Traceback" not in self.err
        return self.err

    def json(self):
        """stdout as JSON."""
        return json.loads(self.ok().out)


Gwctl = Callable[..., Done]


def run(*arguments: str, stdin: str = "") -> Done:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, io.StringIO(stdin)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main.run(arguments)
    finally:
        sys.stdin = before
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAdmin]:
    """An admin API with its stores. Tests share it and use names of their own."""
    with running_admin(tmp_path_factory.mktemp("admin")) as running:
        yield running


@pytest.fixture(scope="session")
def token_endpoint(server: RunningAdmin) -> Iterator[ReplayProvider]:
    """A token endpoint that gives everybody a token of an administrator called alice."""
    with ReplayProvider() as endpoint:
        token = {"access_token": server.token(WRITE, client="alice"), "expires_in": 3600}
        endpoint.on("/token", Answer.json(token))
        yield endpoint


@pytest.fixture
def data(server: RunningAdmin, token_endpoint: ReplayProvider, tmp_path: Path) -> DataDir:
    """The data directory of a gateway whose admin API is the one that runs."""
    found = DataDir(tmp_path / "gateway")
    found.root.mkdir()
    connection = {
        "gateway_url": "http://127.0.0.1:9",
        "admin_url": server.url,
        "token_url": f"{token_endpoint.url}/token",
        "jwks_url": "http://127.0.0.1:9/jwks.json",
        "client_id": "local",
        "client_secret": "x",
        "admin_client_id": "alice",
        "admin_client_secret": "x",
    }
    found.connection.write_text(json.dumps(connection))
    return found


@pytest.fixture
def gw(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> Gwctl:
    """gwctl with that data directory."""
    monkeypatch.setenv("GWCTL_DATA_DIR", str(data.root))
    monkeypatch.delenv("COLUMNS", raising=False)
    return run


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"t{uuid.uuid4().hex[:8]}"


Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes sections to a file and returns its path."""

    def written(file: str = "policy.yaml", **sections) -> str:
        path = tmp_path / file
        path.write_text(yaml.safe_dump(sections))
        return str(path)

    return written


def route(alias: str, *targets: str, **fields) -> dict:
    """A route document; targets are `<provider>/<model>`."""
    pairs = [target.split("/", 1) for target in targets or ("openai/gpt-4o-mini",)]
    return {"id": alias, "targets": [{"provider": provider, "model": model} for provider, model in pairs], **fields}
