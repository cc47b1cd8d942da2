"""`gwctl up` that cannot work: one sentence, exit code 1, nothing left running."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.local.local_place import Place, place
from support.environment import BIN


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as found:
        yield found


def assert_nothing_runs(here: Place) -> None:
    assert here.processes() == []
    assert not here.data.processes.exists()


def test_a_port_in_use_names_who_holds_it_and_the_option(here: Place):
    with socket.socket() as other:
        other.bind(("127.0.0.1", here.port))
        other.listen()
        done = here.up()
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: port {here.port} is in use by ")
    assert f"(pid {os.getpid()}); stop that or choose another port with --port" in done.stderr
    assert_nothing_runs(here)


def test_an_admin_port_in_use_names_its_option(here: Place):
    with socket.socket() as other:
        other.bind(("127.0.0.1", here.admin_port))
        other.listen()
        done = here.up()
    assert done.returncode == 1
    assert "choose another port with --admin-port" in done.stderr
    assert_nothing_runs(here)


def test_a_token_port_in_use_names_its_option(here: Place):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = here.up("--token-port", str(other.getsockname()[1]))
    assert done.returncode == 1
    assert "choose another port with --token-port" in done.stderr
    assert_nothing_runs(here)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("routes: [", "policy.yaml: line 2: "),
        ("routs: [{id: a}]", "routs"),
        ("clients: [{id: local, team: nobody}]", "clients/local: team: "),
        ("routes: [{id: a, targets: [{provider: nope, model: m}]}]", "routes/a: targets.0.provider: "),
    ],
)
def test_a_policy_that_does_not_compile_is_said_with_its_problems(here: Place, text: str, sentence: str):
    here.data.create()
    here.data.policy.write_text(text)
    done = here.up()
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the policy does not compile\n")
    assert sentence in done.stderr
    assert_nothing_runs(here)


def test_a_policy_file_that_cannot_be_read_is_said(here: Place):
    done = here.up("--policy", here.folder / "nowhere.yaml")
    assert done.returncode == 1
    assert "nowhere.yaml: cannot be read (No such file or directory)" in done.stderr
    assert_nothing_runs(here)


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("openai", "write PROVIDER=URL, for example"),
        ("nope=http://127.0.0.1:1", "there is no provider nope; known are "),
    ],
)
def test_a_bad_upstream_is_said(here: Place, option: str, sentence: str):
    done = here.up("--upstream", option)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert_nothing_runs(here)


def test_a_variable_that_cannot_be_used_is_said_without_its_secret(tmp_path: Path):
    with place(tmp_path, AZURE_OPENAI_API_KEY="sk-canary") as here:
        done = here.up()
        assert done.returncode == 1
        assert "AZURE_OPENAI_API_KEY is set without AZURE_OPENAI_ENDPOINT" in done.stderr
        assert "sk-canary" not in done.stderr
        assert_nothing_runs(here)


def test_a_part_that_does_not_start_is_said_with_the_end_of_its_log(here: Place):
    here.data.create()
    here.data.issuer.mkdir()
    (here.data.issuer / "issuer-key.json").write_text("{}")
    done = here.up()
    assert done.returncode == 1
    assert "Error: issuer stopped (exit code 1); its log" in done.stderr
    assert "RSA key; delete it" in done.stderr
    assert_nothing_runs(here)


def test_of_two_gateways_that_want_one_port_at_once_one_gets_it(tmp_path: Path):
    with place(tmp_path / "one") as one, place(tmp_path / "two") as two:
        two.port = one.port
        started = [
            subprocess.Popen(
                [BIN / "gwctl", "up", "--detach", *each.ports],
                env=each.variables,
                cwd=each.home,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for each in (one, two)
        ]
        errors = [process.communicate(timeout=60)[1] for process in started]
        assert sorted(process.returncode for process in started) == [0, 1]
        loser = errors[0] if started[0].returncode else errors[1]
        assert f"port {one.port} is in use" in loser


def test_a_supervisor_that_breaks_is_a_bug_that_shows_its_traceback(here: Place):
    here.data.create()
    here.data.ports.mkdir()  # what no code expects
    done = here.up()
    assert done.returncode == 70
    assert "IsADirectoryError" in done.stderr
    assert "Please report it" in done.stderr
    assert_nothing_runs(here)


@pytest.mark.parametrize("detach", [[], ["--detach"]], ids=["foreground", "background"])
def test_a_file_in_the_place_of_the_data_directory_is_said_as_such(here: Place, detach: list[str]):
    here.data.root.touch()
    done = here.gwctl("up", *detach, *here.ports)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: the data directory {here.data.root} cannot be used (File exists")
    assert done.stderr.count("\n") == 1
