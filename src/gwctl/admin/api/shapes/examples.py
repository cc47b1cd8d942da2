"""One example of each document and request, for the API's description. The tests put them through the API."""

from typing import Any, Final

DOCUMENTS: Final[dict[str, dict[str, Any]]] = {
    "Team": {"id": "search", "name": "Search", "models": ["fast"], "tags": {"cost-center": "4711"}},
    "Client": {"id": "3n4b5urk1ft4fl3mg5e62d9ado", "team": "search", "name": "indexer", "enabled": True},
    "KeySettings": {
        "id": "gwk_7h2k9m4x1q",
        "team": "search",
        "name": "nightly build",
        "owner": "ada@example.com",
        "models": ["fast"],
        "limit_usd": 20,
        "expires": "2027-06-30T00:00:00Z",
    },
    "NewKey": {"team": "search", "name": "nightly build", "limit_usd": 20},
    "Budget": {
        "id": "search-month",
        "team": "search",
        "limit_usd": 250,
        "period": "month",
        "timezone": "Europe/Berlin",
        "action": "block",
        "notify_at": [80, 100],
    },
    "Route": {
        "id": "fast",
        "targets": [{"provider": "openai", "model": "gpt-4o-mini"}],
        "retries": {"attempts": 1, "on": [429, 503]},
    },
    "ScannerRule": {"id": "no-aws-keys", "action": "deny", "on": ["input"], "pattern": "AKIA[0-9A-Z]{16}"},
    "PriceOverride": {"provider": "openai", "model": "gpt-4o-mini", "input": 0.12, "output": 0.48},
    "NewClient": {"name": "indexer"},
    "Rollback": {"version": 11},
    "ApplyPolicy": {"documents": {"teams": [{"id": "search", "name": "Search", "models": ["fast"]}]}, "based_on": 11},
}
"""Schema name → example."""

STANDING: Final = {"version": 12, "changed_by": "5k2m8q0c7a1b9d3e6f4g", "changed_at": "2026-11-21T10:05:00Z"}

ERRORS: Final[dict[int, tuple[str, str, list[dict[str, Any]]]]] = {
    400: ("bad_request", "the body is not JSON: the key 'id' stands twice", []),
    401: ("unauthorized", "the request has no Authorization header with a bearer token", []),
    403: ("forbidden", "client 'reader' needs the scope gateway/admin", []),
    404: ("not_found", "there is no budget 'search-month'", []),
    409: (
        "conflict",
        "budget 'search-month' was changed by 5k2m8q0c7a1b9d3e6f4g on 2026-11-21 10:05:00 UTC; its version is 12 now",
        [
            {
                "document": "budgets/search-month",
                "field": "",
                "message": "was changed",
                "fix": "read it again and repeat the change on top of it",
                **STANDING,
            }
        ],
    ),
    413: ("too_large", "the body has 300000 bytes; 262144 is the limit", []),
    415: ("unsupported_media_type", "the body must be application/json, not 'text/plain'", []),
    422: (
        "invalid",
        "the change does not compile, nothing was changed",
        [
            {
                "document": "budgets/search-month",
                "field": "team",
                "message": "there is no team 'serach'",
                "fix": "add that team or correct the name",
            }
        ],
    ),
    428: (
        "precondition_required",
        "budget 'search-month' exists already; say with If-Match which version the change is based on",
        [
            {
                "document": "budgets/search-month",
                "field": "",
                "message": "exists",
                "fix": 'send If-Match: "12" (or If-Match: * to replace whatever is there)',
                **STANDING,
            }
        ],
    ),
    500: ("internal", "something went wrong; the log has it under request id 5b1f1f6e", []),
    503: ("busy", "too many changes at once; nothing was changed, send the request again", []),
}
"""Status → code, message, details."""

USAGE_ROW: Final = {
    "team": "search",
    "requests": 1204,
    "served": 1190,
    "refused": 9,
    "failed": 3,
    "cut": 2,
    "estimated": 2,
    "unpriced": 0,
    "input_tokens": 2_310_455,
    "output_tokens": 401_322,
    "cache_read_tokens": 1_200_000,
    "cache_creation_tokens": 0,
    "reasoning_tokens": 90_112,
    "cost_nano_usd": 548_012_000,
}


BUDGET_STATE: Final = {
    "id": "search-month",
    "scope": "team:search",
    "unit": "nano_usd",
    "limit": 250_000_000_000,
    "period": "month",
    "window": "2026-11",
    "spent": 180_250_000_000,
    "reserved": 1_500_000_000,
    "left": 68_250_000_000,
    "resets_at": "2026-11-30T23:00:00Z",
    "agents": 2,
}


def versioned(document: dict[str, Any]) -> dict[str, Any]:
    """A document as it is read."""
    return {"document": document, **STANDING}


def of_schema(name: str) -> Any:
    """An example of a schema by its name; None for schemas that need none."""
    for suffix, build in (("Page", _page), ("Versioned", versioned), ("Written", _written)):
        base = name.removesuffix(suffix)
        if base != name and base in DOCUMENTS:
            return build(DOCUMENTS[base])
    if name == "BudgetState":
        return BUDGET_STATE
    if name == "UsagePage":
        return {"from": "2026-11-01", "to": "2026-11-21", "by": ["team"], "rows": [USAGE_ROW], "next": None}
    if name == "IssuedClient":
        client = DOCUMENTS["Client"]
        secret = {"client_id": client["id"], "client_secret": "shown-this-once"}
        return {**_written(client), "difference": [f"client {client['id']} is new: of team search"], **secret}
    return DOCUMENTS.get(name)


def error(status: int) -> dict[str, Any]:
    """An answer with this status."""
    code, message, details = ERRORS[status]
    return {"error": {"code": code, "message": message, "details": details}}


def _page(document: dict[str, Any]) -> dict[str, Any]:
    return {"items": [versioned(document)], "next": None}


def _written(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "document": document,
        "version": 12,
        "policy_version": 12,
        "changed": True,
        "dry_run": False,
        "difference": ["one sentence for each effect"],
    }
