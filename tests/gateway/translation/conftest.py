"""A gateway with a provider of every kind behind it, all played by one server, for what is asked in one API and served
by another.

`kinds` is that gateway; `TARGETS` has the alias that each kind serves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from gateway.conformance.kit.calls import Caller
from gwctl.local.policy.providers import secret_variable
from support.gateway import local_gateway
from support.lanes import by_portkey
from support.ports import free_port
from support.replay_provider import ReplayProvider

CLAUDE: Final = "claude-sonnet-4-5"
TARGETS: Final = {
    "gpt": ("openai", "gpt-4o-mini"),
    "claude": ("anthropic", CLAUDE),
    "gemini": ("google", "gemini-2.5-flash"),
    "bedrock": ("bedrock", "eu.anthropic.claude-sonnet-4-20250514-v1:0"),
    "nova": ("bedrock", "amazon.nova-pro-v1:0"),
    "vertex": ("vertex-ai", "gemini-2.5-flash"),
    "vertex-claude": ("vertex-ai", "anthropic.claude-sonnet-4@20250514"),
    "azure": ("azure-openai", "gpt-4o"),
    "llama": ("ollama", "llama3"),
}
"""Alias → kind, which is the provider's id too, and model."""
KEY: Final = "canary-of-every-provider"
PRICE: Final = {"input": 1, "output": 2, "cache_read": 0.5}


def _providers(url: str) -> list[dict[str, Any]]:
    return [
        {"id": "openai", "kind": "openai", "base_url": f"{url}/v1"},
        {"id": "anthropic", "kind": "anthropic", "base_url": f"{url}/v1"},
        {"id": "google", "kind": "google", "base_url": url},
        {"id": "bedrock", "kind": "bedrock", "base_url": url, "region": "eu-west-1"},
        {"id": "vertex-ai", "kind": "vertex-ai", "base_url": url, "region": "europe-west1", "project": "project"},
        {"id": "azure-openai", "kind": "azure-openai", "base_url": f"{url}/openai", "azure_resource": "resource"},
        {"id": "ollama", "kind": "ollama", "base_url": url},
        {"id": "nowhere", "kind": "openai", "base_url": "http://no-such-host.invalid/v1"},
        {"id": "nobody", "kind": "openai", "base_url": f"http://127.0.0.1:{free_port()}/v1"},
    ]


def policy(url: str) -> dict[str, Any]:
    """One route for each target, and one that drops what it cannot say; a few more that tests name."""
    targets = {alias: [{"provider": kind, "model": model}] for alias, (kind, model) in TARGETS.items()}
    targets["either"] = [*targets["gpt"], *targets["azure"]]
    targets["mixed"] = [*targets["gpt"], *targets["claude"]]
    routes: list[dict[str, Any]] = [{"id": alias, "targets": each} for alias, each in targets.items()]
    routes += [{**route, "id": f"{route['id']}-dropping", "drop_unsupported": True} for route in routes]
    routes += [{"id": each, "targets": [{"provider": each, "model": "m"}]} for each in ("nowhere", "nobody")]
    routes.append({"id": "capped", "targets": [{**targets["claude"][0], "max_output_tokens": 1234}]})
    routes += [{"id": f"{alias}-ruled", "targets": targets[alias], "scanner": ["rule"]} for alias in ("gpt", "claude")]
    priced = {(kind, model) for kind, model in TARGETS.values()}
    return {
        "providers": _providers(url),
        # Of what every target speaks itself nothing is translated, and the edge would send it there.
        "routes": by_portkey(routes),
        "scanner": [{"id": "rule", "action": "deny", "pattern": "swordfish", "teams": []}],
        "teams": [{"id": "default"}],
        "clients": [{"id": "local", "team": "default"}],
        "pricing": [{"provider": kind, "model": model, **PRICE} for kind, model in sorted(priced)],
    }


@dataclass(frozen=True)
class Kinds:
    """The gateway, and the server that plays every provider."""

    caller: Caller
    provider: ReplayProvider


@pytest.fixture(scope="session")
def kinds_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinds]:
    folder: Path = tmp_path_factory.mktemp("kinds")
    with ReplayProvider() as provider:
        (folder / "data").mkdir()
        written = policy(provider.url)
        (folder / "data" / "policy.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
        keys = {secret_variable(each["id"]): KEY for each in written["providers"]}
        with local_gateway(folder, environment=keys) as gateway, Caller(gateway) as caller:
            yield Kinds(caller, provider)


@pytest.fixture
def kinds(kinds_server: Kinds) -> Kinds:
    """The gateway; its providers have no script yet and have received nothing."""
    kinds_server.provider.reset()
    return kinds_server
