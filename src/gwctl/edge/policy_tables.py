"""Policy snapshot → Lua source: the tables that `policy.lua` decides by.

Every string is written byte for byte in decimal escapes where it is not plain, so nothing in it can become code.
A Lua function holds at most 65,536 constants and 200 local variables: big tables are filled in chunks, each in a
function of its own, and there is no local for each profile.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, TypeAlias

from gwctl.core.keys import KEY_LENGTH
from gwctl.core.names import API_PATHS, Api
from gwctl.core.scopes import ADMIN, READ
from gwctl.edge.breaker import OpenTargets, TargetName, marks, skipped_paths
from gwctl.edge.envoy.clusters import AS_IT_IS, PORTKEY_CLUSTER
from gwctl.edge.errors import ANTHROPIC_TYPES, OPENAI_TYPES, REFUSALS
from gwctl.edge.express import plan
from gwctl.edge.parameters import DIALECTS, HARMLESS, REFUSED_WITH, REWRITTEN, Dialect, dialect, is_native, treated
from gwctl.edge.portkey import SCANNED, cap_of, is_gemini, longest_seconds, template
from gwctl.edge.settings import EdgeSettings
from gwctl.edge.usage_log.paths import REQUEST_FIELDS, Field
from gwctl.policy.scanning import as_header
from gwctl.policy.snapshot import KeyEntry, Snapshot, Variant, targets_of

LuaValue: TypeAlias = "str | int | bool | Mapping[str, LuaValue] | Sequence[LuaValue]"
_CHUNK: Final = 131_072
"""Characters of a chunk: a constant takes two at least, so no chunk has 65,536 of them."""
_GRACE_SECONDS: Final = 2
"""What Portkey itself may need on top of its providers."""
_BOOLEANS: Final = frozenset({"stream", "background"})


def lua_string(value: str) -> str:
    """A Lua string literal of the value's UTF-8 bytes."""
    return '"' + re.sub(rb"[^A-Za-z0-9 _/-]", lambda match: b"\\%03d" % match[0][0], value.encode()).decode() + '"'


