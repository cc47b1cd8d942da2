"""Envoy's own replies (no token, no route, no Portkey, too large…) in the shape of the path.

The policy's and the agent's refusals have their shape already; they are told by the metadata that they leave.
"""

from typing import Final

from gwctl.edge.clusters import typed
from gwctl.edge.errors import REFUSALS, Refusal
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.usage import DECISION, GW, RESERVATION
from gwctl.policy.names import API_PATHS

_REASON: Final = "%LOCAL_REPLY_BODY%"
_DENIED: Final = "ext_authz_denied"
_NO_KEYS: Final = "jwt_authn_access_denied{Jwks_remote_fetch_is_failed}"


def local_replies() -> JsonObject:
    """`local_reply_config` of the connection manager."""
    shaped: list[Json] = [_has(GW, DECISION, "shaped"), _has(RESERVATION, "x-gw-refusal")]
    mappers: list[Json] = [{"filter": {"or_filter": {"filters": shaped}}}]
    # A denial without the agent's mark is none of its own.
    unavailable = REFUSALS["gateway_unavailable"]
    mappers += _mappers(unavailable, _details(_DENIED), status=unavailable.status)
    # Envoy's word for this is 401, which would send the client for a new token, again and again.
    no_keys = REFUSALS["issuer_unavailable"]
    mappers += _mappers(no_keys, _details(_NO_KEYS), status=no_keys.status)
    for refusal in REFUSALS.values():
        if refusal.envoy:
            mappers += _mappers(refusal, _status("EQ", refusal.status))
    # Envoy says 501 to a transfer-encoding and 505 to a version of HTTP that it does not know.
    bad, failed = REFUSALS["bad_request"], REFUSALS["internal_error"]
    for comparison, status, refusal in (("EQ", 501, bad), ("EQ", 505, bad), ("GE", 500, failed), ("GE", 400, bad)):
        mappers += _mappers(refusal, _status(comparison, status), status=refusal.status)
    return {"mappers": mappers}


def _mappers(refusal: Refusal, condition: JsonObject, status: int | None = None) -> list[Json]:
    message = _literal(refusal.message).replace("{}", _REASON)
    override: JsonObject = {} if status is None else {"status_code": status}
    return [
        {
            "filter": {"and_filter": {"filters": [condition, _anthropic()]}},
            "body_format_override": {"json_format": refusal.anthropic(message)},
            **override,
        },
        {"filter": condition, "body_format_override": {"json_format": refusal.openai(message)}, **override},
    ]


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _status(comparison: str, status: int) -> JsonObject:
    value: JsonObject = {"default_value": status, "runtime_key": "edge.unused"}
    return {"status_code_filter": {"comparison": {"op": comparison, "value": value}}}


def _details(details: str) -> JsonObject:
    expression = typed(
        "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
        expression=f"response.code_details == '{details}'",
    )
    return {"extension_filter": {"name": "envoy.access_loggers.extension_filters.cel", "typed_config": expression}}


def _has(namespace: str, *keys: str) -> JsonObject:
    path: list[Json] = [{"key": key} for key in keys]
    matcher: JsonObject = {"filter": namespace, "path": path, "value": {"present_match": True}}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}


def _path(prefix: str) -> JsonObject:
    return {"header_filter": {"header": {"name": ":path", "string_match": {"prefix": prefix}}}}


def _anthropic() -> JsonObject:
    asked: JsonObject = {"header_filter": {"header": {"name": "anthropic-version", "present_match": True}}}
    models: JsonObject = {"and_filter": {"filters": [_path("/v1/models"), asked]}}
    return {"or_filter": {"filters": [_path(API_PATHS["messages"]), models]}}
