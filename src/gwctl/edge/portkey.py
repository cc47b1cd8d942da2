"""The seam to Portkey 1.15.2: a variant's tree, and the providers' secrets, → the JSON of `x-portkey-config`.

Nothing else in the project knows Portkey's words. Wire format: the config object of Portkey's open-source gateway,
as its own validator (`configSchema`) accepts it. What it does was found by running it; tests/gateway/edge and
tests/gateway/portkey_contract hold it to that.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from gwctl.core.names import Api, ProviderKind
from gwctl.edge.breaker import Path
from gwctl.edge.json_types import Json, JsonObject
from gwctl.edge.parameters import dialect
from gwctl.policy.documents import BedrockGuardrail, Provider, ScannerRule
from gwctl.policy.scanning import as_header
from gwctl.policy.snapshot import Node, Snapshot, TargetNode, Variant, targets_of
from gwctl.pricing.model_limits import known_largest_answer

Secrets: TypeAlias = Mapping[str, Mapping[str, str]]
"""Provider id → its secret fields; which ones, see `SECRET_FIELDS`."""

SECRET_FIELDS: Final[dict[ProviderKind, tuple[str, ...]]] = {
    "openai": ("api_key",),
    "anthropic": ("api_key",),
    "bedrock": ("api_key", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
    "google": ("api_key",),
    "vertex-ai": ("api_key", "service_account_json"),
    "azure-openai": ("api_key",),
    "ollama": ("api_key",),
}
"""What is read of a provider's secrets: printable ASCII, other values count as missing. bedrock takes an `api_key` or
access keys (Portkey knows no task role); for vertex-ai `service_account_json` is the text of a key file and `api_key`
an access token."""

_CLIENT_HEADERS: Final[dict[ProviderKind, list[Json]]] = {
    "anthropic": ["anthropic-beta", "anthropic-version"],
    "openai": ["openai-beta"],
    "azure-openai": ["openai-beta"],
}
"""Headers of the client that Portkey hands on. Without this it replaces `anthropic-beta` by one of its own."""

SCANNED: Final[frozenset[Api]] = frozenset({"chat", "messages", "embeddings"})
"""The APIs on which Portkey runs guardrails; on others it says nothing and does nothing. An answer with embeddings
holds no text. A streamed answer is never looked at."""
SCAN_SECONDS: Final = 5
"""For the agent to look at a request or an answer; then it is refused."""

_OTHER_PUBLISHERS: Final = frozenset({"anthropic", "meta", "endpoints", "mistralai"})
"""On Vertex AI, before the dot in a model's name."""

SAFE_CAP: Final = 8192
"""Tokens that every model of Anthropic's since Claude 3.5 may write: the cap of one whose limit is not known."""

_CREDENTIALS: Final = "gw_credentials"
_GUARD: Final = "#guard"
_HEEDS_OPEN: Final = "gw"
"""The `id` of a tree. Portkey leaves out what `is_open` only below a group that has some id."""
_CAP: Final = "gw_cap"
_PLACE: Final = re.compile(rf'"{_CREDENTIALS}":"(?P<name>[^"\\]+)"|,"{_CAP}":(?P<cap>\d+)')
"""Where credentials go, and the largest answer of a model that must be told one. No data can look like it: a quotation
mark inside a JSON string has a backslash before it."""


def template(
    variant: Variant,
    snapshot: Snapshot,
    *,
    stream_usage: bool,
    scanner_port: int | None,
    skipped: frozenset[Path] = frozenset(),
) -> list[str]:
    """What Portkey is to do for a variant: literal JSON and names of `credentials` in turn, literal first and last.

    `#cap 8192` in the place of a name is `,"max_tokens":8192` for a chat that names no cap, and nothing for others.
    Joined, with each name replaced by its members, it is the value of `x-portkey-config`. `stream_usage` asks the
    provider for token counts at the end of a streamed chat completion. What is `skipped` keeps its place, so that the
    option index that Portkey tells means the same target as ever. The agent looks for patterns at `scanner_port`.
    """
    rules = [snapshot.scanner[name] for name in variant.scanner]
    built = _node(variant.tree, snapshot.providers, skipped)
    if skipped:
        built["id"] = _HEEDS_OPEN
    built.setdefault("strict_open_ai_compliance", True)
    if stream_usage:
        overrides = built.setdefault("override_params", {})
        assert isinstance(overrides, dict)
        overrides["stream_options"] = {"include_usage": True}
    aws = _guard_provider(variant, snapshot)
    for where in ("input", "output"):
        guardrails = _guardrails([rule for rule in rules if where in rule.on], aws, scanner_port)
        if guardrails:
            built[f"{where}_guardrails"] = guardrails
    parts: list[str] = []
    text, after = _dumps(built), 0
    for place in _PLACE.finditer(text):
        parts += [text[after : place.start()], place["name"] or f"#cap {place['cap']}"]
        after = place.end()
    return [*parts, text[after:]]


