"""Conditions on a request that has ended, as Envoy's access log and its mappers of local replies take them."""

from gwctl.edge.envoy.clusters import typed
from gwctl.edge.json_types import Json, JsonObject


def by_status(comparison: str, value: int) -> JsonObject:
    """By the answer's status: `comparison` is EQ, NE or GE."""
    compared: JsonObject = {"default_value": value, "runtime_key": "edge.unused"}
    return {"status_code_filter": {"comparison": {"op": comparison, "value": compared}}}


def by_expression(text: str) -> JsonObject:
    """By an expression in CEL."""
    config = typed("envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter", expression=text)
    return {"extension_filter": {"name": "envoy.access_loggers.extension_filters.cel", "typed_config": config}}


def any_of(*conditions: Json) -> JsonObject:
    """If one of them holds. Envoy asks them in their order until one does."""
    return {"or_filter": {"filters": list(conditions)}}


def all_of(*conditions: Json) -> JsonObject:
    """If all of them hold."""
    return {"and_filter": {"filters": list(conditions)}}
