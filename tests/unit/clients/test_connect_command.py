"""`gwctl connect` itself: what goes where, and what is refused. The gateway is files only; nothing is called."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from gwctl.cli.main import run
from gwctl.core.keys import key_id_of
from gwctl.local.connection import Connection
from gwctl.local.data_dir import DataDir
from unit.clients.recipes import KEY, URL


@dataclass(frozen=True)
class Told:
    code: int
    out: str
    err: str


Connect = Callable[..., Told]


@pytest.fixture
def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Connect:
    """Runs it for a gateway with one model, which the key may use, too."""
    data = DataDir(tmp_path / "data")
    data.root.mkdir()
    data.connection.write_text(json.dumps(asdict(Connection(URL, URL, URL, URL, "local", "s", "admin", "s"))))
    data.snapshot.parent.mkdir(parents=True, exist_ok=True)
    data.snapshot.write_text(
        json.dumps(
            {
                "clients": {"local": {"team": "t"}, key_id_of(KEY): {"team": "t"}},
                "teams": {"t": {"profile": "p"}},
                "profiles": {"p": {"models": {"fast": {"chat": "v", "messages": "v", "responses": "v"}}}},
            }
        )
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("LLM_USER_PATH", raising=False)
    monkeypatch.chdir(tmp_path)

    def connect(*arguments: str, key: str = "") -> Told:
        monkeypatch.setenv("GWCTL_KEY", key)
        code = run(["connect", *arguments, "--data-dir", str(data.root)])
        written = capsys.readouterr()
        return Told(code, written.out, written.err)

    return connect


def test_who_renews_no_token_is_told_how_to_get_a_key(connect: Connect):
    told = connect("zed")
    assert json.loads(told.out)["agent"]["default_model"]["model"] == "fast"
    assert "zed renews no token, and one holds for an hour." in told.err
    assert "keys create TEAM --name zed" in told.err
    assert "connect zed --key --write" in told.err
    for other in (connect("claude-code"), connect("zed", "--key", key=KEY)):
        assert other.code == 0
        assert "renews no token" not in other.err


def test_writing_says_what_changed_and_how_to_go_on(connect: Connect, tmp_path: Path):
    told = connect("llm", "--key", "--write", key=KEY)
    assert told.out == ""
    folder = tmp_path / ".config" / "io.datasette.llm"
    assert f"{folder}/keys.json:\n  gwctl = the key {key_id_of(KEY)}\n" in told.err
    assert "Then: llm -m gwctl/fast Hello" in told.err
    assert KEY not in told.out + told.err
    assert told.err.count("is up to date") == 0
    assert connect("llm", "--key", "--write", key=KEY).err.count("is up to date") == 2


@pytest.mark.parametrize(
    ("arguments", "key", "said"),
    [
        (("zed", "--key"), "", "GWCTL_KEY is not set; make a key with `gwctl keys create TEAM`"),
        (("zed", "--key"), "gwk_0123456789_canary", "GWCTL_KEY holds no whole virtual key"),
        (("cursor", "--write"), "", "cursor has no configuration file that could be written"),
        (("gemini-cli",), "", "gemini-cli speaks Gemini's own API only"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(connect: Connect, arguments: tuple[str, ...], key: str, said: str):
    told = connect(*arguments, key=key)
    assert (told.code, told.out) == (1, "")
    assert said in told.err
    assert "canary" not in told.err


@pytest.mark.parametrize("client", ["claude-code", "codex"])
def test_who_renews_tokens_is_given_no_key(connect: Connect, client: str):
    assert f"{client} gets itself new tokens and needs no key" in connect(client, "--key", key=KEY).err
