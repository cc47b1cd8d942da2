"""Providers' keys are in the files for secrets and nowhere else.

Each provider of the lab has a key that is a canary: a string that occurs nowhere in nature. After traffic of every kind
(this module runs near the end of the suite) it is looked for in everything that the gateway says, writes or shows.
"""

import json
import stat
import threading
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from gateway.conformance.kit.calls import APIS, STREAMED, encoded, read_what_comes
from gateway.conformance.kit.lab import FORBIDDEN, Lab
from gateway.portkey_contract.recipes import OPENAI_CHUNKS
from gwctl.core.names import API_PATHS, Api
from support.gateway import run_gwctl
from support.replay_provider import CUT, Answer

ADMIN_PAGES = (
    "/config_dump?include_eds",
    "/config_dump?mask=&resource=dynamic_active_secrets",
    "/init_dump",
    "/clusters?format=json",
    "/listeners?format=json",
    "/stats",
    "/stats/prometheus",
    "/certs",
    "/server_info",
    "/runtime",
    "/memory",
    "/tap",
)


FAILING: list[tuple[str, Api]] = [("one", "chat"), ("claude", "messages"), ("one", "responses")]
"""A provider and an API that it serves."""


def what_comes(lab: Lab, model: str, *, stream: bool) -> httpx.Response:
    """The answer of a chat, which may break off."""
    headers = {**lab.gateway.headers(), "content-type": "application/json"}
    content = encoded("chat", model, stream=stream)
    with lab.caller.client.stream("POST", API_PATHS["chat"], content=content, headers=headers) as answer:
        received = read_what_comes(answer)
    return httpx.Response(answer.status_code, headers=answer.headers, content=received)


@pytest.fixture(scope="module")
def answers(lab_server: Lab) -> list[httpx.Response]:
    """Traffic that is served, refused and failed in every way."""
    lab_server.reset()
    caller, found = lab_server.caller, list[httpx.Response]()
    for api in APIS:
        model = "claude" if api in ("messages", "count_tokens") else "one"
        found += [caller.ask(api, model), caller.ask(api, "no-such-model"), caller.ask(api, "dead")]
        found += [caller.send(api, b"{"), caller.ask(api, model, headers={"authorization": "Bearer x"})]
    for api in STREAMED:
        model = "claude" if api == "messages" else "one"
        found += [caller.ask(api, model, stream=True)]
    echo: dict[str, Any] = {"error": {"type": "authentication_error"}}
    for status in (401, 403):
        for name, api in FAILING:
            key = lab_server.canaries[name]
            echo["error"]["message"] = f"Incorrect API key provided: {key}."
            lab_server[name].on("*", Answer.json(echo, status, {"www-authenticate": f'Bearer key="{key}"'}))
            found += [caller.ask(api, name), caller.ask(api, name, stream=True)]
    for reply in (
        Answer.json({"error": {"message": "broken"}}, 500),
        Answer([b"<html>"], 502),
        Answer([CUT]),
        Answer.sse([OPENAI_CHUNKS[0], CUT]),
        Answer.json([]),
    ):
        for model in ("one", "fall"):
            lab_server["one"].on("*", reply)
            found += [what_comes(lab_server, model, stream=stream) for stream in (False, True)]
    lab_server["one"].on("*", Answer.held(threading.Event()))
    found += [caller.ask("chat", "impatient-alone"), caller.ask("chat", "impatient")]
    found += [caller.ask("chat", "asked", messages=[{"role": "user", "content": FORBIDDEN}])]
    found += [caller.client.get(path, headers=lab_server.gateway.headers()) for path in ("/v1/models", "/healthz", "/")]
    lab_server.caller.event(found[-4])  # so that what was asked before is in the logs
    return found


def holds_canary(lab: Lab, text: str) -> list[str]:
    return [name for name, canary in lab.canaries.items() if canary in text]


def test_the_keys_do_reach_the_providers(lab: Lab, answers: list[httpx.Response]):
    """Or the tests below would prove nothing."""
    lab.caller.ask("chat", "one")
    lab.caller.ask("messages", "claude")

    assert lab["one"].last.headers["authorization"] == f"Bearer {lab.canaries['one']}"
    assert lab["claude"].last.headers["x-api-key"] == lab.canaries["claude"]


