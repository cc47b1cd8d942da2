"""Policy snapshot, settings and secrets → the files that Envoy reads. What the agent and `gwctl up` call.

Envoy reads them by renaming: write each to a temporary name in the same directory, then rename it over the old one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from gwctl.edge import portkey
from gwctl.edge.breaker import OpenTargets
from gwctl.edge.envoy import bootstrap, clusters
from gwctl.edge.envoy.clusters import typed
from gwctl.edge.envoy.filters import POLICY_FILTER, SHARED_CREDENTIALS
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.policy_tables import policy_tables
from gwctl.edge.portkey import Secrets
from gwctl.edge.settings import EdgeSettings
from gwctl.policy.snapshot import Snapshot

__all__ = ["PolicyFiles", "Secrets", "render_bootstrap", "render_no_policy", "render_policy"]

_FOLDER = files("gwctl.edge") / "lua"
_SCRIPTS = {
    name: (_FOLDER / f"{name}.lua").read_text()
    for name in (
        "text",
        "json",
        "refusal",
        "models",
        "shapes",
        "outside",
        "reserve",
        "parameters",
        "conversation",
        "policy",
        "gemini",
        "problem",
        "answer",
    )
}
"""Read once: tables and scripts must be of one version, also when the package is upgraded under a running agent."""
_MAIN = (_FOLDER / "main.lua").read_text()


@dataclass(frozen=True)
class PolicyFiles:
    """The dynamic configuration of one snapshot.

    Apply in this order, each file by rename: all of `secrets` (SDS, mode 0600, into `settings.secrets_dir`), then
    `clusters` (CDS, `settings.cds_file`), then `policy` (ECDS, `settings.ecds_file`).
    """

    version: str
    """The snapshot's label: `version_info` of clusters and policy, as Envoy's admin interface shows it."""
    secrets: Mapping[str, bytes] = field(repr=False)
    """File name → content."""
    clusters: bytes = field(repr=False)
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
    return _files("none", settings, credentials="{}", mark=[], lua="function envoy_on_request(handle) end\n")


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
        mark=[clusters.policy_cluster()],
        lua=lua_source(snapshot, settings, open_targets),
        missing=portkey.missing_secrets(snapshot, secrets),
    )


def _files(
    version: str,
    settings: EdgeSettings,
    *,
    credentials: str,
    mark: list[Json],
    lua: str,
    missing: tuple[str, ...] = (),
) -> PolicyFiles:
    secret = typed(
        "envoy.extensions.transport_sockets.tls.v3.Secret",
        name=SHARED_CREDENTIALS,
        generic_secret={"secret": {"inline_string": credentials}},
    )
    script = typed("envoy.extensions.filters.http.lua.v3.Lua", default_source_code={"inline_string": lua})
    policy = typed("envoy.config.core.v3.TypedExtensionConfig", name=POLICY_FILTER, typed_config=script)
    return PolicyFiles(
        version=version,
        secrets={settings.secrets_file.name: _discovery(version, [secret])},
        clusters=_discovery(version, mark),
        policy=_discovery(version, [policy]),
        missing_secrets=missing,
    )


def lua_source(snapshot: Snapshot, settings: EdgeSettings, open_targets: OpenTargets = frozenset()) -> str:
    """The whole Lua program: the tables, then the scripts."""
    parts = [policy_tables(snapshot, settings, open_targets)]
    parts += [f"local {name} = (function()\n{text}\nend)()\n" for name, text in _SCRIPTS.items()]
    parts.append(_MAIN)
    return "".join(parts)


def _discovery(version: str, resources: list[Json]) -> bytes:
    return json.dumps({"version_info": version, "resources": resources}, separators=(",", ":")).encode()