def lua_value(value: LuaValue) -> str:
    """A Lua expression: strings, integers, booleans, lists, tables with string keys."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return lua_string(value)
        case Mapping():
            return "{" + ",".join(f"[{lua_string(key)}]={lua_value(each)}" for key, each in value.items()) + "}"
        case _:
            return "{" + ",".join(lua_value(each) for each in value) + "}"


def filled(name: str, rows: Iterable[tuple[str, LuaValue]]) -> Iterator[str]:
    """Statements that make a table and fill it. `name` is what can be assigned to: `local NAME`, `NAME["key"]`."""
    yield f"{name} = {{}}"
    chunk: list[str] = []
    size = 0
    for key, value in rows:
        line = f"t[{lua_string(key)}]={lua_value(value)}"
        if size + len(line) > _CHUNK and chunk:
            yield _fill(name, chunk)
            chunk, size = [], 0
        chunk.append(line)
        size += len(line)
    if chunk:
        yield _fill(name, chunk)


def _fill(name: str, lines: list[str]) -> str:
    return ";(function(t)\n{}\nend)({})".format("\n".join(lines), name.removeprefix("local "))


def policy_tables(snapshot: Snapshot, settings: EdgeSettings, open_targets: OpenTargets = frozenset()) -> str:
    """All tables of a snapshot, as statements that declare locals."""
    parts = [f"local POLICY = {lua_string(snapshot.label)}", f"local SCOPE = {lua_string(settings.invoke_scope)}"]
    parts += [f"local READ = {lua_string(READ)}", f"local ADMIN = {lua_string(ADMIN)}"]
    parts.append(f"local CLUSTER = {lua_string(PORTKEY_CLUSTER)}")
    parts.append(f"local RESERVE = {lua_value(settings.reserve_socket is not None)}")
    parts += filled("local QUOTAS", ((scope, True) for scope in _reserved_scopes(snapshot)))
    parts += filled("local CLIENTS", ((name, client.team) for name, client in snapshot.clients.items()))
    parts += filled(
        "local CLIENTS_OFF", ((name, True) for name, client in snapshot.clients.items() if not client.enabled)
    )
    parts += filled(
        "local CLIENT_PROFILES",
        ((name, client.profile) for name, client in snapshot.clients.items() if client.profile),
    )
    parts += filled("local TEAMS", ((name, team.profile) for name, team in snapshot.teams.items()))
    parts += filled("local TEAMS_OFF", ((name, True) for name, team in snapshot.teams.items() if not team.enabled))
    parts.append("local PROFILES = {}")
    for name, profile in snapshot.profiles.items():
        rows: Iterator[tuple[str, LuaValue]] = (
            (alias, {str(api): variant for api, variant in apis.items()}) for alias, apis in profile.models.items()
        )
        parts += filled(f"PROFILES[{lua_string(name)}]", rows)
    parts += filled(
        "local VARIANTS",
        ((name, _variant(v, snapshot, settings.scanner_port, open_targets)) for name, v in snapshot.variants.items()),
    )
    parts += filled("local TREATED", _treatments(snapshot))
    parts += filled("local HARMLESS", ((name, dict.fromkeys(values, True)) for name, values in HARMLESS.items()))
    parts += filled("local REFUSED_WITH", REFUSED_WITH.items())
    parts += filled("local AS_IT_IS", AS_IT_IS.items())
    parts += filled("local FIELDS", ((field.key, _kind(field)) for field in REQUEST_FIELDS))
    parts += filled("local SCANNED", ((api, True) for api in sorted(SCANNED)))
    parts += filled("local PATHS", ((path, api) for api, path in API_PATHS.items()))
    parts += _refusals()
    parts += filled("local OPENAI_TYPES", ((str(status), kind) for status, kind in OPENAI_TYPES.items()))
    parts += filled("local ANTHROPIC_TYPES", ((str(status), kind) for status, kind in ANTHROPIC_TYPES.items()))
    return "\n".join(parts) + "\n"


def key_tables(snapshot: Snapshot) -> str:
    """What the filter that knows virtual keys decides by."""
    parts = [f"local KEY_LENGTH = {KEY_LENGTH}"]
    parts += filled("local KEYS", ((name, _key(key)) for name, key in snapshot.keys.items()))
    return "\n".join([*parts, *_refusals()]) + "\n"


def _key(key: KeyEntry) -> dict[str, LuaValue]:
    secrets = {each.sha256: int(each.until.timestamp()) if each.until else 0 for each in key.secrets}
    entry: dict[str, LuaValue] = {"secrets": secrets}
    if key.expires:
        entry["expires"] = int(key.expires.timestamp())
    if key.networks:
        entry["networks"] = [_bits(ip_network(each)) for each in key.networks]
    return entry


def _bits(network: IPv4Network | IPv6Network) -> str:
    """The version and the bits that addresses of a network begin with, as keys.lua writes those of an address."""
    bits = f"{int(network.network_address):0{network.max_prefixlen}b}"
    return f"{network.version}:{bits[: network.prefixlen]}"


def _refusals() -> Iterator[str]:
    yield from filled(
        "local REFUSALS",
        (
            (
                each.code,
                {
                    "code": each.code,
                    "status": str(each.status),
                    "openai": each.openai_type,
                    "anthropic": each.anthropic_type,
                    "message": each.message,
                },
            )
            for each in REFUSALS.values()
        ),
    )


def _dialects(variant: Variant, snapshot: Snapshot) -> tuple[Dialect, ...]:
    found = [dialect(snapshot.providers[node.provider].kind, node.model) for node in targets_of(variant.tree)]
    return tuple(each for each in DIALECTS if each in found)


def _treatment(api: Api, dialects: tuple[Dialect, ...], variant: Variant) -> str:
    """The name of what becomes of parameters; many variants have the same."""
    # Portkey runs guardrails only on what it knows.
    whole = is_native(api, dialects) and not variant.scanner
    return f"{api} {'whole' if whole else 'known'} {' '.join(dialects)}"


def _treatments(snapshot: Snapshot) -> Iterator[tuple[str, LuaValue]]:
    named: dict[str, tuple[Api, tuple[Dialect, ...]]] = {}
    for variant in snapshot.variants.values():
        dialects = _dialects(variant, snapshot)
        named |= {_treatment(api, dialects, variant): (api, dialects) for api in variant.apis}
    for name, (api, dialects) in sorted(named.items()):
        each = treated(api, dialects, as_it_is=name.startswith(f"{api} whole"))
        translated = not REWRITTEN[api].isdisjoint(dialects)
        yield name, {"by_name": each.by_name, "others": each.others, "translated": translated}


def _reserved_scopes(snapshot: Snapshot) -> list[str]:
    """Scopes whose requests the agent must be asked about. An alert only looks at what was spent."""
    return sorted({quota.scope for quota in snapshot.quotas.values() if quota.action != "alert"})


def _kind(field: Field) -> str:
    if field.key in _BOOLEANS:
        return "boolean"
    return "count" if field.type == "number" else "string"


def _variant(
    variant: Variant, snapshot: Snapshot, scanner_port: int | None, open_targets: OpenTargets
) -> dict[str, LuaValue]:
    """What the policy must know about a variant: its configuration of Portkey, and what scanner rules forbid."""
    skipped = skipped_paths(
        variant.tree, lambda node: TargetName(variant.route, node.provider, node.model) in open_targets
    )
    dialects = _dialects(variant, snapshot)
    flags: dict[str, LuaValue] = {
        "treated": {api: _treatment(api, dialects, variant) for api in variant.apis},
        "config": template(variant, snapshot, stream_usage=False, scanner_port=scanner_port, skipped=skipped),
        "timeout": str((longest_seconds(variant.tree) + _GRACE_SECONDS) * 1000),
    }
    if "chat" in variant.apis:
        flags["stream_config"] = template(
            variant, snapshot, stream_usage=True, scanner_port=scanner_port, skipped=skipped
        )
    if any(is_gemini(snapshot.providers[node.provider].kind, node.model) for node in targets_of(variant.tree)):
        flags["gemini"] = True
    if planned := {
        api: plan(variant, api, snapshot.providers, skipped) for api in variant.apis if variant.is_express(api)
    }:
        flags["express"] = planned
    caps = [cap_of(snapshot.providers[node.provider].kind, node) for node in targets_of(variant.tree)]
    if any(caps):
        flags["capped"] = True
    if all(caps):
        flags["cap"] = max(cap or 0 for cap in caps)
    if variant.drop_unsupported:
        flags["drop_unsupported"] = True
    if skipped:
        flags["skipped"] = marks(skipped)
    rules = [snapshot.scanner[name] for name in variant.scanner]
    if not rules:
        return flags
    flags["scanned"] = True
    if "express" in flags:
        flags["rules"] = as_header(rules)
    if any("output" in rule.on for rule in rules):
        flags["no_stream"] = True
    has_bedrock = any(provider.kind == "bedrock" for provider in snapshot.providers.values())
    if any(scanner_port is None if rule.pattern else not has_bedrock for rule in rules):
        flags["closed"] = True
    return flags
