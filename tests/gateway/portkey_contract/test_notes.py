"""What the preloaded script notes of requests when a connection of the edge closes, and who does not get to see it."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import BODIES, OPENAI_CHAT, OPENAI_CHUNKS, PATHS, anthropic, openai
from gwctl.local.supervisor.stack import NOTES_VARIABLE, PRELOAD
from support.processes import wait_until
from support.replay_provider import Answer, RecordedRequest, ReplayProvider

WRITTEN_SECONDS = 3.0


class Noting:
    """A Portkey that notes, and a connection to it at a time, as the edge has them."""

    def __init__(self, portkey: Portkey, file: Path) -> None:
        self.portkey = portkey
        self.file = file

    def edge(self) -> httpx.Client:
        """One connection, kept alive until the client is closed."""
        limits = httpx.Limits(max_connections=1)
        return httpx.Client(base_url=self.portkey.client.base_url, timeout=10, trust_env=False, limits=limits)

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(each) for each in self.file.read_bytes().splitlines()]

    def notes(self) -> list[dict[str, Any]]:
        """Those of the end of a connection."""
        wait_until(lambda: any("ended" in note for note in self.all()), "a note")
        return [note for note in self.all() if "ended" in note]


@pytest.fixture
def noting(tmp_path: Path) -> Iterator[Noting]:
    file = tmp_path / "notes.jsonl"
    file.touch()
    env = {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1", NOTES_VARIABLE: str(file)}
    with Portkey("--require", str(PRELOAD), env=env) as running:
        yield Noting(running, file)


def headers(provider: ReplayProvider, name: str) -> dict[str, str]:
    return {"x-portkey-config": json.dumps(openai(provider.url)), "x-portkey-note": json.dumps({"id": name})}


def ask(edge: httpx.Client, provider: ReplayProvider, name: str, *, stream: bool = False) -> httpx.Response:
    body = {**BODIES["chat"], "stream": stream}
    return edge.post(PATHS["chat"], json=body, headers=headers(provider, name)).raise_for_status()


def test_a_request_is_noted_once_before_a_provider_is_called_for_it(noting: Noting, provider: ReplayProvider):
    noted: list[list[dict[str, Any]]] = []

    def answer(_: RecordedRequest) -> Answer:
        noted.append(noting.all())
        return Answer.json({"error": {"message": "later"}}, status=503)

    provider.on("*", answer)
    config = openai(provider.url) | {"retry": {"attempts": 1, "on_status_codes": [503]}}
    with noting.edge() as edge:
        sent = {"x-portkey-config": json.dumps(config), "x-portkey-note": '{"id":"r"}'}
        edge.post(PATHS["chat"], json=BODIES["chat"], headers=sent)
    first, second = noted
    assert [note["request"]["id"] for note in first] == ["r"]
    assert "ended" not in first[0]
    assert second == first


def test_a_request_for_which_no_provider_is_called_is_not_noted(noting: Noting, provider: ReplayProvider):
    with noting.edge() as edge:
        assert edge.post(PATHS["chat"], content=b"{torn", headers=headers(provider, "uncalled")).status_code >= 400
        provider.on("*", Answer.json(OPENAI_CHAT))
        ask(edge, provider, "called")
    noting.notes()
    assert {note["request"]["id"] for note in noting.all()} == {"called"}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_what_was_just_answered_is_noted_with_who_served_and_how_much(
    noting: Noting, provider: ReplayProvider, stream: bool
):
    provider.on("*", Answer.sse([*OPENAI_CHUNKS, "[DONE]"]) if stream else Answer.json(OPENAI_CHAT))
    with noting.edge() as edge:
        answer = ask(edge, provider, "r", stream=stream)
    (note,) = noting.notes()
    framing = 12 * (len(OPENAI_CHUNKS) + 2) if stream else 0
    assert len(answer.content) <= note["sent"] <= len(answer.content) + framing
    assert abs(note["started_ms"] / 1000 - time.time()) < 10
    assert {key: note[key] for key in ("request", "ended", "status", "provider", "option", "attempts")} == {
        "request": {"id": "r"},
        "ended": True,
        "status": 200,
        "provider": "openai",
        "option": "config",
        "attempts": "0",
    }


def test_what_is_in_flight_is_noted_as_far_as_it_came(noting: Noting, provider: ReplayProvider):
    provider.on("*", Answer.sse([OPENAI_CHUNKS[0], threading.Event()]))
    body = {**BODIES["chat"], "stream": True}
    with (
        noting.edge() as edge,
        edge.stream("POST", PATHS["chat"], json=body, headers=headers(provider, "r")) as answer,
    ):
        came = len(next(answer.iter_raw()))
    (note,) = noting.notes()
    assert (note["ended"], note["status"], note["provider"]) == (False, 200, "openai")
    assert note["sent"] >= came
    assert provider.last.hung_up.wait(5), "the script hangs up on the provider as before"


def test_what_has_no_answer_yet_is_noted(noting: Noting, provider: ReplayProvider):
    provider.on("*", Answer.held(threading.Event()))
    with noting.edge() as edge, pytest.raises(httpx.ReadTimeout):
        edge.post(PATHS["chat"], json=BODIES["chat"], headers=headers(provider, "r"), timeout=0.5)
    (note,) = noting.notes()
    assert (note["ended"], note["status"], note["sent"]) == (False, 0, 0)


def test_what_was_answered_some_time_ago_is_not(noting: Noting, provider: ReplayProvider):
    """Its line is on the disk long since."""
    provider.on("*", Answer.json(OPENAI_CHAT))
    with noting.edge() as edge:
        ask(edge, provider, "old")
        time.sleep(WRITTEN_SECONDS + 0.2)  # nosemgrep: no-sleep-in-tests # time has to pass
        ask(edge, provider, "new")
    assert [note["request"]["id"] for note in noting.notes()] == ["new"]


def test_a_file_that_was_begun_anew_is_written_to(noting: Noting, provider: ReplayProvider):
    provider.on("*", Answer.json(OPENAI_CHAT))
    with noting.edge() as edge:
        ask(edge, provider, "r")
        noting.file.rename(noting.file.with_suffix(".old"))
        noting.file.touch()
    assert noting.notes()[0]["request"]["id"] == "r"


def test_it_serves_on_when_it_cannot_note(noting: Noting, provider: ReplayProvider):
    provider.on("*", Answer.json(OPENAI_CHAT))
    noting.file.unlink()
    noting.file.mkdir()
    with noting.edge() as edge:
        ask(edge, provider, "r")
    wait_until(lambda: "1 requests could not be noted" in noting.portkey.process.output, "the log to say so")
    with noting.edge() as edge:
        ask(edge, provider, "r")


@pytest.mark.parametrize("api", PATHS)
def test_no_provider_is_told(noting: Noting, provider: ReplayProvider, api: str):
    provider.on("*", Answer.json(OPENAI_CHAT))
    config = (anthropic if api in ("messages", "count_tokens") else openai)(provider.url)
    noting.portkey.ask(api, config, headers={"x-portkey-note": '{"id":"r"}'})
    assert provider.requests
    assert not any(name.lower().startswith("x-gw") for each in provider.requests for name in each.headers)
