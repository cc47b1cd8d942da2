"""Envoy's own replies (no token, no route, no Portkey, too large…) in the shape of the path.

The policy's and the agent's refusals have their shape already; they are told by the metadata that they leave.
"""

from typing import Final

from gwctl.core.names import API_PATHS
from gwctl.edge.envoy.clusters import AS_IT_IS, PRIVATE_POLICY
from gwctl.edge.envoy.conditions import all_of, any_of, by_expression, by_status
from gwctl.edge.envoy.usage_log import DECISION, GW, RESERVATION
from gwctl.edge.errors import REFUSALS, Refusal
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.usage_log.line import ANSWER_TOO_LARGE

_REASON: Final = "%LOCAL_REPLY_BODY%"
_DENIED: Final = "response.code_details == 'ext_authz_denied'"
_TOO_LARGE: Final = f"response.code_details == '{ANSWER_TOO_LARGE}'"
_PRIVATE: Final = f"response.code_details == 'rbac_access_denied_matched_policy[{PRIVATE_POLICY}]'"
_NO_KEYS: Final = "response.code_details == 'jwt_authn_access_denied{Jwks_remote_fetch_is_failed}'"


def local_replies() -> JsonObject:
    """`local_reply_config` of the connection manager."""
    shaped: list[Json] = [_has(GW, DECISION, "shaped"), _has(RESERVATION, "x-gw-refusal")]
    mappers: list[Json] = [{"filter": any_of(*shaped)}]
    # A denial without the agent's mark is none of its own.
    unavailable = REFUSALS["gateway_unavailable"]
    mappers += _mappers(unavailable, by_expression(_DENIED), status=unavailable.status)
    # Envoy's word for this is 401, which would send the client for a new token, again and again.
    no_keys = REFUSALS["issuer_unavailable"]
    mappers += _mappers(no_keys, by_expression(_NO_KEYS), status=no_keys.status)
    private = REFUSALS["provider_address"]
    mappers += _mappers(private, by_expression(_PRIVATE), status=private.status)
    # Envoy says 500, which clients take for an invitation to ask once more, and the provider is paid once more.
    too_large = REFUSALS["answer_too_large"]
    mappers += _mappers(too_large, by_expression(_TOO_LARGE), status=too_large.status)
    for refusal in REFUSALS.values():
        if refusal.envoy:
            mappers += _mappers(refusal, by_status("EQ", refusal.status))
    # Envoy says 501 to a transfer-encoding and 505 to a version of HTTP that it does not know.
    bad, failed = REFUSALS["bad_request"], REFUSALS["internal_error"]
    for comparison, status, refusal in (("EQ", 501, bad), ("EQ", 505, bad), ("GE", 500, failed), ("GE", 400, bad)):
        mappers += _mappers(refusal, by_status(comparison, status), status=refusal.status)
    return {"mappers": mappers}


def _mappers(refusal: Refusal, condition: JsonObject, status: int | None = None) -> list[Json]:
    message = _literal(refusal.message).replace("{}", _REASON)
    override: JsonObject = {} if status is None else {"status_code": status}
    return [
        {
            "filter": all_of(condition, _anthropic()),
            "body_format_override": {"json_format": refusal.anthropic(message)},
            **override,
        },
        {"filter": condition, "body_format_override": {"json_format": refusal.openai(message)}, **override},
    ]


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _has(namespace: str, *keys: str) -> JsonObject:
    path: list[Json] = [{"key": key} for key in keys]
    matcher: JsonObject = {"filter": namespace, "path": path, "value": {"present_match": True}}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}


def _path(prefix: str) -> JsonObject:
    return {"header_filter": {"header": {"name": ":path", "string_match": {"prefix": prefix}}}}


def _anthropic() -> JsonObject:
    asked: JsonObject = {"header_filter": {"header": {"name": "anthropic-version", "present_match": True}}}
    return any_of(
        _has(GW, DECISION, "anthropic"),
        _path(API_PATHS["messages"]),
        _path(AS_IT_IS["messages"]),
        all_of(_path("/v1/models"), asked),
    )