def test_no_answer_holds_a_key(lab: Lab, answers: list[httpx.Response]):
    leaks = [answer for answer in answers if holds_canary(lab, f"{answer.headers.raw}{answer.text}")]

    assert [(answer.status_code, answer.text) for answer in leaks] == []


def files_with_canary(lab: Lab, root: Path) -> list[Path]:
    found: list[Path] = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and holds_canary(lab, path.read_text(errors="replace")):
            found.append(path.relative_to(root))
    return found


def test_only_the_files_for_secrets_hold_a_key(lab: Lab, answers: list[httpx.Response]):
    found = files_with_canary(lab, lab.gateway.data.root)

    secrets = lab.gateway.data.secrets.relative_to(lab.gateway.data.root)
    other = lab.gateway.data.provider_secrets.relative_to(lab.gateway.data.root)
    assert found
    assert [path for path in found if path.parent != secrets and path != other] == []


def test_no_key_is_written_outside_the_data_directory(lab: Lab, answers: list[httpx.Response]):
    assert files_with_canary(lab, lab.folder / "home") == []
    assert files_with_canary(lab, lab.gateway.admin_socket.parent) == []


def test_the_files_for_secrets_are_the_owners_alone(lab: Lab, answers: list[httpx.Response]):
    root = lab.gateway.data.root
    files = [root / path for path in files_with_canary(lab, root)]

    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in files} == {0o700}


def test_no_log_holds_a_token_of_a_client(lab: Lab, answers: list[httpx.Response]):
    token = lab.gateway.token()

    logs = {path.name: path.read_text(errors="replace") for path in lab.gateway.data.logs.iterdir()}

    assert [name for name, text in logs.items() if token in text or token.rpartition(".")[2] in text] == []


def test_the_usage_events_hold_no_word_of_the_conversation(lab: Lab):
    word = "a2c41f-never-written-down"
    answer = lab.caller.ask("chat", "one", messages=[{"role": "user", "content": word}])
    lab.caller.event(answer)

    data = lab.gateway.data
    assert [
        path.name for path in (data.usage_events, *data.logs.iterdir()) if word in path.read_text(errors="replace")
    ] == []


@pytest.mark.parametrize("page", ADMIN_PAGES)
def test_envoys_admin_interface_shows_no_key(lab: Lab, answers: list[httpx.Response], page: str):
    transport = httpx.HTTPTransport(uds=str(lab.gateway.admin_socket))
    with httpx.Client(transport=transport, base_url="http://envoy", timeout=10) as admin:
        shown = admin.get(page).text

    assert shown
    assert holds_canary(lab, shown) == []


def test_envoys_admin_interface_is_the_owners_alone(lab: Lab):
    socket = lab.gateway.admin_socket

    assert stat.S_ISSOCK(socket.stat().st_mode)
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


def processes(lab: Lab) -> list[psutil.Process]:
    status = lab.gateway.status
    parts = [psutil.Process(part.pid) for part in status.parts if part.pid]
    children = [child for part in parts for child in part.children(recursive=True)]
    return [psutil.Process(status.pid), *parts, *children]


def test_no_command_line_holds_a_key(lab: Lab, answers: list[httpx.Response]):
    shown = [" ".join(process.cmdline()) for process in processes(lab)]

    assert len(shown) >= 6
    assert [line for line in shown if holds_canary(lab, line)] == []


def test_no_part_has_a_key_in_its_environment(lab: Lab):
    """The supervisor was started with them; what it starts gets none."""
    supervisor = lab.gateway.status.pid
    parts = [process for process in processes(lab) if process.pid != supervisor]

    assert [part.cmdline() for part in parts if holds_canary(lab, json.dumps(part.environ()))] == []


@pytest.mark.parametrize("command", [("status",), ("status", "--json"), ("logs",), ("connect", "curl")], ids=" ".join)
def test_no_command_shows_a_key(lab: Lab, answers: list[httpx.Response], command: tuple[str, ...]):
    shown = run_gwctl(*command, *lab.gateway.data.command_option(), home=lab.folder / "home")

    assert shown
    assert holds_canary(lab, shown) == []


def test_only_loopback_is_listened_on(lab: Lab):
    addresses = {
        connection.laddr[0]
        for process in processes(lab)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }

    assert addresses <= {"127.0.0.1", "::1"}
