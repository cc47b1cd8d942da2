"""What an answer says of itself besides tokens: how it ended, its model, its service tier. In: a `UsageLine`."""

from typing import Final

from gwctl.edge.usage_log.line import UsageLine
from gwctl.edge.usage_log.values import Values

CLIENT_LEFT_FLAGS: Final = frozenset({"DC", "DR"})
CUT_FLAGS: Final = CLIENT_LEFT_FLAGS | frozenset({"UC", "UR", "LR", "UPE", "UT", "SI", "DT", "DPE", "OM"})
"""Envoy's RESPONSE_FLAGS of an answer that did not reach its end. Source: Envoy, access logging, response flags."""

_ERRORS: Final = ("error.type", "error.code", "response.error.code", "error")
_RESPONSES_ERRORS: Final = (*_ERRORS, "code")
_MODELS: Final = ("model", "message.model", "response.model")
_SERVICE_TIERS: Final = ("service_tier", "response.service_tier", "usage.speed", "message.usage.speed")
"""Where a word may stand, whatever the wire shape."""


def flags(line: UsageLine) -> frozenset[str]:
    """Envoy's response flags."""
    return frozenset(line.flags.split(","))


def client_left(line: UsageLine) -> bool:
    """Whether the caller hung up before the answer was at its end."""
    return bool(CLIENT_LEFT_FLAGS & flags(line)) or line.details.startswith("downstream_")


def error_type(line: UsageLine) -> str | None:
    """The provider's word for what went wrong, in an error answer or inside a stream."""
    return Values(line.usage).first_text(_RESPONSES_ERRORS if line.api == "responses" else _ERRORS)


def response_model(line: UsageLine) -> str | None:
    """The model that the provider says it used."""
    return Values(line.usage).first_text(_MODELS)


def service_tier(line: UsageLine) -> str | None:
    """The provider's processing tier when it is not the standard one: `priority`, `flex`; `fast` of Anthropic."""
    name = Values(line.usage).first_text(_SERVICE_TIERS)
    return None if name in {"default", "standard", "auto"} else name
