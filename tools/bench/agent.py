"""What the agent costs in place: CPU of a reservation and of an event, of a real agent with real ledger and sinks.

In: a number of requests. Out: microseconds of CPU for each, and events a second that one core can take. The edge is
there and idle: its part is played by this program, which asks the agent to reserve and writes the usage log, in Envoy's
words and at the pace at which Envoy empties its buffer. The ledger is DynamoDB Local, the audit log goes to moto's
Firehose.

    python -m tools.bench.agent
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httptools

from gateway.edge.kit.issuer import Issuer
from gateway.sinks.place import Aws
from gwctl.policy.snapshot import Snapshot
from support.ports import free_port
from support.processes import answers, start, wait_until
from support.stores.dynamodb_local import running_dynamodb_local
from support.usage_lines import written
from tools.bench.policies import CLIENTS, policy
from tools.bench.rig import Pair, cpu_seconds

CONNECTIONS = 16
FLUSH_SECONDS = 0.2
"""As long does Envoy keep lines of the usage log."""
RATE = 5_000
"""Lines a second: more than one edge's worth, and the machine has other things to do."""
TEAM_QUOTAS = [
    {"id": "all-usd", "limit_usd": "1000000000", "period": "month"},
    *({"id": f"{team}-tpm", "team": team, "limit_tokens": 10**15, "period": "minute"} for team in "ab"),
    *({"id": f"{team}-rpd", "team": team, "limit_requests": 10**12, "period": "day"} for team in "ab"),
]
"""Every team is under three: dollars, tokens a minute, requests a day."""
_USAGE = (
    {"usage.prompt_tokens": 1000, "usage.completion_tokens": 400, "usage.total_tokens": 1400, "model": "fast"},
    {
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "usage.prompt_tokens": 2000,
        "usage.completion_tokens": 300,
        "usage.total_tokens": 2300,
        "usage.prompt_tokens_details.cached_tokens": 1024,
        "usage.prompt_tokens_details.audio_tokens": 0,
        "usage.completion_tokens_details.reasoning_tokens": 120,
        "usage.completion_tokens_details.audio_tokens": 0,
    },
)
"""What answers say of themselves, little and much, in turns."""
_LINE = {
    "v": 2,
    "duration_ms": 900,
    "first_byte_ms": 100,
    "status": 200,
    "flags": "-",
    "details": "via_upstream",
    "refusal": None,
    "rules": None,
    "skipped": "",
    "request_bytes": 4000,
    "response_bytes": 9000,
    "upstream": "127.0.0.1:8787",
    "provider": "openai",
    "option": "config",
    "attempts": "0",
}


@dataclass(frozen=True)
class Cost:
    """Microseconds of the agent's CPU."""

    reservation: float
    event: float

    @property
    def events_a_second(self) -> int:
        """So many events one core can meter."""
        return int(1e6 / self.event)


class _Asker(asyncio.Protocol):
    """A connection of the edge's: one call after the other, as long as there are any."""

    def __init__(self, calls: Iterator[dict[str, Any]], receipts: dict[str, str], done: asyncio.Future[None]) -> None:
        self._calls = calls
        self._receipts = receipts
        self._done = done
        self._parser = httptools.HttpResponseParser(self)
        self._receipt = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"x-gw-receipt":
            self._receipt = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body = body

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() != 200:
            self._done.set_exception(AssertionError(f"a reservation was refused: {self._body!r}"))
            return
        self._receipts[self._id] = self._receipt
        self._ask()

    def _ask(self) -> None:
        call = next(self._calls, None)
        if call is None:
            self._transport.close()
            self._done.set_result(None)
            return
        self._id = call["id"]
        head = f"POST / HTTP/1.1\r\nhost: agent\r\ncontent-length: 0\r\nx-gw-reserve: {json.dumps(call)}\r\n\r\n"
        self._transport.write(head.encode())


