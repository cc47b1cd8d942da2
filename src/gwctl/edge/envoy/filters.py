"""The HTTP filters, in the order that a request meets them; an answer meets them the other way round."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from gwctl.edge.envoy.clusters import AGENT_CLUSTER, GATEWAY_CLUSTER, ISSUER_CLUSTER, POLICY_CLUSTER, typed
from gwctl.edge.envoy.usage_log import AGENT_HEADERS, DECISION, GW, RESERVATION, plain_rules, served_rules, stream_rules
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.settings import EdgeSettings

HEALTH_PATH: Final = "/healthz"
KEYS_FILTER: Final = "keys"
POLICY_FILTER: Final = "policy"
BUFFER_FILTER: Final = "buffer"
ANSWER_LIMIT_FILTER: Final = "answer_limit"
CREDENTIALS_HEADER: Final = "x-gw-credentials"
KEY_HEADER: Final = "x-gw-key"
"""The id of the virtual key with which a request came, and which was checked. It ends at the edge."""
RESERVE_HEADER: Final = "x-gw-reserve"
"""What the policy tells the agent about a request: JSON on one line. It ends at the edge."""
RESERVE_SECONDS: Final = 5
"""For the agent to answer, all tries together."""
SHARED_CREDENTIALS: Final = "credentials"

_STRIPPED_PREFIXES: Final = ("x-portkey-", "x-gw-", "x-amzn-oidc-", "x-envoy-")
_HIDDEN_PREFIXES: Final = ("x-portkey-", "x-envoy-")
_HIDDEN_BUT_DROPPED: Final = "x-gw-(?:[^d].*|d[^r].*)"
"""All of the gateway's own but `x-gw-dropped`, which says what of a request was left out."""
_HIDDEN_HEADERS: Final = ("server", "set-cookie")
# The policy passes only a few headers of an answer; these never get out, whatever the policy does.


def _removals(prefixes: tuple[str, ...], names: tuple[str, ...]) -> list[Json]:
    by_prefix: list[Json] = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in prefixes]
    return [*by_prefix, *({"remove": name} for name in names)]


def early_removals() -> JsonObject:
    """Removes, before Envoy looks at a header itself, what only Envoy and the gateway may say."""
    return typed(
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=_removals(_STRIPPED_PREFIXES, ("x-request-id",)),
    )


def _health_check() -> JsonObject:
    return typed(
        "envoy.extensions.filters.http.health_check.v3.HealthCheck",
        pass_through_mode=False,
        headers=[{"name": ":path", "string_match": {"exact": HEALTH_PATH}}],
        cluster_min_healthy_percentages={GATEWAY_CLUSTER: {"value": 1}, POLICY_CLUSTER: {"value": 0}},
    )


