"""The agent's half of a reservation, over its socket: what it answers, whom it forgets, and what it costs."""

import asyncio
import json
import stat
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from gwctl.agent.reserve.no_ledger import NoLedger
from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import Outcome, StoreUnavailable, Swap
from ledger.driver import quota
from unit.agent.reserving import Answer, Reserving, call, read_answer, request, reserving

BIG = 10**15
CALLS = 2_000
ROUNDS = 5
CPU_MILLISECONDS = 0.15


@pytest.fixture
def socket() -> Iterator[Path]:
    with TemporaryDirectory(prefix="gw-", dir="/tmp") as folder:
        yield Path(folder) / "reserve.sock"


def run(socket: Path, work: Callable[[Reserving], Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
    async def whole() -> Any:
        async with reserving(socket, *args, **kwargs) as running:
            return await asyncio.wait_for(work(running), 20)

    return asyncio.run(whole())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  there is no event to wait for
        await asyncio.sleep(0.01)


def test_a_request_within_its_quotas_gets_a_receipt_that_names_their_windows(socket: Path) -> None:
    quotas = {"month": quota(BIG, scope="team:search"), "minute": quota(BIG, "tokens", "minute", scope="gateway")}
    answer = run(socket, lambda running: running.ask(), quotas)
    assert answer.status == 200
    assert sorted(part.split("/")[0] for part in answer.headers["x-gw-receipt"].split(",")) == ["minute", "month"]


@pytest.mark.parametrize(("shape", "where"), [("openai", ("error", "code")), ("anthropic", ("error", "type"))])
def test_a_used_up_budget_is_refused_in_the_shape_of_the_api(socket: Path, shape: str, where: tuple[str, str]) -> None:
    answer = run(socket, lambda running: running.ask(shape=shape), {"b": quota(0, scope="team:search")})
    assert answer.status == 429
    assert answer.json[where[0]][where[1]] == {"openai": "insufficient_quota", "anthropic": "rate_limit_error"}[shape]


def test_a_refusal_names_quota_scope_limit_and_reset(socket: Path) -> None:
    async def work(running: Reserving) -> Answer:
        await running.ask(id="first")
        return await running.ask(id="second")

    answer = run(socket, work, {"calls": quota(1, "requests", "day", scope="client:search-api")})
    message = answer.json["error"]["message"]
    assert all(word in message for word in ("calls", "client:search-api", "1 requests a day"))
    assert (answer.headers["x-gw-refusal"], answer.headers["x-gw-quota"]) == ("insufficient_quota", "calls")


def test_a_limit_by_the_minute_says_how_much_and_when(socket: Path) -> None:
    async def work(running: Reserving) -> Answer:
        await running.ask(id="first")
        return await running.ask(id="second")

    answer = run(socket, work, {"rpm": quota(1, "requests", "minute", scope="team:search")})
    assert answer.headers["x-gw-refusal"] == "rate_limit_exceeded"
    assert answer.headers["x-ratelimit-limit-requests"] == "1"
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_a_request_larger_than_the_whole_limit_is_not_told_to_try_again(socket: Path) -> None:
    answer = run(socket, lambda running: running.ask(), {"b": quota(10, "tokens", "day", scope="team:search")})
    assert answer.status == 429
    assert "retry-after" not in answer.headers


def test_a_shadow_quota_refuses_nobody_and_says_so(socket: Path) -> None:
    quotas = {"trial": quota(0, scope="team:search", action="shadow")}
    answer = run(socket, lambda running: running.ask(), quotas)
    assert (answer.status, answer.headers["x-gw-shadow"]) == (200, "trial")


class DeadStore(ModelStore):
    """A ledger that never answers."""

    def swap(self, swap: Swap) -> Outcome:
        raise StoreUnavailable("down")


def test_without_the_ledger_nothing_is_known_against_the_request(socket: Path) -> None:
    answer = run(socket, lambda running: running.ask(), {"b": quota(BIG, scope="team:search")}, DeadStore())
    assert (answer.status, answer.headers["x-gw-refusal"]) == (429, "quota_unavailable")


def test_an_agent_that_has_no_ledger_or_is_starting_refuses_every_call(socket: Path) -> None:
    async def work(running: Reserving) -> Answer:
        running.handler.why_not = NoLedger.why_not
        return await running.ask(shape="anthropic")

    answer = run(socket, work, {})
    assert (answer.status, answer.json["error"]["type"]) == (429, "api_error")


@pytest.mark.parametrize(
    "header",
    ["", "{", "[]", '{"id": 1}', json.dumps(call(bytes="many")), json.dumps(call(n=None)), json.dumps(call(shape="x"))],
)
def test_what_cannot_be_read_is_refused(socket: Path, header: str) -> None:
    async def work(running: Reserving) -> Answer:
        reader, writer = await running.connect()
        writer.write(request(header))
        return await read_answer(reader)

    assert run(socket, work, {}).status == 429


def test_an_unknown_policy_is_refused(socket: Path) -> None:
    assert run(socket, lambda running: running.ask(policy="9.deadbeef"), {}).status == 429


def test_a_connection_serves_one_call_after_the_other(socket: Path) -> None:
    async def work(running: Reserving) -> list[int]:
        reader, writer = await running.connect()
        statuses: list[int] = []
        for number in range(5):
            whole = request(json.dumps(call(id=str(number))))
            writer.write(whole[:40])
            await asyncio.sleep(0.01)  # so that it arrives in two pieces
            writer.write(whole[40:])
            statuses.append((await read_answer(reader)).status)
        return statuses

    assert run(socket, work, {"b": quota(BIG, scope="team:search")}) == [200] * 5


def test_a_client_that_goes_away_takes_its_place_in_the_line_along(socket: Path) -> None:
    async def work(running: Reserving) -> int:
        await running.ask(id="holder")
        _, writer = await running.connect()
        writer.write(request(json.dumps(call(id="waits"))))
        book = running.engine._book  # pyright: ignore[reportPrivateUsage]
        waiting = book._line  # pyright: ignore[reportPrivateUsage]
        await until(lambda: waiting.get("waits") is not None)
        writer.close()
        await until(lambda: waiting.get("waits") is None)
        return running.engine.in_flight

    quotas = {"b": quota(1200 + 1024, "tokens", scope="team:search")}
    assert run(socket, work, quotas, settings=QuotaSettings(wait=30)) == 1


@pytest.mark.parametrize("sent", [b"x" * 70_000, b"NOT HTTP\r\n\r\n", request("{" + " " * 70_000)])
def test_what_is_not_the_edge_is_cut_off(socket: Path, sent: bytes) -> None:
    async def work(running: Reserving) -> bytes:
        reader, writer = await running.connect()
        writer.write(sent)
        return await reader.read()

    assert run(socket, work, {}) == b""


def test_the_socket_belongs_to_its_owner_alone(socket: Path) -> None:
    async def work(_: Reserving) -> int:
        return stat.S_IMODE(socket.stat().st_mode)  # noqa: ASYNC240

    assert run(socket, work, {}) == 0o600


def test_a_socket_that_a_dead_agent_left_is_replaced(socket: Path) -> None:
    socket.write_text("left over")
    assert run(socket, lambda running: running.ask(), {}).status == 200


@pytest.mark.alone
def test_a_call_under_three_quotas_costs_a_fraction_of_a_millisecond(
    socket: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quotas = {
        "money": quota(10**18, scope="team:search"),
        "tokens": quota(10**15, "tokens", "day", scope="gateway"),
        "calls": quota(10**12, "requests", scope="client:search-api"),
    }

    async def work(running: Reserving) -> float:
        reader, writer = await running.connect()
        best = float("inf")
        for round_number in range(ROUNDS):
            sent = [request(json.dumps(call(id=f"{round_number}-{n}"))) for n in range(CALLS)]
            spent = 0.0
            # The client shares this process: it writes and reads raw bytes, and what it costs is left out.
            for each in sent:
                writer.write(each)
                began = time.process_time()
                answer = await reader.readuntil(b"\r\n\r\n")
                spent += time.process_time() - began
                assert b" 200 " in answer[:20]
            best = min(best, spent / CALLS * 1000)
        return best

    milliseconds = run(socket, work, quotas)
    with capsys.disabled():
        print(f"\n  CPU of a reserve call under three quotas, client's read included: {milliseconds:.3f} ms")
    assert milliseconds < 2 * CPU_MILLISECONDS
