"""Spans of requests. In: settings. Out: what Envoy's HTTP connection manager is to trace, and how.

A request is a span, and below it are the agent's reserve call and the call of Portkey, which is the provider's. A trace
that the client began (W3C `traceparent`) goes on here and at Portkey. No header and no body is in a span; what is, is
in the usage log too. See docs/adr/0055-tracing-by-envoy.md.
"""

from typing import Final

from gwctl.edge.envoy.clusters import COLLECTOR_CLUSTER, typed
from gwctl.edge.envoy.usage_log import DECISION, GW, SERVED
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.settings import EdgeSettings

_ATTRIBUTES: Final = {
    "team": (GW, DECISION, "team"),
    "gen_ai.request.model": (GW, DECISION, "request", "model"),
    "gen_ai.provider.name": (SERVED, "provider"),
}
"""Attribute of a request's span → where its value is in the metadata."""
_LONGEST_PATH: Final = 256


def tracing(settings: EdgeSettings, endpoint: str) -> JsonObject:
    """The tracer, the share of requests, and the attributes of their spans."""
    tracer = typed(
        "envoy.config.trace.v3.OpenTelemetryConfig",
        service_name=settings.deployment,
        http_service={
            "http_uri": {
                "uri": f"{endpoint.rstrip('/')}/v1/traces",
                "cluster": COLLECTOR_CLUSTER,
                "timeout": "2s",
            }
        },
    )
    tags: list[Json] = [{"tag": "deployment", "literal": {"value": settings.deployment}}]
    for tag, (namespace, *path) in _ATTRIBUTES.items():
        key: JsonObject = {"key": namespace, "path": [{"key": each} for each in path]}
        tags.append({"tag": tag, "metadata": {"kind": {"request": {}}, "metadata_key": key}})
    return {
        "provider": {"name": "envoy.tracers.opentelemetry", "typed_config": tracer},
        "random_sampling": {"value": settings.trace_share * 100},
        "spawn_upstream_span": True,
        "max_path_tag_length": _LONGEST_PATH,
        "custom_tags": tags,
    }
