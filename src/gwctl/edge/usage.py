"""What the edge reads out of answers, and the usage log: one JSON line a request.

In: the JSON paths that the ledger wants to know (`gwctl.ledger.wire`). Out: rules for Envoy's `json_to_metadata` and
`sse_to_metadata` filters, and the format of the access log.
"""

from typing import Final

from gwctl.edge.clusters import typed
from gwctl.edge.json_types import Json, JsonObject
from gwctl.ledger.wire import ANSWER_FIELDS, EVENT_FIELDS, MAX_EVENT_BYTES, Field

USAGE: Final = "gw.usage"
REQUEST: Final = "gw.request"
POLICY: Final = "gw.policy"
SERVED: Final = "gw.served"
JWT: Final = "envoy.filters.http.jwt_authn"
RESERVATION: Final = "envoy.filters.http.ext_authz"
"""Where the headers `AGENT_HEADERS` of the agent's answer are."""
AGENT_HEADERS: Final = ("x-gw-receipt", "x-gw-shadow", "x-gw-refusal", "x-gw-quota")

_SERVED_HEADERS: Final = {
    "provider": "x-portkey-provider",
    "option": "x-portkey-last-used-option-index",
    "attempts": "x-portkey-retry-attempt-count",
}
_JSON_TYPE: Final = r"application/json\s*(;.*)?"


def _rule(field: Field) -> JsonObject:
    return {
        "selectors": [{"key": key} for key in field.path],
        "on_present": {"metadata_namespace": USAGE, "key": field.key, "type": field.type.upper()},
    }


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
    # A provider may send such a header too; Portkey adds its own word behind it.
    last: JsonObject = {"pattern": {"regex": r"^.*,\s*"}, "substitution": ""}
    rules: list[Json] = [
        {
            "header": header,
            "on_header_present": {"metadata_namespace": SERVED, "key": key, "regex_value_rewrite": last},
        }
        for key, header in _SERVED_HEADERS.items()
    ]
    return typed("envoy.extensions.filters.http.header_to_metadata.v3.Config", response_rules=rules)


def _metadata(namespace: str, key: str = "") -> str:
    return f"%DYNAMIC_METADATA({namespace}{':' + key if key else ''})%"


def log_format() -> JsonObject:
    """The fields of a line of the usage log."""
    return {
        "v": 1,
        "id": "%REQ(X-REQUEST-ID)%",
        "started": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
        "duration_ms": "%DURATION%",
        "first_byte_ms": "%RESPONSE_DURATION%",
        "client": _metadata(JWT, "claims:client_id"),
        "team": _metadata(POLICY, "team"),
        "api": _metadata(POLICY, "api"),
        "model": _metadata(REQUEST, "model"),
        "variant": _metadata(POLICY, "variant"),
        "stream": _metadata(REQUEST, "stream"),
        "policy": _metadata(POLICY, "policy"),
        "rules": _metadata(POLICY, "rules"),
        "refusal": _metadata(POLICY, "refusal"),
        "quota": {
            "receipt": _metadata(RESERVATION, "x-gw-receipt"),
            "shadow": _metadata(RESERVATION, "x-gw-shadow"),
            "quota": _metadata(RESERVATION, "x-gw-quota"),
        },
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "request_bytes": "%BYTES_RECEIVED%",
        "response_bytes": "%BYTES_SENT%",
        "upstream": "%UPSTREAM_REMOTE_ADDRESS%",
        "provider": _metadata(SERVED, "provider"),
        "option": _metadata(SERVED, "option"),
        "attempts": _metadata(SERVED, "attempts"),
        "skipped": _metadata(POLICY, "skipped"),
        "request": _metadata(REQUEST),
        "usage": _metadata(USAGE),
    }
