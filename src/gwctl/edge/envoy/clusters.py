"""Clusters: Portkey, for requests and for health, the agent, the issuer of tokens, a mark that a policy is in force."""

import ipaddress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gwctl.core.names import API_PATHS, Api
from gwctl.edge.envoy.headers import FROM_PORTKEY, TO_PORTKEY, all_but
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.settings import EdgeSettings

POLICY_CLUSTER: Final = "policy"
"""A cluster without endpoints that comes with the policy: `/healthz` is 503 until there is one."""
GATEWAY_CLUSTER: Final = "gateway"
PORTKEY_CLUSTER: Final = "portkey"
ISSUER_CLUSTER: Final = "issuer"
AGENT_CLUSTER: Final = "agent"
SCANNER_CLUSTER: Final = "scanner"
COLLECTOR_CLUSTER: Final = "collector"
AS_IT_IS: Final[dict[Api, str]] = {api: path.replace("/v1/", "/v1/proxy/", 1) for api, path in API_PATHS.items()}
"""The path at Portkey by which a body goes on as it is, instead of those of its parameters that Portkey knows."""
PORTKEY_MARK: Final = "x-gw-portkey"
"""A header that Portkey's and providers' answers carry inside the edge, and Envoy's own do not."""

_CLUSTER: Final = "envoy.config.cluster.v3.Cluster"
PRIVATE_POLICY: Final = "private"
"""Which Envoy names when it refuses the address of a provider."""
HTTP_OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_PORTKEY_IDLE: Final = "4s"
"""Shorter than Node's own, which is 5 s, or 60 with our preload script: a request sent as Node closes would be lost."""


def typed(message: str, /, **fields: Json) -> JsonObject:
    """A `google.protobuf.Any` in JSON: `message` is the message's full name."""
    return {"@type": f"type.googleapis.com/{message}", **fields}


def is_address(host: str) -> bool:
    """Whether the host is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def endpoints(name: str, host: str, ports: tuple[int, ...]) -> JsonObject:
    """The endpoints of a cluster: one host, some ports."""
    return {
        "type": "STATIC" if is_address(host) else "STRICT_DNS",
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [
                {
                    "lb_endpoints": [
                        {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}
                        for port in ports
                    ]
                }
            ],
        },
    }


def _http_options() -> JsonObject:
    append: JsonObject = {
        "header": {"key": PORTKEY_MARK, "value": "1"},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }
    headers = typed(
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        mutations={
            "request_mutations": [all_but(TO_PORTKEY)],
            "response_mutations": [all_but(FROM_PORTKEY), {"append": append}],
        },
    )
    codec = typed("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec")
    return typed(
        HTTP_OPTIONS,
        common_http_protocol_options={"idle_timeout": _PORTKEY_IDLE},
        explicit_http_config={"http_protocol_options": {}},
        http_filters=[{"name": "headers", "typed_config": headers}, {"name": "codec", "typed_config": codec}],
    )


def unlimited() -> JsonObject:
    """No bounds of a cluster's own: the edge's listener has the only one."""
    most = 1_000_000
    limits: JsonObject = {
        "max_connections": most,
        "max_pending_requests": most,
        "max_requests": most,
        "max_retries": most,
    }
    return {"thresholds": [limits]}


def gateway_cluster(settings: EdgeSettings) -> JsonObject:
    """Portkey as `/healthz` sees it: checked all the time, never given a request."""
    interval = f"{settings.health_interval_seconds:g}s"
    check: JsonObject = {
        "timeout": "2s",
        "interval": interval,
        "no_traffic_interval": interval,
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {"path": "/"},
    }
    return {
        "name": GATEWAY_CLUSTER,
        **endpoints(GATEWAY_CLUSTER, settings.gateway_host, settings.gateway_ports),
        "health_checks": [check],
    }


def portkey_cluster(settings: EdgeSettings) -> JsonObject:
    """Portkey as requests see it: all go here, and each says itself what Portkey is to do."""
    return {
        "name": PORTKEY_CLUSTER,
        **endpoints(PORTKEY_CLUSTER, settings.gateway_host, settings.gateway_ports),
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": unlimited(),
        "typed_extension_protocol_options": {HTTP_OPTIONS: _http_options()},
    }


def agent_cluster(socket: Path) -> JsonObject:
    """The agent, which reserves quota: a Unix socket, whose connections stay open."""
    endpoint: JsonObject = {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
    return {
        "name": AGENT_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "circuit_breakers": unlimited(),
        "load_assignment": {"cluster_name": AGENT_CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def scanner_cluster(port: int) -> JsonObject:
    """The agent, which looks for what content rules forbid: a port of loopback."""
    return {
        "name": SCANNER_CLUSTER,
        **endpoints(SCANNER_CLUSTER, "127.0.0.1", (port,)),
        "circuit_breakers": unlimited(),
    }


def policy_cluster() -> JsonObject:
    """See `POLICY_CLUSTER`."""
    return typed(_CLUSTER, name=POLICY_CLUSTER, type="STATIC", connect_timeout="2s")


def issuer_cluster(settings: EdgeSettings) -> JsonObject:
    """Where the issuer's keys are fetched."""
    return _outside(ISSUER_CLUSTER, settings.jwks_url, settings.ca_bundle)


def collector_cluster(settings: EdgeSettings, endpoint: str) -> JsonObject:
    """Where spans go."""
    return _outside(COLLECTOR_CLUSTER, endpoint, settings.ca_bundle)


def _outside(name: str, address: str, ca_bundle: Path) -> JsonObject:
    """The host of a URL; over https its certificate is checked."""
    url = urlsplit(address)
    host, tls = url.hostname or "", url.scheme == "https"
    cluster: JsonObject = {
        "name": name,
        **endpoints(name, host, (url.port or (443 if tls else 80),)),
        "dns_lookup_family": "V4_PREFERRED",
    }
    if tls:
        cluster["transport_socket"] = tls_socket(host, ca_bundle)
    return cluster


def tls_socket(host: str, ca_bundle: Path) -> JsonObject:
    """TLS to a host whose certificate is checked."""
    names: list[Json] = [{"san_type": "IP_ADDRESS" if is_address(host) else "DNS", "matcher": {"exact": host}}]
    trust: JsonObject = {
        "trusted_ca": {"filename": str(ca_bundle)},
        "match_typed_subject_alt_names": names,
    }
    sni: JsonObject = {} if is_address(host) else {"sni": host}
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": typed(
            "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            common_tls_context={"validation_context": trust},
            **sni,
        ),
    }
