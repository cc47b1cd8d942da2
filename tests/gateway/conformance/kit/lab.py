"""A gateway whose providers are the tests' own, so that one sees what arrives there.

In: a folder. Out: a `Lab`: the gateway, recording providers, and a policy with routes and clients for every case.
Every provider has a key of its own, a canary: a string that must be found nowhere but in the files for secrets.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from gateway.conformance.kit.calls import Caller
from gateway.conformance.kit.forge import Forger
from gateway.portkey_contract.recipes import every_api
from gwctl.core.names import Lane
from gwctl.local.policy.providers import secret_variable
from support import usage_lines
from support.gateway import Gateway, local_gateway
from support.json_lines import whole_lines
from support.lanes import by_portkey
from support.ports import free_port
from support.processes import wait_until
from support.replay_provider import ReplayProvider

PROVIDERS: Final = {"one": "openai", "two": "openai", "claude": "anthropic", "claude-two": "anthropic"}
FORBIDDEN: Final = "swordfish"
"""What the deny rules look for."""
CARD: Final = "4111 1111 1111 1111"
"""What the redacting rules look for."""
REDACTED: Final = "[a card number]"


def route(alias: str, *targets: str, **fields: Any) -> dict[str, Any]:
    """A route document: the targets are provider ids, and `real-<provider>` is what the model is called there."""
    listed = [{"provider": name, "model": f"real-{name}"} for name in targets]
    return {"id": alias, "targets": listed, **fields}


def _scanner() -> list[dict[str, Any]]:
    word, card = rf"\b{FORBIDDEN}\b", r"\b(?:\d[ -]?){15}\d\b"
    return [
        {"id": "asked", "action": "deny", "on": ["input"], "pattern": word, "teams": []},
        {"id": "answered", "action": "deny", "on": ["output"], "pattern": word, "teams": []},
        {"id": "cards", "action": "redact", "on": ["input"], "pattern": card, "replacement": REDACTED, "teams": []},
        {"id": "answer-cards", "action": "redact", "on": ["output"], "pattern": card, "teams": []},
    ]


def policy(urls: Mapping[str, str]) -> dict[str, Any]:
    """The policy documents; `urls` has the base URL of each provider."""
    kinds = {**PROVIDERS, "dead": "openai"}
    return {
        "providers": [{"id": name, "kind": kinds[name], "base_url": f"{url}/v1"} for name, url in urls.items()],
        "routes": [
            route("one", "one"),
            route("two", "two"),
            route("claude", "claude"),
            route("by-portkey", "one", lane="portkey"),
            route("claude-by-portkey", "claude", lane="portkey"),
            route("fall", "one", "two"),
            route("claude-fall", "claude", "claude-two"),
            route("impatient", "one", "two", timeout_seconds=1),
            route("claude-impatient", "claude", "claude-two", timeout_seconds=1),
            route("impatient-alone", "one", timeout_seconds=1),
            route("dead", "dead"),
            route("rescued", "dead", "two"),
            route("asked", "one", scanner=["asked"]),
            route("claude-asked", "claude", scanner=["asked"]),
            route("answered", "one", scanner=["answered"]),
            route("claude-answered", "claude", scanner=["answered"]),
            route("redacted", "one", scanner=["cards"]),
            route("claude-redacted", "claude", scanner=["cards"]),
            route("redacted-fall", "one", "two", scanner=["cards"]),
            route("answer-redacted", "one", scanner=["answer-cards"]),
            route("claude-answer-redacted", "claude", scanner=["answer-cards"]),
        ],
        "teams": [
            {"id": "default"},
            {"id": "narrow", "models": ["two"]},
            {"id": "closed", "enabled": False},
        ],
        "clients": [
            {"id": "local", "team": "default"},
            {"id": "narrow-client", "team": "narrow"},
            {"id": "disabled-client", "team": "default", "enabled": False},
            {"id": "closed-client", "team": "closed"},
        ],
        "scanner": _scanner(),
        "pricing": [
            {"provider": name, "model": f"real-{name}", "input": 1, "output": 2, "cache_read": 0.5}
            for name in PROVIDERS
        ],
    }


@dataclass
class Lab:
    """The gateway, its providers by id, and their keys."""

    gateway: Gateway
    providers: dict[str, ReplayProvider]
    canaries: dict[str, str]
    stranger: ReplayProvider
    """A server that is no provider: nothing may ever come here."""
    folder: Path
    caller: Caller
    lane: Lane
    """What its requests go by, wherever that lane can serve them."""
    forger: Forger = field(init=False)

    def __post_init__(self) -> None:
        self.forger = Forger(self.gateway)

    def __getitem__(self, name: str) -> ReplayProvider:
        return self.providers[name]

    def reset(self) -> None:
        """Every provider answers as a real one does, and has received nothing."""
        for each in (*self.providers.values(), self.stranger):
            each.reset()
            each.on("*", every_api)

    def forwarded(self) -> int:
        """How many requests the edge has sent on to Portkey since its start, as the edge itself counts."""
        transport = httpx.HTTPTransport(uds=str(self.gateway.admin_socket))
        with httpx.Client(transport=transport, base_url="http://envoy", timeout=5) as admin:
            lines = admin.get("/stats", params={"filter": r"upstream_rq_total$"}).raise_for_status().text.splitlines()
        counts = dict(line.rsplit(": ", 1) for line in lines)
        own = ("cluster.gateway.", "cluster.issuer.")
        return sum(int(count) for name, count in counts.items() if not name.startswith(own))

    def log_line(self, answer: httpx.Response) -> dict[str, Any]:
        """The line of the edge's usage log about this answer."""
        return log_lines(self.gateway, [answer.headers["x-request-id"]])[0]


def log_lines(gateway: Gateway, ids: list[str]) -> list[dict[str, Any]]:
    """The lines of the usage log with these request ids, in this order, as soon as all are there."""

    def read() -> list[dict[str, Any]]:
        lines = [usage_lines.read(line) for line in whole_lines(gateway.data.usage_log.read_bytes())]
        known = {line["id"]: line for line in lines}
        return [known[each] for each in ids] if known.keys() >= set(ids) else []

    return wait_until(read, f"{ids} in the usage log")


@contextmanager
def running_lab(folder: Path, lane: Lane = "express", **more: Any) -> Iterator[Lab]:
    """Start the gateway and its providers. `more` are sections of the policy that replace the lab's own."""
    with ExitStack() as stack:
        providers = {name: stack.enter_context(ReplayProvider()) for name in PROVIDERS}
        stranger = stack.enter_context(ReplayProvider())
        canaries = {name: f"canary-{name}-{uuid.uuid4().hex}" for name in PROVIDERS}
        urls = {name: each.url for name, each in providers.items()} | {"dead": f"http://127.0.0.1:{free_port()}"}
        data = folder / "data"
        data.mkdir(parents=True)
        written = {**policy(urls), **more}
        if lane == "portkey":
            written["routes"] = by_portkey(written["routes"])
        (data / "policy.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
        keys = {secret_variable(name): canary for name, canary in canaries.items()} | {secret_variable("dead"): "none"}
        gateway = stack.enter_context(local_gateway(folder, environment=keys))
        caller = stack.enter_context(Caller(gateway))
        lab = Lab(gateway, providers, canaries, stranger, folder, caller, lane)
        lab.reset()
        yield lab
