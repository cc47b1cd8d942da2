"""Envoy's static configuration: the listener, the routes, the usage log, and where the dynamic parts come from."""

from typing import Final

from gwctl.core.names import API_PATHS
from gwctl.edge.envoy.clusters import (
    AS_IT_IS,
    GATEWAY_CLUSTER,
    agent_cluster,
    collector_cluster,
    gateway_cluster,
    issuer_cluster,
    portkey_cluster,
    scanner_cluster,
    typed,
)
from gwctl.edge.envoy.conditions import all_of, any_of, by_expression, by_status
from gwctl.edge.envoy.filters import ANSWER_LIMIT_FILTER, BUFFER_FILTER, early_removals, http_filters
from gwctl.edge.envoy.headers import PATTERN_LIMIT
from gwctl.edge.envoy.local_replies import local_replies
from gwctl.edge.envoy.tracing import tracing
from gwctl.edge.envoy.usage_log import log_format, request_format
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.settings import EdgeSettings

ROUTE_HEADER: Final = "x-gw-route"
WATCHDOG: Final[JsonObject] = {"miss_timeout": "2s", "megamiss_timeout": "10s"}
"""It counts threads that hang and does nothing to them. By default each thread wakes ten times a second for it."""
LANE_HEADER: Final = "x-gw-lane"
EXPRESS_ROUTE: Final = "gw.route"
"""Where the policy lists the clusters of the tries of a request."""
MAX_RETRY_AFTER_SECONDS: Final = 30
"""A provider that asks for more time than this before it is tried again is not waited for so long."""


def bootstrap(settings: EdgeSettings) -> JsonObject:
    """The whole of it, as Envoy reads it from JSON."""
    return {
        "node": {"id": "edge", "cluster": "edge"},
        "admin": {
            "address": {"pipe": {"path": str(settings.admin_socket), "mode": 0o600}},
            "ignore_global_conn_limit": True,
        },
        "layered_runtime": {
            "layers": [{"name": "edge", "static_layer": {"re2.max_program_size.error_level": PATTERN_LIMIT}}]
        },
        "dynamic_resources": {
            "cds_config": {
                "path_config_source": {"path": str(settings.cds_file)},
                "resource_api_version": "V3",
            }
        },
        "static_resources": {
            "listeners": [_listener(settings)],
            "clusters": _clusters(settings),
        },
        "overload_manager": _overload(settings),
        "watchdogs": {"main_thread_watchdog": WATCHDOG, "worker_watchdog": WATCHDOG},
    }


def _overload(settings: EdgeSettings) -> JsonObject:
    """When requests are refused whatever the policy says: too many connections, or the agent says so."""
    connections = typed(
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=settings.max_connections,
    )
    told = typed(
        "envoy.extensions.resource_monitors.injected_resource.v3.InjectedResourceConfig",
        filename=str(settings.pressure_file),
    )
    name = "envoy.resource_monitors.injected_resource"
    refuse: JsonObject = {
        "name": "envoy.overload_actions.stop_accepting_requests",
        "triggers": [{"name": name, "threshold": {"value": 1.0}}],
    }
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            {"name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": connections},
            {"name": name, "typed_config": told},
        ],
        "actions": [refuse],
    }


def _clusters(settings: EdgeSettings) -> list[Json]:
    clusters: list[Json] = [portkey_cluster(settings), gateway_cluster(settings), issuer_cluster(settings)]
    if settings.reserve_socket is not None:
        clusters.append(agent_cluster(settings.reserve_socket))
    if settings.scanner_port is not None:
        clusters.append(scanner_cluster(settings.scanner_port))
    if settings.trace_endpoint is not None:
        clusters.append(collector_cluster(settings, settings.trace_endpoint))
    return clusters


def _listener(settings: EdgeSettings) -> JsonObject:
    return {
        "name": "edge",
        # With it, a second Envoy of the same user would share the port without a word and take turns answering.
        "enable_reuse_port": False,
        "address": {"socket_address": {"address": settings.listen_host, "port_value": settings.listen_port}},
        "per_connection_buffer_limit_bytes": settings.max_response_bytes,
        "filter_chains": [{"filters": [{"name": "http", "typed_config": _http(settings)}]}],
    }


def _http(settings: EdgeSettings) -> JsonObject:
    return typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="edge",
        codec_type="AUTO",
        use_remote_address=True,
        xff_num_trusted_hops=settings.trusted_hops,
        internal_address_config={"unix_sockets": False},
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        server_header_transformation="PASS_THROUGH",
        always_set_request_id_in_response=True,
        request_id_extension={
            "typed_config": typed("envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig", pack_trace_reason=False)
        },
        early_header_mutation_extensions=[{"name": "strip", "typed_config": early_removals()}],
        max_request_headers_kb=settings.max_header_kib,
        common_http_protocol_options={
            "headers_with_underscores_action": "DROP_HEADER",
            "max_headers_count": 100,
            "idle_timeout": f"{settings.connection_idle_seconds}s",
        },
        http2_protocol_options={
            "max_concurrent_streams": 100,
        },
        request_headers_timeout=f"{settings.header_seconds}s",
        request_timeout=f"{settings.body_seconds}s",
        stream_idle_timeout=f"{settings.stream_idle_seconds}s",
        local_reply_config=local_replies(),
        access_log=_access_logs(settings),
        **({"tracing": tracing(settings, settings.trace_endpoint)} if settings.trace_endpoint else {}),
        http_filters=http_filters(settings),
        route_config=_routes(settings),
    )


