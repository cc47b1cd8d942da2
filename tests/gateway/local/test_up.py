"""`gwctl up --detach`: from nothing to a gateway that streams, and what it says on the way."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gateway.local.local_place import Place, environment_of, place
from gwctl.local.data_dir import PARTS
from support.processes import wait_until

READY_SECONDS = 10
KEY = "sk-canary-1234"  # gitleaks:allow nobody's key


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, subprocess.CompletedProcess[str]]]:
    """A gateway that was just started, and what `gwctl up` printed."""
    with place(
        tmp_path_factory.mktemp("up"),
        OPENAI_API_KEY=KEY,
        COLUMNS="60",
    ) as here:
        yield here, here.up("--try")


@pytest.fixture(scope="module")
def here(up: tuple[Place, subprocess.CompletedProcess[str]]) -> Place:
    assert up[1].returncode == 0, up[1].stderr
    return up[0]


@pytest.fixture(scope="module")
def printed(up: tuple[Place, subprocess.CompletedProcess[str]]) -> str:
    return up[1].stdout


def bash(here: Place, command: str) -> str:
    done = subprocess.run(
        ["bash", "-euc", command], env=here.variables, cwd=here.home, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.alone
def test_it_is_ready_in_less_than_ten_seconds(here: Place):
    print(f"\nready after {here.status.ready_seconds} s")
    assert (here.status.ready_seconds or 99) < READY_SECONDS


def test_every_part_runs(here: Place):
    assert {part.name: part.state for part in here.status.parts} == dict.fromkeys(PARTS, "running")


def test_the_first_request_was_streamed_and_timed(here: Place, printed: str):
    assert "This is the sample provider" in printed
    assert re.search(r"First chunk after 0?\.?\d+.* s, the whole after", printed)


def test_what_it_prints_fits_sixty_columns_but_for_paths(here: Place, printed: str):
    lines = [line for line in printed.splitlines() if "/" not in line and "streamed" not in line]
    assert max(len(line) for line in lines if "sample provider, not" not in line) <= 60


def test_the_printed_request_works_when_pasted(here: Place, printed: str):
    command = printed[printed.index("  curl") : printed.index("Commands you can use next")]
    assert bash(here, command).rstrip().endswith("data: [DONE]")


def test_the_printed_commands_work_when_pasted(here: Place, printed: str):
    listed = printed[printed.index("Commands you can use next") :].splitlines()
    commands = [line.strip() for line in listed if re.match(r"  \S*gwctl ", line)]
    assert [re.split(r"gwctl ", command)[1].split()[0] for command in commands] == ["connect", "status", "logs", "down"]
    for command in commands[:2]:
        bash(here, command.split("  ")[0])


def test_connect_curl_streams_when_evaluated(here: Place):
    assert bash(here, 'eval "$(gwctl connect curl)"').rstrip().endswith("data: [DONE]")


def test_token_prints_a_token_and_nothing_else(here: Place):
    done = here.gwctl("token")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)
    assert done.stderr == ""


def test_the_admin_client_gets_a_token_of_its_own(here: Place):
    assert here.gwctl("token", "--client", "local-admin").stdout != here.gwctl("token").stdout


def test_status_names_every_part_the_policy_and_the_providers(here: Place):
    text = here.gwctl("status").stdout
    assert f"http://127.0.0.1:{here.port} is ready." in text
    for word in (*PARTS, here.status.policy.label, str(here.data.policy), "openai (OPENAI_API_KEY)", "sample-openai"):
        assert word in text


def test_status_says_where_the_admin_api_is(here: Place):
    assert f"Admin API: http://127.0.0.1:{here.admin_port}\n" in here.gwctl("status").stdout


def test_status_as_json_is_one_object(here: Place):
    document = json.loads(here.gwctl("status", "--json").stdout)
    assert (document["state"], document["healthz"]) == ("ready", 200)


def test_up_again_says_that_it_runs_and_changes_nothing(here: Place):
    before = here.parts
    done = here.up()
    assert (done.returncode, done.stderr) == (0, "It was running already.\n")
    assert here.parts == before


def test_up_again_with_other_options_is_refused_with_the_fix(here: Place):
    done = here.up("--token-port", "9999")
    assert done.returncode == 1
    assert f"runs already in {here.data.root} (pid {here.status.pid}, port {here.port})" in done.stderr
    assert "stop it with `gwctl down" in done.stderr


def test_up_again_in_the_foreground_is_refused(here: Place):
    assert here.gwctl("up", *here.ports).returncode == 1


def test_up_again_as_json_prints_the_status_and_the_first_request(here: Place):
    document = json.loads(here.up("--json", "--try").stdout)
    assert document["gateway_url"] == f"http://127.0.0.1:{here.port}"
    assert document["try"]["text"].startswith("This is the sample provider")


def test_all_parts_listen_on_loopback_only(here: Place):
    pids = {identity.pid for identity in here.parts.values()}
    listening = [each for each in psutil.net_connections("inet") if each.pid in pids and each.status == "LISTEN"]
    assert {each.laddr.ip for each in listening if each.laddr} == {"127.0.0.1"}
    assert len({each.pid for each in listening}) == len(PARTS)


def test_a_detected_provider_is_in_the_policy_and_its_routes_are_served(here: Place):
    assert "gpt-6.1-sol" in here.gwctl("connect", "openai").stderr


def test_no_part_has_a_provider_key_in_its_environment(here: Place):
    for name, identity in here.parts.items():
        assert "sk-canary" not in environment_of(identity.pid), name


def test_a_provider_key_is_in_files_of_the_owner_alone(here: Place):
    holders = [file for file in here.data.root.rglob("*") if file.is_file() and b"sk-canary" in file.read_bytes()]
    assert holders
    for file in holders:
        assert file.stat().st_mode & 0o077 == 0, file
        assert file.parent in {here.data.secrets, here.data.state}, file


def test_logs_show_every_part(here: Place):
    text = here.gwctl("logs").stdout
    assert {line.split()[0] for line in text.splitlines()} >= {"supervisor", "issuer", "sample", "gateway", "agent"}


def test_logs_show_the_usage_of_a_request(here: Place):
    assert here.ask() == 200
    wait_until(lambda: '"model":"sample-gpt"' in here.gwctl("logs", "usage", "-n", "1").stdout, "a line of usage")


def test_the_file_of_detected_providers_keeps_no_key(here: Place, tmp_path: Path):
    assert "openai" in here.data.providers.read_text()
