"""Tokens for programs, from a real issuer: cached, renewed in time, asked for once by many."""

import json
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gwctl.core import scopes
from gwctl.core.errors import UserError
from gwctl.local.issuer.store import ClientFile, add_client
from gwctl.local.tokens import Credentials, get_token
from support.ports import free_port
from support.processes import Process, answers, start


@dataclass
class Issuer:
    process: Process
    credentials: Credentials

    @property
    def issued(self) -> int:
        """How many tokens it has given out."""
        return self.process.output.count("issued a token")


@pytest.fixture(scope="module")
def running_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    state, port = tmp_path_factory.mktemp("issuer"), free_port()
    ClientFile(state).change(lambda clients: add_client(clients, "local", "s3cret", [scopes.INVOKE]))
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gwctl.local.issuer.server", "--port", str(port), "--issuer", url]
    with start([*command, "--state-dir", state], ready=lambda: answers(f"{url}/healthz")) as process:
        yield Issuer(process, Credentials(f"{url}/oauth2/token", "local", "s3cret"))


@pytest.fixture
def issuer(running_issuer: Issuer) -> Issuer:
    return running_issuer


def entry(cache: Path) -> Path:
    (file,) = cache.glob("*.json")
    return file


def test_a_token_is_a_jwt_of_the_client(issuer: Issuer, tmp_path: Path):
    assert get_token(issuer.credentials, tmp_path).count(".") == 2


def test_a_second_call_gets_the_same_token_without_asking(issuer: Issuer, tmp_path: Path):
    token = get_token(issuer.credentials, tmp_path)
    issued = issuer.issued
    assert get_token(issuer.credentials, tmp_path) == token
    assert issuer.issued == issued


def test_a_token_is_renewed_ten_minutes_before_its_hour_is_over(issuer: Issuer, tmp_path: Path):
    get_token(issuer.credentials, tmp_path)
    renew_in = json.loads(entry(tmp_path).read_text())["renew_at"] - time.time()
    assert renew_in == pytest.approx(3000, abs=30)


def test_a_token_that_is_due_is_replaced(issuer: Issuer, tmp_path: Path):
    token = get_token(issuer.credentials, tmp_path)
    document = json.loads(entry(tmp_path).read_text())
    entry(tmp_path).write_text(json.dumps({**document, "renew_at": time.time() - 1}))
    assert get_token(issuer.credentials, tmp_path) != token


def test_the_cache_is_the_owners_alone_and_has_no_secret(issuer: Issuer, tmp_path: Path):
    get_token(issuer.credentials, tmp_path)
    assert stat.S_IMODE(entry(tmp_path).stat().st_mode) == 0o600
    assert "s3cret" not in entry(tmp_path).read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"token": 1}', '{"token": "x", "renew_at": "soon"}'])
def test_a_spoilt_cache_is_asked_anew(issuer: Issuer, tmp_path: Path, text: str):
    (tmp_path / issuer.credentials.cache_name).write_text(text)
    assert get_token(issuer.credentials, tmp_path).count(".") == 2


def test_fifty_processes_at_once_make_one_request(issuer: Issuer, tmp_path: Path):
    program = (
        "import sys\nfrom pathlib import Path\nfrom gwctl.local.tokens import Credentials, get_token\n"
        "print(get_token(Credentials(*sys.argv[2:]), Path(sys.argv[1])))"
    )
    each = issuer.credentials
    issued = issuer.issued
    arguments = [str(tmp_path), each.token_url, each.client_id, each.client_secret]
    processes = [
        subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)
        for _ in range(50)
    ]
    tokens = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(tokens) == 1
    assert issuer.issued == issued + 1


def test_another_client_or_secret_has_a_cache_of_its_own(issuer: Issuer):
    one = issuer.credentials
    names = {each.cache_name for each in (one, replace(one, client_id="x"), replace(one, client_secret="x"))}
    assert len(names) == 3


def test_a_wrong_secret_is_one_sentence_without_it(issuer: Issuer, tmp_path: Path):
    with pytest.raises(UserError, match="does not accept client local or its secret") as refusal:
        get_token(replace(issuer.credentials, client_secret="wr0ng"), tmp_path)
    assert "wr0ng" not in str(refusal.value)


def test_an_endpoint_that_is_none_is_one_sentence(issuer: Issuer, tmp_path: Path):
    url = issuer.credentials.token_url.replace("/oauth2/token", "/nothing")
    with pytest.raises(UserError, match="refused client local with status 404"):
        get_token(replace(issuer.credentials, token_url=url), tmp_path)


def test_an_issuer_that_does_not_run_is_one_sentence_with_the_fix(tmp_path: Path):
    with pytest.raises(UserError, match=r"gave no token .*; is the gateway running\? `gwctl up` starts it"):
        get_token(Credentials(f"http://127.0.0.1:{free_port()}/oauth2/token", "local", "x"), tmp_path)


def test_a_cache_that_cannot_be_written_is_one_sentence_that_names_it(issuer: Issuer, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=f"tokens cannot be kept in {tmp_path}/file/tokens "):
        get_token(issuer.credentials, tmp_path / "file" / "tokens")
