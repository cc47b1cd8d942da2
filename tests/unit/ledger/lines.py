"""Usage lines for tests. In: what matters to the test. Out: a `UsageLine` that the edge could have written."""

import json
from typing import Any

from gwctl.edge.usage_log.line import UsageLine, parse_line
from support.usage_lines import written

LINE: dict[str, Any] = {
    "v": 2,
    "id": "3f2b6c1e-0f5e-4a52-9c3e-1d2f3a4b5c6d",
    "started": "2026-11-21T11:00:00.123Z",
    "duration_ms": 1500,
    "first_byte_ms": 320,
    "client": "build-bot",
    "team": "platform",
    "api": "chat",
    "model": "fast",
    "variant": "fast~0a1b2c3d",
    "stream": False,
    "policy": "7.0a1b2c3d",
    "refusal": None,
    "status": 200,
    "flags": "-",
    "details": "via_upstream",
    "request_bytes": 400,
    "response_bytes": 900,
    "upstream": "127.0.0.1:8787",
    "provider": "openai",
    "option": "config.targets[0]",
    "attempts": 0,
    "request": {},
    "usage": {},
}


def usage_line(**fields: Any) -> UsageLine:
    """A line with these fields instead of the usual ones."""
    return parse_line(json.dumps(written(LINE | fields)))
