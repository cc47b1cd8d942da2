"""The express lane: which requests of a variant go to the provider itself, and how.

In: a variant's tree and the providers. Out: for each API the tries, in order, which the policy walks
(lua/lanes/express.lua), and the providers' clusters for Envoy. No credentials are in either.
"""

import ipaddress
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, TypeAlias
from urllib.parse import quote, urlsplit

from gwctl.core.names import Api, ProviderKind
from gwctl.edge.breaker import Path, marks
from gwctl.edge.envoy.clusters import (
    HTTP_OPTIONS,
    PORTKEY_MARK,
    PRIVATE_POLICY,
    endpoints,
    is_address,
    tls_socket,
    typed,
    unlimited,
)
from gwctl.edge.envoy.headers import FROM_PROVIDER, SERVED_HEADERS, TO_PROVIDER, all_but
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.settings import EdgeSettings
from gwctl.policy.compiling.lanes import statuses_of
from gwctl.policy.documents import Provider
from gwctl.policy.snapshot import Node, Snapshot, TargetNode, Variant, targets_of

FIRST: Final = "express/"
AGAIN: Final = "again/"
"""Before a provider's id, the names of its clusters: of the first try of a request, and of a later one, for which the
request has to be made another provider's."""

_HOSTS: Final[dict[ProviderKind, str]] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
}
_ENDPOINTS: Final[dict[Api, str]] = {
    "chat": "/chat/completions",
    "responses": "/responses",
    "embeddings": "/embeddings",
    "messages": "/messages",
    "count_tokens": "/messages/count_tokens",
}
_KEY_HEADERS: Final[dict[ProviderKind, tuple[str, str]]] = {
    "openai": ("authorization", "Bearer "),
    "ollama": ("authorization", "Bearer "),
    "azure-openai": ("api-key", ""),
    "anthropic": ("x-api-key", ""),
}
"""The header that takes the key, and what stands before it."""
_ANTHROPIC_VERSION: Final = "2023-06-01"
"""Of the API, for a caller that names none: Anthropic refuses such a request."""
_IDLE: Final = {"https": "50s", "http": "4s"}
"""Before the provider closes a connection itself: large ones do so after a minute, small servers after 5 s."""
_PRIVATE: Final = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3", "::/127", "::ffff:0:0/96", "64:ff9b::/96", "fc00::/7",
    "fe80::/10", "ff00::/8",
)  # fmt: skip
"""Networks in which no provider is, unless its document says so by naming an address in them."""


Try: TypeAlias = dict[str, str | int]
"""What lua/lanes/express.lua knows of a target: `provider host path model header prefix option weight times`."""