def credentials(snapshot: Snapshot, secrets: Secrets) -> str:
    """The credentials of every provider: one JSON object on one line, in ASCII, as a header can carry it.

    Provider id → members of a target; for bedrock also `<id>#guard` → members of a guardrail's credentials.
    """
    built: JsonObject = {}
    for name, provider in snapshot.providers.items():
        members = _credentials(provider.kind, _usable(provider.kind, secrets.get(name, {})))
        built[name] = members
        if provider.kind == "bedrock":
            built[name + _GUARD] = {_camel(field): value for field, value in members.items()}
    return _dumps(built)


def longest_seconds(node: Node) -> int:
    """How long Portkey may take for a plain answer: every attempt at every target that it may try, one after the other.

    Between attempts it waits 1, 2, 4, … seconds. Its own time-out ends with an answer's headers, so it would wait for
    ever for the rest of an answer that does not come.
    """
    if isinstance(node, TargetNode):
        attempts = node.retries.attempts
        return node.timeout_seconds * (attempts + 1) + 2**attempts - 1
    each = [longest_seconds(target) for target in node.targets]
    return max(each) if node.strategy == "weighted" else sum(each)


def cap_of(kind: ProviderKind, node: TargetNode) -> int | None:
    """The cap of a chat that names none, where the provider asks for one: of Anthropic's API, here and on Vertex AI."""
    if dialect(kind, node.model) not in {"anthropic", "vertex-claude"}:
        return None
    return node.max_output_tokens or known_largest_answer(node.model) or SAFE_CAP


def is_gemini(kind: ProviderKind, model: str) -> bool:
    """Whether Google's own API serves, not another maker's model on Vertex AI."""
    publisher = model.partition(".")[0] if kind == "vertex-ai" else ""
    return kind == "google" or (kind == "vertex-ai" and publisher not in _OTHER_PUBLISHERS)


def missing_secrets(snapshot: Snapshot, secrets: Secrets) -> tuple[str, ...]:
    """Providers that serve a route but have no usable key, though their kind needs one. They are called without it."""
    used = {node.provider for variant in snapshot.variants.values() for node in targets_of(variant.tree)}
    return tuple(
        name
        for name in sorted(used)
        if snapshot.providers[name].kind != "ollama"
        and not any(_usable(snapshot.providers[name].kind, secrets.get(name, {})).values())
    )


def _usable(kind: ProviderKind, secret: Mapping[str, str]) -> dict[str, str]:
    """The fields that can be sent: Portkey answers a client with a key that holds a control character."""
    found = {name: secret[name] for name in SECRET_FIELDS[kind] if secret.get(name)}
    account = found.pop("service_account_json", None)
    usable = {name: value for name, value in found.items() if re.fullmatch(r"[\x21-\x7e]+", value)}
    if kind == "bedrock" and not ("aws_access_key_id" in usable and "aws_secret_access_key" in usable):
        usable = {"api_key": usable["api_key"]} if "api_key" in usable else {}
    if account is not None and _account(account):
        usable["service_account_json"] = account
    return usable


def _account(text: str) -> JsonObject:
    """A service account's key file, or nothing if it is none: an object of strings."""
    try:
        parsed: Json = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) and all(isinstance(value, str) for value in parsed.values()) else {}


def _dumps(built: JsonObject) -> str:
    return json.dumps(built, separators=(",", ":"), ensure_ascii=True)


def _node(
    node: Node, providers: Mapping[str, Provider], skipped: frozenset[Path] = frozenset(), path: Path = ()
) -> JsonObject:
    if isinstance(node, TargetNode):
        return _target(node, providers[node.provider])
    targets: list[Json] = []
    for index, each in enumerate(node.targets):
        below = (*path, index)
        built = _node(each, providers, skipped, below)
        if node.strategy == "weighted" and isinstance(each, TargetNode):
            built["weight"] = each.weight
        if below in skipped:
            built["is_open"] = True
        targets.append(built)
    if node.strategy == "weighted":
        return {"strategy": {"mode": "loadbalance"}, "targets": targets}
    return {"strategy": {"mode": "fallback", "on_status_codes": list(node.on)}, "targets": targets}