def _answer_headers() -> JsonObject:
    return typed(
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        mutations={
            "response_mutations": [
                *_removals(_HIDDEN_PREFIXES, _HIDDEN_HEADERS),
                {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": _HIDDEN_BUT_DROPPED}}}},
            ]
        },
    )


def _jwt(settings: EdgeSettings) -> JsonObject:
    provider: JsonObject = {
        "issuer": settings.issuer,
        "remote_jwks": {
            "http_uri": {"uri": settings.jwks_url, "cluster": ISSUER_CLUSTER, "timeout": "5s"},
            "cache_duration": f"{settings.jwks_seconds}s",
            "async_fetch": {"fast_listener": True},
        },
        "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}],
        "forward": False,
        "require_expiration": True,
        "clock_skew_seconds": settings.clock_skew_seconds,
        "payload_in_metadata": "claims",
        "header_in_metadata": "header",
        "jwt_cache_config": {"jwt_cache_size": 1000},
    }
    return typed(
        "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers={"issuer": provider},
        rules=[
            {"match": {"prefix": "/", "headers": [{"name": KEY_HEADER, "present_match": True}]}},
            {"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}},
        ],
    )


def _credentials(settings: EdgeSettings) -> JsonObject:
    """Puts the credentials of all providers into a header, where the policy finds those that a route needs.

    One secret, not one for each route: Envoy opens an inotify instance for each file of secrets, and Linux gives a
    user 128 of them; one more and Envoy aborts.
    """
    source: JsonObject = {
        "resource_api_version": "V3",
        "path_config_source": {"path": str(settings.secrets_file)},
    }
    generic = typed(
        "envoy.extensions.http.injected_credentials.generic.v3.Generic",
        header=CREDENTIALS_HEADER,
        credential={"name": SHARED_CREDENTIALS, "sds_config": source},
    )
    return typed(
        "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
        overwrite=True,
        allow_request_without_credential=True,
        credential={"name": "envoy.http.injected_credentials.generic", "typed_config": generic},
    )


def _reserve() -> JsonObject:
    """Asks the agent to reserve quota. Whoever cannot be asked about is refused.

    A connection that the agent has closed meanwhile, because it started anew, is no reason: then it is asked again.
    Envoy takes `max_interval` for the time-out of a try, too.
    """
    timeout = f"{RESERVE_SECONDS}s"
    told: list[Json] = [{"exact": RESERVE_HEADER}]
    shown: list[Json] = [{"exact": "retry-after"}, {"exact": "content-type"}, {"prefix": "x-ratelimit-"}]
    kept: list[Json] = [{"exact": name} for name in AGENT_HEADERS]
    asked: JsonObject = {"filter": GW, "path": [{"key": DECISION}, {"key": "quota"}], "value": {"bool_match": True}}
    return typed(
        "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        http_service={
            "server_uri": {"uri": "http://agent", "cluster": AGENT_CLUSTER, "timeout": timeout},
            "authorization_response": {
                "allowed_client_headers": {"patterns": shown},
                "dynamic_metadata_from_headers": {"patterns": kept},
            },
            "retry_policy": {
                "retry_on": "connect-failure,reset",
                "num_retries": 3,
                "retry_back_off": {"base_interval": "0.05s", "max_interval": timeout},
            },
        },
        allowed_headers={"patterns": told},
        filter_enabled_metadata=asked,
        failure_mode_allow=False,
        status_on_error={"code": 503},
        stat_prefix="reserve",
    )


def _buffer(most: int) -> JsonObject:
    """Waits for the whole request. Envoy has one limit for what it holds of a request and of its answer, which each of
    these filters sets anew."""
    return typed("envoy.extensions.filters.http.buffer.v3.Buffer", max_request_bytes=most)


def _content_type() -> JsonObject:
    script = (files("gwctl.edge") / "lua" / "content_type.lua").read_text()
    return typed("envoy.extensions.filters.http.lua.v3.Lua", default_source_code={"inline_string": script})


def _delivered(name: str, file: Path) -> JsonObject:
    """A script that the agent delivers in a file (ECDS)."""
    source: JsonObject = {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}
    types: list[Json] = ["type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"]
    return {"name": name, "config_discovery": {"config_source": source, "type_urls": types}}


def http_filters(settings: EdgeSettings) -> list[Json]:
    """All of them."""
    reserve: list[Json] = [{"name": RESERVATION, "typed_config": _reserve()}] if settings.reserve_socket else []
    return [
        {"name": "answer_headers", "typed_config": _answer_headers()},
        {"name": "health", "typed_config": _health_check()},
        _delivered(KEYS_FILTER, settings.keys_file),
        {"name": "envoy.filters.http.jwt_authn", "typed_config": _jwt(settings)},
        {"name": BUFFER_FILTER, "typed_config": _buffer(settings.max_request_bytes)},
        {"name": "credentials", "typed_config": _credentials(settings)},
        _delivered(POLICY_FILTER, settings.ecds_file),
        *reserve,
        # The request is whole by now, so that this one waits for nothing; its limit holds for the answer.
        {
            "name": ANSWER_LIMIT_FILTER,
            "typed_config": _buffer(max(settings.max_request_bytes, settings.max_response_bytes)),
        },
        {"name": "plain_usage", "typed_config": plain_rules()},
        {"name": "stream_usage", "typed_config": stream_rules()},
        {"name": "content_type", "typed_config": _content_type()},
        {"name": "served", "typed_config": served_rules()},
        {
            "name": "router",
            "typed_config": typed("envoy.extensions.filters.http.router.v3.Router", suppress_envoy_headers=True),
        },
    ]
