"""Requests through the edges, and what became of them. In: ports, tokens, a policy. Out: an `Outcome` for each."""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gwctl.agent.reserve.bounds import Bounds
from gwctl.agent.reserve.call import ReserveCall
from gwctl.ledger.quotas.scopes import scopes_of
from gwctl.policy.snapshot import Snapshot, targets_of
from gwctl.pricing.prices import cost
from gwctl.pricing.tokens import Tokens
from tools.bench.http import Http, NoAnswerError

FILLER = "lorem ipsum dolor sit amet "


@dataclass(frozen=True)
class Caller:
    """A client with its token."""

    id: str
    team: str
    token: str


@dataclass
class Outcome:
    """One request. Times on the monotonic clock; amounts by unit."""

    scopes: tuple[str, ...]
    bounds: dict[str, int]
    sent: float
    done: float = 0.0
    status: int = 0
    used: dict[str, int] = field(default_factory=dict)
    message: str = ""
    id: str = ""
    """The edge's, if it told."""

    @property
    def admitted(self) -> bool:
        return self.status == 200


class Bounder:
    """Bounds and costs as the agents work them out, from outside."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._bounds = Bounds(lambda _: snapshot)

    def variant(self, team: str, model: str) -> str:
        return self.snapshot.profiles[self.snapshot.teams[team].profile].models[model]["chat"]

    def bounds(self, caller: Caller, model: str, size: int, cap: int) -> dict[str, int]:
        call = ReserveCall(
            *("r", caller.id, caller.team, model, "chat", self.variant(caller.team, model), self.snapshot.label),
            *(False, size, cap, 1, None, False, 0, "openai"),
        )
        return {str(unit): amount for unit, amount in self._bounds.of(call).items()}

    def used(self, caller: Caller, model: str, given: int, written: int) -> dict[str, int]:
        target = next(targets_of(self.snapshot.variants[self.variant(caller.team, model)].tree))
        price = self.snapshot.prices[target.price or ""]
        tokens = Tokens(input_tokens=given, output_tokens=written)
        return {"nano_usd": cost(price, tokens), "tokens": given + written, "requests": 1}


def body_of(model: str, told: dict[str, int], size: int, cap: int, *, stream: bool) -> bytes:
    """A request of about so many bytes, and at least of those that it needs."""
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": cap,
        "messages": [{"role": "user", "content": json.dumps(told)}],
    }
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    missing = size - len(json.dumps(body))
    body["messages"][0]["content"] += (FILLER * (max(missing, 0) // len(FILLER) + 1))[: max(missing, 0)]
    return json.dumps(body).encode()


class Client:
    """Sends requests of random size to random edges, one after the other."""

    def __init__(
        self, http: Http, ports: Sequence[int], callers: Sequence[Caller], bounder: Bounder, seed: int
    ) -> None:
        self._http = http
        self._ports = ports
        self._callers = callers
        self._bounder = bounder
        self.random = random.Random(seed)
        self.sent: Outcome | None = None
        """The latest request, also while there is no answer."""

    async def run(self, count: int) -> list[Outcome]:
        return [await self.one() for _ in range(count)]

    async def one(self, size: int | None = None, cap: int | None = None, milliseconds: int | None = None) -> Outcome:
        """One request, whose size is random where it is not given."""
        pick = self.random
        caller, model = pick.choice(self._callers), pick.choice(["fast", "other"])
        cap = cap or pick.choice([10, 50, 200, 1000])
        size = size or pick.choice([300, 500, 1000, 4000, 12000])
        told = {
            "in": pick.randint(1, size),
            "out": pick.randint(1, cap),
            "ms": pick.randint(5, 120) if milliseconds is None else milliseconds,
        }
        body = body_of(model, told, size, cap, stream=pick.random() < 0.5)
        self.sent = outcome = Outcome(
            scopes_of(caller.team, caller.id, model),
            self._bounder.bounds(caller, model, len(body), cap),
            sent=time.monotonic(),
        )
        headers = {"authorization": f"Bearer {caller.token}", "content-type": "application/json"}
        try:
            answer = await self._http.post(pick.choice(self._ports), "/v1/chat/completions", headers, body)
        except NoAnswerError as error:
            outcome.message = repr(error)
        else:
            outcome.status = answer.status
            outcome.id = answer.headers.get("x-request-id", "")
            outcome.message = answer.text[:300] if answer.status != 200 else ""
        outcome.done = time.monotonic()
        if outcome.admitted:
            outcome.used = self._bounder.used(caller, model, told["in"], told["out"])
        return outcome


async def many(clients: Sequence[Client], count: int) -> list[Outcome]:
    """What becomes of `count` requests of each client."""
    return [outcome for found in await asyncio.gather(*(client.run(count) for client in clients)) for outcome in found]
