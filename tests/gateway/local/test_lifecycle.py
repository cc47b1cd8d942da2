"""A gateway that runs: crashes, policy edits, and every way in which it may end."""

import json
import os
import re
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gateway.local.local_place import Place, place
from gwctl.local.data_dir import PARTS
from gwctl.local.supervisor.status import PartStatus
from support.environment import BIN
from support.processes import Process, wait_until


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A gateway that survives what is done to it."""
    with place(tmp_path_factory.mktemp("lifecycle")) as found:
        assert found.up().returncode == 0
        yield found


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Place]:
    """A place for a gateway that ends in the test."""
    with place(tmp_path) as found:
        yield found


def part(here: Place, name: str) -> PartStatus:
    return next(part for part in here.status.parts if part.name == name)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_crashes_comes_back_and_it_is_said(here: Place, name: str):
    before = part(here, name)
    assert before.pid
    psutil.Process(before.pid).kill()

    def runs_again() -> bool:
        now = part(here, name)
        return (now.state, now.restarts) == ("running", before.restarts + 1) and now.pid != before.pid

    wait_until(runs_again, f"{name} to run again", 20)
    wait_until(lambda: here.ask() == 200, "requests to be served again", 20)
    said = here.data.log_of("supervisor").read_text()
    assert f"{name} stopped (killed by SIGKILL); starting it again in " in said
    assert f"{name} runs again" in said


def test_a_request_whose_line_dies_with_the_edge_is_metered_once(own: Place):
    def metered() -> list[str]:
        events = [json.loads(line) for line in own.data.usage_events.read_bytes().splitlines()]
        return [event["id"] for event in events if event["http.response.status_code"] == 200]

    own.up()
    route = "  - {id: noted, targets: [{provider: sample-openai, model: sample-gpt}], lane: portkey}\n"
    own.data.policy.write_text(own.data.policy.read_text().replace("routes:\n", f"routes:\n{route}"))
    wait_until(lambda: own.ask("noted") == 200, "a route on which Portkey notes what it calls")
    statuses = [200, *(own.ask("noted") for _ in range(4))]
    edge = part(own, "edge").pid
    assert edge
    psutil.Process(edge).kill()
    while statuses.count(200) < 10:
        statuses.append(own.ask("noted"))
    wait_until(lambda: len(metered()) >= 10, "an event for each request", 20)
    assert len(metered()) == len(set(metered())) == 10


@pytest.mark.alone
def test_an_edit_of_the_policy_is_in_force_within_two_seconds(here: Place):
    route = "  - {id: edited, targets: [{provider: sample-openai, model: sample-gpt}]}\n"
    text = here.data.policy.read_text()
    assert here.ask("edited") != 200
    began = time.monotonic()
    here.data.policy.write_text(text.replace("routes:\n", f"routes:\n{route}"))
    wait_until(lambda: here.ask("edited") == 200, "the new route to be served")
    seconds = time.monotonic() - began
    print(f"\na policy edit was in force after {seconds:.2f} s")
    assert seconds < 2


def test_a_broken_edit_is_told_and_the_last_good_policy_stays(here: Place):
    text, label = here.data.policy.read_text(), here.status.policy.label
    here.data.policy.write_text(text + "nonsense: 1\n")
    wait_until(lambda: here.status.policy.problems, "the problem to be told")
    shown = here.gwctl("status").stdout
    assert "The file has problems and is not in force as it is now:" in shown
    assert "nonsense" in shown
    assert f"{label} stays in force" in here.data.log_of("supervisor").read_text()
    assert (here.status.policy.label, here.ask()) == (label, 200)
    here.data.policy.write_text(text)
    wait_until(lambda: not here.status.policy.problems, "the problem to be gone")


def test_down_leaves_nothing_behind_but_the_files(own: Place):
    assert own.up().returncode == 0
    parts, sockets = own.parts, Path(json.loads(own.data.processes.read_text())["sockets"])
    done = own.gwctl("down")
    assert (done.returncode, done.stdout) == (0, "The gateway has stopped.\n")
    assert not any(part.alive for part in parts.values())
    assert own.processes() == []
    assert not sockets.exists()
    assert list(own.data.secrets.iterdir()) == []
    assert own.data.policy.exists()
    assert own.gwctl("status").returncode == 1


def test_the_next_run_has_the_same_urls_and_credentials(own: Place):
    own.up()
    connection, token = own.data.connection.read_text(), own.gwctl("token").stdout
    own.gwctl("down")
    own.up()
    assert own.data.connection.read_text() == connection
    assert own.gwctl("token").stdout == token
    assert own.ask() == 200


def test_a_killed_supervisor_takes_its_parts_with_it(own: Place):
    own.up()
    parts = own.parts
    psutil.Process(own.status.pid).kill()
    wait_until(lambda: not any(part.alive for part in parts.values()), "all parts to be gone")
    done = own.gwctl("status")
    assert done.returncode == 1
    assert "ended without stopping its parts; `gwctl down` or `gwctl up` cleans up" in done.stderr


def test_after_a_killed_supervisor_it_starts_again(own: Place):
    own.up()
    psutil.Process(own.status.pid).kill()
    assert own.up().returncode == 0
    assert own.ask() == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_gateway_in_the_foreground_and_all_its_parts(own: Place, number: signal.Signals):
    command = [BIN / "gwctl", "up", *own.ports]
    with Process(command, env=own.variables, cwd=own.home) as process:
        process.wait_ready(lambda: "Ctrl-C stops it." in process.output, 60)
        parts = own.parts
        process.send_signal(number)
        assert process.wait(20) == 0
        assert not any(part.alive for part in parts.values())
        assert process.output.endswith("stopping\nstopped\n")


def test_a_signal_while_it_starts_leaves_nothing_running(own: Place):
    command = [BIN / "gwctl", "up", *own.ports]
    with Process(command, env=own.variables, cwd=own.home) as process:
        wait_until(lambda: own.data.status.exists() and any(own.parts), "the first part to start")
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert own.processes() == []


def test_a_caller_who_gives_up_waiting_leaves_nothing_running(own: Place):
    command = [BIN / "gwctl", "up", "--detach", *own.ports]
    with Process(command, env=own.variables, cwd=own.home) as process:
        wait_until(lambda: own.data.status.exists() and any(own.parts), "the first part to start")
        process.send_signal(signal.SIGINT)
        process.wait(20)
    wait_until(lambda: own.processes() == [], "everything to end")


def test_down_ends_a_gateway_in_the_foreground(own: Place):
    command = [BIN / "gwctl", "up", *own.ports]
    with Process(command, env=own.variables, cwd=own.home) as process:
        process.wait_ready(lambda: "Ctrl-C stops it." in process.output, 60)
        assert own.gwctl("down").returncode == 0
        assert process.wait(20) == 0


def test_a_policy_elsewhere_is_used_and_watched(own: Place):
    policy = own.folder / "my-policy.yaml"
    policy.write_text(
        "routes: [{id: mine, targets: [{provider: sample-openai, model: sample-gpt}]}]\n"
        "teams: [{id: t}]\nclients: [{id: local, team: t}]\n"
    )
    assert own.up("--policy", policy).returncode == 0
    assert own.ask("mine") == 200
    assert not own.data.policy.exists()
    policy.write_text(policy.read_text().replace("id: mine", "id: other"))
    wait_until(lambda: own.ask("other") == 200, "the edit to be in force")


def test_a_key_that_is_gone_at_the_next_start_is_said_and_keeps_nothing_from_starting(own: Place):
    own.environment = {"OPENAI_API_KEY": "sk-canary"}
    own.up()
    own.gwctl("down")
    own.environment = {}
    assert own.up().returncode == 0
    assert "openai (OPENAI_API_KEY): has no key now" in own.gwctl("status").stdout
    assert own.ask() == 200


def test_a_terminal_sees_the_parts_come_up_in_its_width(own: Place):
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 60))
    with subprocess.Popen(
        [BIN / "gwctl", "up", "--detach", *own.ports],
        env={**own.variables, "TERM": "xterm-256color"},
        cwd=own.home,
        stdout=slave,
        stderr=slave,
    ):
        os.close(slave)
        shown = read_terminal(master)
    assert "\N{CHECK MARK}" in shown
    assert "gives out tokens" in shown
    assert "The gateway is ready" in shown
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown).splitlines()
    assert max(len(line) for line in lines if "/" not in line) <= 60


def read_terminal(master: int) -> str:
    """Everything that was written to the other end until it was closed."""
    blocks: list[bytes] = []
    with suppress(OSError):  # Linux's end of file
        while block := os.read(master, 65536):
            blocks.append(block)
    os.close(master)
    return b"".join(blocks).decode()