def _access_logs(settings: EdgeSettings) -> list[Json]:
    for_metering = typed(
        "envoy.extensions.access_loggers.file.v3.FileAccessLog",
        path=str(settings.usage_log),
        log_format={"json_format": log_format()},
    )
    of_clients = all_of(
        {"not_health_check_filter": {}},
        # What is not HTTP has no id, no client and no path.
        {"header_filter": {"header": {"name": "x-request-id", "present_match": True}}},
        # What is refused because there is no room for lines must not take any.
        any_of(by_status("NE", 503), by_expression("response.code_details != 'overload'")),
    )
    logs: list[Json] = [{"name": "usage", "filter": of_clients, "typed_config": for_metering}]
    if settings.log_requests:
        for_people = typed(
            "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", log_format={"json_format": request_format()}
        )
        logs.append({"name": "requests", "filter": of_clients, "typed_config": for_people})
    return logs


def _routes(settings: EdgeSettings) -> JsonObject:
    idle = f"{settings.stream_idle_seconds}s"
    to_portkey: list[Json] = [
        {
            "name": api,
            "match": {"path": path},
            "route": {
                "cluster_header": ROUTE_HEADER,
                "timeout": "0s",
                "idle_timeout": idle,
                "host_rewrite_literal": "gateway",
                "retry_policy": {"retry_on": "connect-failure", "num_retries": 2},
            },
        }
        for paths in (API_PATHS, AS_IT_IS)
        for api, path in paths.items()
    ]
    routes = [*_express_routes(idle), *to_portkey]
    # A CONNECT or an upgrade may never end: it must not wait in the buffer, but come to the policy or be refused.
    unbuffered: JsonObject = {
        "direct_response": {"status": 404},
        "typed_per_filter_config": {
            each: typed("envoy.extensions.filters.http.buffer.v3.BufferPerRoute", disabled=True)
            for each in (BUFFER_FILTER, ANSWER_LIMIT_FILTER)
        },
    }
    routes.append({"name": "connect", "match": {"connect_matcher": {}}, **unbuffered})
    upgrade: list[Json] = [{"name": "upgrade", "present_match": True}]
    routes.append({"name": "upgrade", "match": {"prefix": "/", "headers": upgrade}, **unbuffered})
    # The express lane's later tries are told by the number that Envoy writes into a header of the request.
    apis: JsonObject = {"name": "apis", "domains": ["*"], "routes": routes, "include_request_attempt_count": True}
    return {"name": "edge", "virtual_hosts": [apis]}


def _express_routes(idle: str) -> list[Json]:
    """The ways of the express lane: the policy names the one that it wants in a header, and says when to try again."""
    once: JsonObject = {"retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 2}
    listed: JsonObject = {
        "extension": {
            "name": "envoy.router.cluster_specifier_plugin.priority_group",
            "typed_config": typed(
                "envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier",
                override_metadata_namespace=EXPRESS_ROUTE,
                # Never used: the policy lists the clusters of each request.
                priority_groups=[{"name": "none", "clusters": [{"cluster_name": GATEWAY_CLUSTER, "weight": 1}]}],
            ),
        }
    }
    at_once: JsonObject = {
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
        "refresh_cluster_on_retry": True,
    }
    patient: JsonObject = {
        "retry_back_off": {"base_interval": "0.5s", "max_interval": "8s"},
        "rate_limited_retry_back_off": {
            "reset_headers": [{"name": "retry-after", "format": "SECONDS"}],
            "max_interval": f"{MAX_RETRY_AFTER_SECONDS}s",
        },
        "refresh_cluster_on_retry": True,
    }
    ways: dict[str, tuple[JsonObject, JsonObject]] = {
        "express": ({"cluster_header": ROUTE_HEADER}, once),
        "fallback": ({"inline_cluster_specifier_plugin": listed}, at_once),
        "patient": ({"inline_cluster_specifier_plugin": listed}, patient),
    }
    routes: list[Json] = []
    for name, (to, retries) in ways.items():
        asked: list[Json] = [{"name": LANE_HEADER, "string_match": {"exact": name}}]
        route: JsonObject = {**to, "timeout": "0s", "idle_timeout": idle, "retry_policy": retries}
        routes.append({"name": name, "match": {"prefix": "/", "headers": asked}, "route": route})
    return routes
