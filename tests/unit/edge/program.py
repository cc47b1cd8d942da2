"""The edge's Lua program in LuaJIT, the Lua that Envoy embeds, behind a fake of Envoy's handle.

In: a snapshot. Out: a `Program` that decides about requests and completes answers as it does inside Envoy.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lupa import luajit21

from gwctl.core.scopes import INVOKE
from gwctl.edge.breaker import OpenTargets
from gwctl.edge.portkey import Secrets, credentials
from gwctl.edge.render import lua_source
from gwctl.edge.settings import EdgeSettings
from gwctl.policy.snapshot import Snapshot

SETTINGS = EdgeSettings(
    listen_host="127.0.0.1",
    listen_port=8080,
    admin_socket=Path("/run/gwctl/admin.sock"),
    issuer="https://issuer.test/pool",
    jwks_url="https://issuer.test/pool/.well-known/jwks.json",
    xds_dir=Path("/run/gwctl/xds"),
    secrets_dir=Path("/run/gwctl/secrets"),
    usage_log=Path("/run/gwctl/usage.log"),
    reserve_socket=Path("/run/gwctl/reserve.sock"),
    scanner_port=8788,
)
HANDLE = Path(__file__).with_name("envoy_handle.lua").read_bytes()

Headers = dict[str, str]


def lua_runtime() -> Any:
    """An empty LuaJIT whose strings are bytes."""
    return luajit21.LuaRuntime(encoding=None)  # type: ignore[attr-defined]


def python(value: Any) -> Any:
    """A Lua value in Python's words: tables become dicts or lists, strings become str."""
    kind = luajit21.lua_type(value)
    if kind == "table":
        items = {python(key): python(each) for key, each in value.items()}
        return (
            [items[i] for i in range(1, len(items) + 1)]
            if items and set(items) == set(range(1, len(items) + 1))
            else items
        )
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


@dataclass
class Outcome:
    """What came of a request or an answer. `status` is that of the answer, None when the request goes on."""

    status: int | None
    headers: Headers
    body: bytes
    metadata: dict[str, Any]
    errors: list[str]
    route_cache_cleared: bool = False
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> str | None:
        return self.metadata.get("gw", {}).get("refusal")

    @property
    def decision(self) -> dict[str, Any]:
        """What the policy found out about the request."""
        return self.metadata["gw"]["decision"]

    @property
    def rules(self) -> str | None:
        return self.metadata.get("gw", {}).get("rules")

    @property
    def went_on(self) -> bool:
        return self.status is None and "x-gw-route" in self.headers


def claims(client: str, **changes: Any) -> dict[str, Any]:
    """The claims of a good token; None takes one away."""
    good = {"client_id": client, "token_use": "access", "scope": INVOKE, **changes}
    return {name: value for name, value in good.items() if value is not None}


class Program:
    """The rendered program of a snapshot. `prelude` is Lua that runs after the tables (to break something)."""

    def __init__(
        self,
        snapshot: Snapshot,
        secrets: Secrets | None = None,
        open_targets: OpenTargets = frozenset(),
        settings: EdgeSettings = SETTINGS,
    ) -> None:
        self.credentials = credentials(snapshot, secrets or {})
        self.lua = lua_runtime()
        self.lua.execute(HANDLE)
        self.lua.execute(lua_source(snapshot, settings, open_targets).encode())
        self._new = self.lua.globals().new_handle

    def table(self, value: Any) -> Any:
        """A Python value as Lua has it."""
        if isinstance(value, dict):
            return self.lua.table_from({self.table(key): self.table(each) for key, each in value.items()})
        return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value

    def request(
        self,
        path: str = "/v1/chat/completions",
        body: bytes | Mapping[str, Any] | None = None,
        *,
        client: str = "search-api",
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        token: Mapping[str, Any] | None = None,
        algorithm: str = "RS256",
    ) -> Outcome:
        """A request whose token Envoy has verified; `token` replaces its claims."""
        sent = {
            ":method": method,
            ":path": path,
            ":authority": "gateway.test",
            ":scheme": "http",
            "content-type": "application/json",
            "x-request-id": "id-1",
            "x-gw-credentials": self.credentials,
            **(headers or {}),
        }
        verified = {"claims": claims(client) if token is None else dict(token), "header": {"alg": algorithm}}
        raw = json.dumps(body).encode() if isinstance(body, Mapping) else body
        handle = self._new(self.table(sent), raw, self.table({"envoy.filters.http.jwt_authn": verified}))
        self.lua.globals().envoy_on_request(handle)
        return self._outcome(handle)

    def answer(
        self,
        status: int,
        body: bytes | Mapping[str, Any] | None,
        *,
        policy: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        from_portkey: bool = True,
        other: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """An answer to a request about which the metadata say `policy`, and those of other filters `other`."""
        mark = {"x-gw-portkey": "1"} if from_portkey else {}
        sent = {":status": str(status), "content-type": "application/json", **mark, **(headers or {})}
        raw = json.dumps(body, separators=(",", ":")).encode() if isinstance(body, Mapping) else body
        handle = self._new(self.table(sent), raw, self.table({"gw": {"decision": dict(policy or {})}, **(other or {})}))
        self.lua.globals().envoy_on_response(handle)
        outcome = self._outcome(handle)
        outcome.status = int(outcome.headers[":status"])
        return outcome

    def _outcome(self, handle: Any) -> Outcome:
        sent, buffer = handle[b"sent"], handle[b"body_buffer"]
        headers = python(sent[b"headers"] if sent else handle[b"header_map"][b"values"])
        body = sent[b"body"] if sent else buffer[b"bytes"] if buffer else b""
        return Outcome(
            status=int(headers[":status"]) if sent else None,
            headers=headers,
            body=body or b"",
            metadata=python(handle[b"metadata"]),
            errors=python(handle[b"errors"]) or [],
            route_cache_cleared=handle[b"route_cache_cleared"],
            config=json.loads(headers.get("x-portkey-config", "{}")),
        )
