"""`gwctl connect CLIENT --key --write`: the key in the client's file, and nowhere else."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwctl.clients.apply import apply
from gwctl.clients.model import Gateway
from gwctl.core.keys import key_id_of
from unit.clients.recipes import KEY, edit, told


def variables(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


# A client → the file that has its key, how it is read, what is in it then, and what may have been in it before.
FILES: dict[str, tuple[str, Callable[[str], Any], Any, str]] = {
    "aider": (".aider.conf.yml", yaml.safe_load, {"openai-api-key": KEY}, "openai-api-key: sk-canary # old\n"),
    "continue": (".continue/.env", variables, {"GWCTL_KEY": KEY}, "GWCTL_KEY=sk-canary\nOTHER=1\n"),
    "librechat": (".env", variables, {"GWCTL_KEY": KEY}, "OTHER=1\nGWCTL_KEY=sk-canary"),
    "llm": (".config/io.datasette.llm/keys.json", json.loads, {"gwctl": KEY}, '{"openai": "x", "gwctl": "sk-canary"}'),
    "opencode": (
        ".local/share/opencode/auth.json",
        json.loads,
        {"gwctl": {"type": "api", "key": KEY}},
        '{"openai": {"type": "oauth"}, "gwctl": {"type": "api", "key": "sk-canary"}}',
    ),
}
clients = pytest.mark.parametrize("client", FILES)


@clients
def test_the_key_is_in_a_file_for_its_owner_alone(client: str, keyed: Gateway, tmp_path: Path):
    name, read, expected, _ = FILES[client]
    found = edit(client, keyed, "key_edit")
    assert found.path == tmp_path / name
    changes = apply(found)
    assert read(found.path.read_text()) == expected
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
    assert KEY not in "".join(changes)
    assert apply(edit(client, keyed, "key_edit")) == []


@clients
def test_what_was_in_that_file_stays_and_others_cannot_read_it_any_more(client: str, keyed: Gateway):
    _, read, expected, before = FILES[client]
    found = edit(client, keyed, "key_edit")
    found.path.parent.mkdir(parents=True, exist_ok=True)
    found.path.write_text(before)
    found.path.chmod(0o644)
    changes = "\n".join(apply(found))
    assert read(found.path.read_text()) == {**read(before), **expected}
    backup = found.path.with_name(f"{found.path.name}.bak")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (found.path, backup)} == {0o600}
    assert "sk-canary" not in changes, "what was in the key's place may be somebody's key"
    assert KEY not in changes


def test_a_file_with_the_right_key_is_closed_to_others(keyed: Gateway):
    apply(edit("llm", keyed, "key_edit"))
    found = edit("llm", keyed, "key_edit")
    found.path.chmod(0o640)
    assert "only you can read it now" in apply(found)
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600


def test_a_change_tells_the_id_of_the_key(keyed: Gateway):
    assert apply(edit("continue", keyed, "key_edit")) == [f"GWCTL_KEY = the key {key_id_of(KEY)}"]


def test_opencode_reads_no_variable_when_it_has_a_key(keyed: Gateway):
    assert "apiKey" not in told("opencode", keyed).text


@clients
def test_without_a_key_no_file_is_written_for_one(client: str, gateway: Gateway):
    assert told(client, gateway).key_edit is None
