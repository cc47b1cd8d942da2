"""Teams under quotas, as the tests of the reserve call have them: the policy, a request, a refusal of the agent."""

import json
from typing import Any

import httpx

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import Issuer
from gateway.edge.kit.policies import policy
from gateway.edge.kit.scripted_agent import answer
from gateway.portkey_contract.recipes import BODIES, PATHS
from gwctl.edge.errors import REFUSALS

BUDGETS = [
    {"id": "search-minute", "team": "search", "limit_requests": 10, "period": "minute"},
    {"id": "watched-day", "team": "watched", "limit_requests": 10, "period": "day", "action": "alert"},
    {"id": "tried-day", "team": "tried", "limit_requests": 10, "period": "day", "action": "shadow"},
]
TEAMS = ["search", "free", "watched", "tried"]
HINTS = {"retry-after": "7", "x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0"}
MARKS = {"x-gw-refusal": "rate_limit_exceeded", "x-gw-quota": "search-minute"}


def quotas(url: str) -> Any:
    return policy(
        url,
        teams=[{"id": team} for team in TEAMS],
        clients=[{"id": f"{team}-api", "team": team} for team in TEAMS],
        budgets=BUDGETS,
    )


def ask(edge: Edge, issuer: Issuer, api: str = "chat", team: str = "search", **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {issuer.token(f'{team}-api')}", **more.pop("headers", {})}
    body = {**BODIES[api], "model": "claude" if api == "messages" else "fast", **more}
    return httpx.post(edge.url + PATHS[api], json=body, headers=headers, timeout=20, trust_env=False)


def refusal(code: str, shape: str) -> bytes:
    body = getattr(REFUSALS[code], shape)("The quota search-minute is used up.")
    headers = {"content-type": "application/json", **HINTS, **MARKS}
    return answer(REFUSALS[code].status, headers, json.dumps(body).encode())
