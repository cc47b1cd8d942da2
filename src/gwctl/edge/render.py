"""Policy snapshot, settings and secrets → the files that Envoy reads. What the agent and `gwctl up` call.

Envoy reads them by renaming: write each to a temporary name in the same directory, then rename it over the old one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from gwctl.edge import express, portkey
from gwctl.edge.breaker import OpenTargets
from gwctl.edge.envoy import bootstrap, clusters
from gwctl.edge.envoy.clusters import typed
from gwctl.edge.envoy.filters import KEYS_FILTER, POLICY_FILTER, SHARED_CREDENTIALS
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.policy_tables import key_tables, policy_tables
from gwctl.edge.portkey import Secrets
from gwctl.edge.settings import EdgeSettings
from gwctl.policy.snapshot import Snapshot

__all__ = ["PolicyFiles", "Secrets", "render_bootstrap", "render_no_policy", "render_policy"]

_FOLDER = files("gwctl.edge") / "lua"
_POLICY_SCRIPTS = (
    "body/text",
    "body/json",
    "refusal",
    "refuse",
    "models",
    "body/shapes",
    "body/outside",
    "body/body_of",
    "reserve",
    "lanes/credentials",
    "lanes/express",
    "lanes/scan",
    "body/parameters",
    "body/conversation",
    "policy",
    "gemini",
    "problem",
    "answer",
)
_KEY_SCRIPTS = ("body/text", "body/json", "refusal", "refuse", "sha256", "keys")
_TEXTS = {
    name: (_FOLDER / f"{name}.lua").read_text() for name in {*_POLICY_SCRIPTS, *_KEY_SCRIPTS, "main", "keys_main"}
}
"""Read once: tables and scripts must be of one version, also when the package is upgraded under a running agent."""


@dataclass(frozen=True)
class PolicyFiles:
    """The dynamic configuration of one snapshot.

    Apply in this order, each file by rename: all of `secrets` (SDS, mode 0600, into `settings.secrets_dir`), then
    `clusters` (CDS, `settings.cds_file`), then by ECDS `keys` (`settings.keys_file`), `policy` (`settings.ecds_file`).
    """

    version: str
    """The snapshot's label: `version_info` of clusters and policy, as Envoy's admin interface shows it."""
    secrets: Mapping[str, bytes] = field(repr=False)
    """File name → content."""
    clusters: bytes = field(repr=False)
    keys: bytes = field(repr=False)
    policy: bytes = field(repr=False)
    missing_secrets: tuple[str, ...] = ()
    """Providers that serve a route but have no key."""


def render_bootstrap(settings: EdgeSettings) -> JsonObject:
    """Envoy's bootstrap; JSON is what Envoy reads."""
    return bootstrap.bootstrap(settings)


def render_no_policy(settings: EdgeSettings) -> PolicyFiles:
    """What must be there before the first policy, because Envoy does not start without its files.

    Every request is refused with 503 and `/healthz` is 503.
    """
    nothing = "function envoy_on_request(handle) end\n"
    return _files("none", settings, credentials="{}", mark=[], lua=nothing, keys_lua=nothing)


def render_policy(
    snapshot: Snapshot, settings: EdgeSettings, secrets: Secrets, open_targets: OpenTargets = frozenset()
) -> PolicyFiles:
    """All dynamic files of a snapshot. The same input gives the same bytes.

    `open_targets` (`CircuitBreakers.open_targets`) are left out of the routes that have others; only the file `policy`
    differs by them, and its version does not.
    """
    return _files(
        snapshot.label,
        settings,
        credentials=portkey.credentials(snapshot, secrets),
        mark=[clusters.policy_cluster(), *express.clusters(snapshot, settings)],
        lua=lua_source(snapshot, settings, open_targets),
        keys_lua=keys_source(snapshot),
        missing=portkey.missing_secrets(snapshot, secrets),
    )


def _files(
    version: str,
    settings: EdgeSettings,
    *,
    credentials: str,
    mark: list[Json],
    lua: str,
    keys_lua: str,
    missing: tuple[str, ...] = (),
) -> PolicyFiles:
    secret = typed(
        "envoy.extensions.transport_sockets.tls.v3.Secret",
        name=SHARED_CREDENTIALS,
        generic_secret={"secret": {"inline_string": credentials}},
    )
    return PolicyFiles(
        version=version,
        secrets={settings.secrets_file.name: _discovery(version, [secret])},
        clusters=_discovery(version, mark),
        keys=_discovery(version, [_script(KEYS_FILTER, keys_lua)]),
        policy=_discovery(version, [_script(POLICY_FILTER, lua)]),
        missing_secrets=missing,
    )


def _script(name: str, lua: str) -> Json:
    script = typed("envoy.extensions.filters.http.lua.v3.Lua", default_source_code={"inline_string": lua})
    return typed("envoy.config.core.v3.TypedExtensionConfig", name=name, typed_config=script)


def lua_source(snapshot: Snapshot, settings: EdgeSettings, open_targets: OpenTargets = frozenset()) -> str:
    """The whole Lua program: the tables, then the scripts."""
    return _program(policy_tables(snapshot, settings, open_targets), _POLICY_SCRIPTS, "main")


def keys_source(snapshot: Snapshot) -> str:
    """The Lua program of the filter that knows virtual keys."""
    return _program(key_tables(snapshot), _KEY_SCRIPTS, "keys_main")


def _program(tables: str, scripts: tuple[str, ...], main: str) -> str:
    return "".join(
        [
            tables,
            *(f"local {name.rpartition('/')[2]} = (function()\n{_TEXTS[name]}\nend)()\n" for name in scripts),
            _TEXTS[main],
        ]
    )


def _discovery(version: str, resources: list[Json]) -> bytes:
    return json.dumps({"version_info": version, "resources": resources}, separators=(",", ":")).encode()