class AgentAlone:
    """An agent with a ledger, an audit stream and an edge that is idle."""

    def __init__(self, pair: Pair, snapshot: Snapshot) -> None:
        self.pair = pair
        self._snapshot = snapshot
        self._log = pair.edge.settings.usage_log

    @property
    def cpu(self) -> float:
        """Its seconds of CPU until now."""
        assert self.pair.agent
        return cpu_seconds(self.pair.agent.pid)

    def measure(self, count: int) -> Cost:
        """Reserves and meters so many requests; everything is settled, recorded and summed in the end."""
        calls = list(self._calls(count))
        receipts: dict[str, str] = {}
        before, events = self.cpu, self.pair.status.usage.events
        asyncio.run(self._reserve(iter(calls), receipts))
        between = self.cpu
        self._write([self._line(call, receipts[call["id"]], usage) for call, usage in zip(calls, cycle(_USAGE))])
        wait_until(lambda: self._is_done(events + count), "all events to be in the ledger and the sinks", 60)
        return Cost((between - before) / count * 1e6, (self.cpu - between) / count * 1e6)

    def _is_done(self, events: int) -> bool:
        status = self.pair.status
        sent = status.shipping.recorded == status.shipping.summed == status.usage.events == events
        return sent and not (status.quotas.in_flight or status.quotas.unsettled_lines)

    async def _reserve(self, calls: Iterator[dict[str, Any]], receipts: dict[str, str]) -> None:
        loop = asyncio.get_running_loop()
        done = [loop.create_future() for _ in range(CONNECTIONS)]
        for each in done:
            await loop.create_unix_connection(
                lambda each=each: _Asker(calls, receipts, each), str(self.pair.edge.settings.reserve_socket)
            )
        await asyncio.gather(*done)

    def _write(self, lines: Sequence[bytes]) -> None:
        """Appends them, as many at once as come together while Envoy waits."""
        rest = iter(lines)
        with self._log.open("ab", buffering=0) as log:
            while piece := list(islice(rest, int(RATE * FLUSH_SECONDS))):
                began = time.monotonic()
                log.write(b"".join(piece))
                time.sleep(max(0.0, began + FLUSH_SECONDS - time.monotonic()))

    def _calls(self, count: int) -> Iterator[dict[str, Any]]:
        variants = {v.route: name for name, v in self._snapshot.variants.items() if "chat" in v.apis}
        for _, client, model in zip(range(count), cycle(CLIENTS), cycle(["fast", "other", "fast"])):
            yield {
                "id": str(uuid.uuid4()),
                "client": client,
                "team": client[0],
                "model": model,
                "api": "chat",
                "variant": variants[model],
                "policy": self._snapshot.label,
                "stream": True,
                "bytes": 4000,
                "cap": 1000,
                "n": 1,
                "tier": None,
                "outside": False,
                "images": 0,
                "shape": "openai",
            }

    def _line(self, call: dict[str, Any], receipt: str, usage: dict[str, Any]) -> bytes:
        now = time.time()
        started = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
        named = {name: call[name] for name in ("id", "client", "team", "api", "variant", "policy")}
        request = {"model": call["model"], "stream": True, "max_tokens": 1000, "n": 1}
        fields = _LINE | named | {"started": started, "request": request, "usage": usage, "quota": {"receipt": receipt}}
        return json.dumps(written(fields), sort_keys=True, separators=(",", ":")).encode() + b"\n"


@contextmanager
def running_agent(folder: Path) -> Iterator[AgentAlone]:
    """One agent, with all that it talks to; everything ends with the context."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    emulated = [
        sys.executable,
        "-P",
        "-m",
        "gwctl.emulated_aws",
        "--port",
        str(port),
        "--data-dir",
        str(folder / "aws"),
    ]
    with (
        running_dynamodb_local() as dynamodb,
        start(emulated, ready=lambda: answers(f"{url}/healthz"), seconds=60),
        Issuer() as issuer,
    ):
        aws = Aws.create(url, dynamodb)
        place = folder / "pair"
        place.mkdir()
        pair = Pair(place, issuer, free_port(), dynamodb)
        try:
            pair.environment = dict(aws.environment)
            snapshot = policy("http://127.0.0.1:9", TEAM_QUOTAS)
            pair.put_policy(snapshot)
            pair.start_agent(tables=aws.tables, audit_stream=aws.stream, region=aws.environment["AWS_REGION"])
            pair.edge.start(503)
            pair.wait_for(snapshot)
            pair.wait_ready()
            yield AgentAlone(pair, snapshot)
        finally:
            pair.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.agent", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_agent(Path(folder)) as agent:
        agent.measure(1000)  # what is called often is warm then
        for _ in range(options.rounds):
            cost = agent.measure(options.requests)
            print(f"CPU: {cost.reservation:.0f} µs a reservation, {cost.event:.0f} µs an event", flush=True)
            print(json.dumps({"agent_events_per_s": cost.events_a_second}), flush=True)


if __name__ == "__main__":
    main()