def _target(node: TargetNode, provider: Provider) -> JsonObject:
    # Portkey's own "ollama" drops the usage of streams; Ollama also speaks OpenAI's API.
    is_ollama = provider.kind == "ollama"
    built: JsonObject = {
        "provider": "openai" if is_ollama else provider.kind,
        _CREDENTIALS: provider.id,
        "override_params": {"model": node.model},
        "request_timeout": node.timeout_seconds * 1000,
    }
    if cap := cap_of(provider.kind, node):
        built["override_params"] = {"model": node.model, _CAP: cap}
    if is_gemini(provider.kind, node.model):
        # Else it drops the signatures of tool calls. The edge takes out what it adds besides (lua/gemini.lua).
        built["strict_open_ai_compliance"] = False
    if node.retries.attempts:
        built["retry"] = {"attempts": node.retries.attempts, "on_status_codes": list(node.retries.on)}
    if provider.base_url is not None:
        suffix = "/v1" if is_ollama and not provider.base_url.endswith("/v1") else ""
        built["custom_host"] = provider.base_url + suffix
    if provider.kind in _CLIENT_HEADERS:
        built["forward_headers"] = _CLIENT_HEADERS[provider.kind]
    match provider.kind:
        case "bedrock":
            built["aws_region"] = provider.region
        case "vertex-ai":
            built["vertex_project_id"] = provider.project
            built["vertex_region"] = provider.region
        case "azure-openai":
            built["resource_name"] = provider.azure_resource
            built["deployment_id"] = node.model
            built["api_version"] = provider.azure_api_version
        case _:
            pass
    return built


def _credentials(kind: ProviderKind, secret: Mapping[str, str]) -> JsonObject:
    """The members of a target that hold its credentials; never none, or a comma would be left over."""
    if "service_account_json" in secret:
        return {"vertex_service_account_json": _account(secret["service_account_json"])}
    if kind == "bedrock" and "api_key" in secret:
        return {"aws_auth_type": "apiKey", "api_key": secret["api_key"]}
    if kind == "bedrock":
        return {"aws_access_key_id": "", "aws_secret_access_key": "", **secret}
    return {"api_key": secret.get("api_key", "")}


def _guard_provider(variant: Variant, snapshot: Snapshot) -> Provider | None:
    """Whose credentials a Bedrock guardrail uses: the variant's own bedrock provider's, else the first one's."""
    names = (*(node.provider for node in targets_of(variant.tree)), *sorted(snapshot.providers))
    return next((snapshot.providers[name] for name in names if snapshot.providers[name].kind == "bedrock"), None)


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def _guardrails(rules: Sequence[ScannerRule], aws: Provider | None, scanner_port: int | None) -> list[Json]:
    """One for all patterns, one for each guardrail of Bedrock's. They run side by side, on what was sent."""
    built: list[Json] = [_bedrock(rule, rule.bedrock_guardrail, aws) for rule in rules if rule.bedrock_guardrail]
    patterns = [rule for rule in rules if rule.pattern is not None]
    if patterns and scanner_port is not None:
        built.append(_agent(patterns, scanner_port))
    return built


def _agent(rules: Sequence[ScannerRule], port: int) -> JsonObject:
    # Portkey's own patterns see the last message alone; a webhook is given all of the conversation.
    check: JsonObject = {
        "webhookURL": f"http://127.0.0.1:{port}/",
        "headers": {"x-gw-rules": as_header(rules)},
        "timeout": SCAN_SECONDS * 1000,
        "failOnError": True,
    }
    return {"id": "patterns", "default.webhook": check, "deny": True}


def _bedrock(rule: ScannerRule, guardrail: BedrockGuardrail, aws: Provider | None) -> JsonObject:
    # Portkey takes an error of a check for a pass unless told otherwise.
    check: JsonObject = {"guardrailId": guardrail.id, "guardrailVersion": guardrail.version, "failOnError": True}
    if aws:
        check["credentials"] = {"awsRegion": aws.region, _CREDENTIALS: aws.id + _GUARD}
    return {"id": rule.id, "bedrock.guard": check, "deny": True}
