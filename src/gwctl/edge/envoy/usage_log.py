"""What the edge reads out of answers, and the usage log: one JSON line a request.

In: the JSON paths that the ledger wants to know (`paths`). Out: rules for Envoy's `json_to_metadata` and
`sse_to_metadata` filters, the format of the usage log, and that of the shorter line which a person may search.
"""

from typing import Final

from gwctl.edge.envoy.clusters import typed
from gwctl.edge.envoy.headers import SERVED_HEADERS
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.usage_log.paths import ANSWER_FIELDS, EVENT_FIELDS, MAX_EVENT_BYTES, Field

USAGE: Final = "gw.usage"
GW: Final = "gw"
"""The policy's: `decision`, what it found out about a request, `refusal`, and `rules`, those that found something."""
DECISION: Final = "decision"
SERVED: Final = "gw.served"
JWT: Final = "envoy.filters.http.jwt_authn"
RESERVATION: Final = "envoy.filters.http.ext_authz"
"""Where the headers `AGENT_HEADERS` of the agent's answer are."""
AGENT_HEADERS: Final = ("x-gw-receipt", "x-gw-shadow", "x-gw-refusal", "x-gw-quota")

_JSON_TYPE: Final = r"application/json\s*(;.*)?"


def _rule(field: Field) -> JsonObject:
    kept: JsonObject = {"metadata_namespace": USAGE, "key": field.key, "type": field.type.upper()}
    if field.constant is not None:
        kept["value"] = field.constant
    return {"selectors": [{"key": key} for key in field.path], "on_present": kept}


def plain_rules() -> JsonObject:
    """`json_to_metadata`: reads plain answers, which it buffers whole."""
    return typed(
        "envoy.extensions.filters.http.json_to_metadata.v3.JsonToMetadata",
        response_rules={
            "rules": [_rule(field) for field in ANSWER_FIELDS],
            "allow_content_types_regex": {"regex": _JSON_TYPE},
        },
    )


def stream_rules() -> JsonObject:
    """`sse_to_metadata`: reads the events of streamed answers as they pass; a later value replaces an earlier one."""
    parser = typed(
        "envoy.extensions.content_parsers.json.v3.JsonContentParser",
        rules=[{"rule": _rule(field)} for field in EVENT_FIELDS],
    )
    return typed(
        "envoy.extensions.filters.http.sse_to_metadata.v3.SseToMetadata",
        response_rules={
            "content_parser": {"name": "envoy.content_parsers.json", "typed_config": parser},
            "max_event_size": MAX_EVENT_BYTES,
        },
    )


def served_rules() -> JsonObject:
    """`header_to_metadata`: what Portkey says about who served, before the answer loses it."""
    rules: list[Json] = [
        {"header": header, "on_header_present": {"metadata_namespace": SERVED, "key": key}}
        for key, header in SERVED_HEADERS.items()
    ]
    return typed("envoy.extensions.filters.http.header_to_metadata.v3.Config", response_rules=rules)


def _metadata(*path: str) -> str:
    return f"%DYNAMIC_METADATA({':'.join(path)})%"


def log_format() -> JsonObject:
    """The fields of a line of the usage log. Metadata are written whole: each value of its own takes microseconds."""
    return {
        "v": 2,
        "id": "%REQ(X-REQUEST-ID)%",
        "started": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
        "duration_ms": "%DURATION%",
        "first_byte_ms": "%RESPONSE_DURATION%",
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "request_bytes": "%BYTES_RECEIVED%",
        "response_bytes": "%BYTES_SENT%",
        "upstream": "%UPSTREAM_REMOTE_ADDRESS%",
        "tries": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "client": _metadata(JWT, "claims", "client_id"),
        "gw": _metadata(GW),
        "quota": _metadata(RESERVATION),
        "served": _metadata(SERVED),
        "usage": _metadata(USAGE),
    }


def request_format() -> JsonObject:
    """The fields of a line that is read by people: without what is metered, what was reserved, and addresses."""
    kept = {"id", "started", "duration_ms", "first_byte_ms", "status", "flags", "details", "client", "gw", "served"}
    return {name: value for name, value in log_format().items() if name in kept}