@dataclass(frozen=True)
class Place:
    """Where a provider is: `path` is what all its paths begin with."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The `host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (443 if self.scheme == "https" else 80)
        return host if usual else f"{host}:{self.port}"

    @property
    def is_named_private(self) -> bool:
        """Whether the document itself names this machine, or an address that may be a private one."""
        return self.host == "localhost" or is_address(self.host)


def place_of(provider: Provider) -> Place:
    """The place of a provider that can be on the express lane."""
    url = provider.base_url or _HOSTS.get(provider.kind) or f"https://{provider.azure_resource}.openai.azure.com/openai"
    if provider.kind == "ollama" and not url.endswith("/v1"):
        url += "/v1"
    parts = urlsplit(url)
    return Place(parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), parts.path)


def path_of(provider: Provider, api: Api, model: str) -> str:
    """The path and the query of an API at a provider."""
    base = place_of(provider).path
    if provider.kind != "azure-openai":
        return base + _ENDPOINTS[api]
    version = provider.azure_api_version
    if version == "v1":
        where = f"/v1{_ENDPOINTS[api]}"
    elif api == "responses":
        where = _ENDPOINTS[api]
    else:
        where = f"/deployments/{quote(model, safe='')}{_ENDPOINTS[api]}"
    return f"{base}{where}?api-version={version}"


@dataclass(frozen=True)
class Step:
    """Some targets, of which one is picked by weight and tried so often."""

    targets: tuple[tuple[TargetNode, Path], ...]


def steps(node: Node, skipped: frozenset[Path] = frozenset(), path: Path = ()) -> Iterator[Step]:
    """What is tried after each other, without what is skipped."""
    if path in skipped:
        return
    if isinstance(node, TargetNode):
        yield Step(((node, path),))
    elif node.strategy == "weighted":
        below = ((node, (*path, index)) for index, node in enumerate(node.targets))
        yield Step(tuple((leaf, at) for leaf, at in below if isinstance(leaf, TargetNode) and at not in skipped))
    else:
        for index, each in enumerate(node.targets):
            yield from steps(each, skipped, (*path, index))


def plan(
    variant: Variant, api: Api, providers: Mapping[str, Provider], skipped: frozenset[Path]
) -> dict[str, str | list[list[Try]]]:
    """What lua/lanes/express.lua needs to know about an API of a variant."""
    timeout = max(node.timeout_seconds for node in targets_of(variant.tree))
    codes = next(iter(statuses_of(variant.tree)), ())
    return {
        "steps": [
            [_try(node, path, api, providers[node.provider]) for node, path in step.targets]
            for step in steps(variant.tree, skipped)
        ],
        "statuses": ",".join(str(code) for code in codes),
        "timeout": str(timeout * 1000),
    }


def _try(node: TargetNode, path: Path, api: Api, provider: Provider) -> Try:
    header, prefix = _KEY_HEADERS[provider.kind]
    return {
        "provider": provider.id,
        "host": place_of(provider).authority,
        "path": path_of(provider, api, node.model),
        "model": json.dumps(node.model),
        "header": header,
        "prefix": prefix,
        "option": marks(frozenset({path})),
        "weight": node.weight,
        "times": node.retries.attempts + 1,
    }


def clusters(snapshot: Snapshot, settings: EdgeSettings) -> list[Json]:
    """The clusters of all providers that are on the express lane."""
    express = [v for v in snapshot.variants.values() if any(v.is_express(api) for api in v.apis)]
    used = {node.provider for variant in express for node in targets_of(variant.tree)}
    again = {node.provider for variant in express if _has_others(variant.tree) for node in targets_of(variant.tree)}
    built: list[Json] = [_cluster(FIRST, snapshot.providers[name], settings) for name in sorted(used)]
    return built + [_cluster(AGAIN, snapshot.providers[name], settings) for name in sorted(again)]


def _has_others(tree: Node) -> bool:
    return len(list(targets_of(tree))) > 1


def _cluster(prefix: str, provider: Provider, settings: EdgeSettings) -> JsonObject:
    place = place_of(provider)
    name = prefix + provider.id
    cluster: JsonObject = {
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        **endpoints(name, place.host, (place.port,)),
        "connect_timeout": "5s",
        "circuit_breakers": unlimited(),
        # A policy is in force before names are resolved: who asks meanwhile waits or is refused.
        "wait_for_warm_on_init": False,
        "typed_extension_protocol_options": {HTTP_OPTIONS: _http_options(prefix, place, provider.kind)},
    }
    if not is_address(place.host):
        cluster |= {
            "type": "LOGICAL_DNS",
            "dns_lookup_family": "V4_PREFERRED",
            "respect_dns_ttl": True,
            "dns_failure_refresh_rate": {"base_interval": "1s", "max_interval": "10s"},
        }
    if place.scheme == "https":
        cluster["transport_socket"] = tls_socket(place.host, settings.ca_bundle)
    return cluster


def _http_options(prefix: str, place: Place, kind: ProviderKind) -> JsonObject:
    filters: list[Json] = [] if place.is_named_private else [{"name": "addresses", "typed_config": _public_only()}]
    if prefix == AGAIN:
        script = (files("gwctl.edge") / "lua" / "lanes" / "again.lua").read_text()
        lua = typed("envoy.extensions.filters.http.lua.v3.Lua", default_source_code={"inline_string": script})
        filters.append({"name": "again", "typed_config": lua})
    filters.append({"name": "headers", "typed_config": _headers(kind)})
    codec = typed("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec")
    filters.append({"name": "codec", "typed_config": codec})
    protocols: JsonObject = {"explicit_http_config": {"http_protocol_options": {}}}
    if place.scheme == "https":
        protocols = {"auto_config": {"http_protocol_options": {}, "http2_protocol_options": {}}}
    return typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options={"idle_timeout": _IDLE[place.scheme]},
        http_filters=filters,
        **protocols,
    )


def _headers(kind: ProviderKind) -> JsonObject:
    # Without a word about it a provider may compress what the edge has to read.
    wanted: list[Json] = [all_but(TO_PROVIDER[kind]), _header("accept-encoding", "identity")]
    if kind == "anthropic":
        wanted.append(_header("anthropic-version", _ANTHROPIC_VERSION, "ADD_IF_ABSENT"))
    told: list[Json] = [all_but(FROM_PROVIDER), _header(PORTKEY_MARK, "1"), _header(SERVED_HEADERS["provider"], kind)]
    return typed(
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        mutations={"request_mutations": wanted, "response_mutations": told},
    )


def _header(name: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> JsonObject:
    return {"append": {"header": {"key": name, "value": value}, "append_action": action}}


def _public_only() -> JsonObject:
    """Refuses addresses in private networks, whatever name led there, before a connection is made."""
    private: list[Json] = []
    for network in _PRIVATE:
        parsed = ipaddress.ip_network(network)
        block: JsonObject = {"address_prefix": str(parsed.network_address), "prefix_len": parsed.prefixlen}
        private.append(
            {
                "matcher": {
                    "name": "envoy.rbac.matchers.upstream_ip_port",
                    "typed_config": typed(
                        "envoy.extensions.rbac.matchers.upstream_ip_port.v3.UpstreamIpPortMatcher", upstream_ip=block
                    ),
                }
            }
        )
    policy: JsonObject = {"permissions": [{"or_rules": {"rules": private}}], "principals": [{"any": True}]}
    return typed(
        "envoy.extensions.filters.http.rbac.v3.RBAC", rules={"action": "DENY", "policies": {PRIVATE_POLICY: policy}}
    )
