"""Every refusal of the edge: one table for the Lua policy, for Envoy's own replies and for the docs.

Two shapes go over the wire. OpenAI's: `{"error": {"message", "type", "param", "code"}}`. Anthropic's:
`{"type": "error", "error": {"type", "message"}}`, without a code.
"""

from dataclasses import dataclass
from typing import Final

from gwctl.edge.json_types import JsonObject


@dataclass(frozen=True)
class Refusal:
    """One way to be refused. `code` is in OpenAI's shape and, with a status below 500, in the usage log.

    `{}` in the message stands for what the policy has to add; `envoy` says that Envoy itself answers so.
    """

    code: str
    status: int
    openai_type: str
    anthropic_type: str
    message: str
    envoy: bool = False

    def openai(self, message: str | None = None) -> JsonObject:
        """The body in OpenAI's shape."""
        text = self.message if message is None else message
        return {"error": {"message": text, "type": self.openai_type, "param": None, "code": self.code}}

    def anthropic(self, message: str | None = None) -> JsonObject:
        """The body in Anthropic's shape."""
        text = self.message if message is None else message
        return {"type": "error", "error": {"type": self.anthropic_type, "message": text}}


def _invalid(code: str, message: str, status: int = 400, *, envoy: bool = False) -> Refusal:
    return Refusal(code, status, "invalid_request_error", "invalid_request_error", message, envoy)


def _failed(code: str, status: int, message: str, *, envoy: bool = False) -> Refusal:
    return Refusal(code, status, "server_error", "api_error", message, envoy)


def _forbidden(code: str, message: str) -> Refusal:
    return Refusal(code, 403, "permission_error", "permission_error", message)


_ALL: Final = (
    Refusal(
        "invalid_token",
        401,
        "authentication_error",
        "authentication_error",
        "The access token was not accepted: {}",
        envoy=True,
    ),
    Refusal(
        "upgrade_refused",
        403,
        "invalid_request_error",
        "invalid_request_error",
        "The gateway does not upgrade connections.",
        envoy=True,
    ),
    Refusal("invalid_key", 401, "authentication_error", "authentication_error", "The key was not accepted: {}"),
    _forbidden("key_not_here", "This key may not be used from this network address."),
    _forbidden("insufficient_scope", "The access token lacks the scope {}."),
    _forbidden("unknown_client", "This client belongs to no team. Ask the gateway's administrators to add it."),
    _forbidden("client_disabled", "This client is disabled. Ask the gateway's administrators."),
    _forbidden("team_disabled", "The team of this client is disabled. Ask the gateway's administrators."),
    Refusal(
        "not_found", 404, "invalid_request_error", "not_found_error", "The gateway serves no such path.", envoy=True
    ),
    Refusal(
        "model_not_found",
        404,
        "invalid_request_error",
        "not_found_error",
        "The model {} does not exist or your team may not use it. GET /v1/models lists what it may use.",
    ),
    _invalid("method_not_allowed", "This path takes {} requests only.", 405),
    _invalid(
        "unsupported_media_type", "The body must be JSON: content-type application/json, no content-encoding.", 415
    ),
    _invalid("malformed_json", "The body is not a JSON object: {}"),
    _invalid("duplicate_key", "The body has the key {} twice."),
    _invalid("invalid_value", "In the body, {}"),
    _invalid("api_not_supported", "{}"),
    _invalid("unsupported_parameter", "{}"),
    _invalid(
        "untranslatable_body",
        "No request to the model's provider can be made of this body: one of its values is not what the API says, such "
        "as a message or a tool that is no object. The provider was not asked.",
    ),
    _invalid(
        "stream_not_scannable",
        'Content rules hold for answers of the model {}, and a stream cannot be checked. Send "stream": false.',
    ),
    _invalid("api_not_scannable", "Content rules hold for the model {}, and they cannot be checked on this path."),
    _invalid("content_refused", "A content rule of the gateway refused this request."),
    _invalid("answer_refused", "A content rule of the gateway refused the model's answer."),
    _invalid(
        "answer_too_large",
        "The provider's answer is larger than the gateway passes on, and it would be so again: ask for less at a time, "
        "or for a stream.",
    ),
    _invalid("bad_request", "The request is not valid HTTP, or its path is not allowed.", envoy=True),
    _invalid("request_timeout", "The request did not arrive in time.", 408, envoy=True),
    Refusal(
        "request_too_large",
        413,
        "invalid_request_error",
        "request_too_large",
        "The request is larger than the gateway accepts.",
        envoy=True,
    ),
    _invalid("headers_too_large", "The request's headers are larger than the gateway accepts.", 431, envoy=True),
    Refusal("insufficient_quota", 429, "insufficient_quota", "rate_limit_error", "{}"),
    Refusal("rate_limit_exceeded", 429, "rate_limit_error", "rate_limit_error", "{}"),
    _failed(
        "internal_error",
        500,
        "The gateway failed. Send the request again; if it goes on, tell the gateway's administrators.",
        envoy=True,
    ),
    _failed("provider_error", 502, "The provider answered with the status {}."),
    _failed(
        "provider_credentials",
        502,
        "The provider refused the gateway's own credentials. Tell the gateway's administrators.",
    ),
    _failed(
        "provider_address",
        502,
        "The provider's name leads to an address in a private network, where the gateway does not go. Tell the "
        "gateway's administrators.",
    ),
    _failed(
        "gateway_unavailable",
        503,
        "The gateway cannot serve this request just now. Send it again in a moment.",
        envoy=True,
    ),
    _failed(
        "quota_unavailable",
        503,
        "The gateway cannot check the quota of this request just now. Send it again in a moment.{}",
    ),
    _failed(
        "issuer_unavailable",
        503,
        "The gateway cannot check access tokens just now. Send the request again in a moment.",
    ),
    _failed(
        "scanner_unavailable",
        503,
        "Content rules hold for this model, and the gateway cannot check them just now. Send the request again in a "
        "moment; if it goes on, tell the gateway's administrators.",
    ),
    Refusal(
        "gateway_timeout", 504, "server_error", "timeout_error", "The provider did not answer in time.", envoy=True
    ),
)
REFUSALS: Final[dict[str, Refusal]] = {refusal.code: refusal for refusal in _ALL}

OPENAI_TYPES: Final[dict[int, str]] = {
    402: "billing_error",
    429: "rate_limit_error",
}
"""The error types on OpenAI's paths of statuses that say what kind of error it is; a provider's own type is kept at all
others."""

ANTHROPIC_TYPES: Final[dict[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""The error types of Anthropic's API (its reference, "Errors") by status; others are `api_error`."""
