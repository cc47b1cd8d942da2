"""The policy file of a first run. In: the providers on offer and the local client. Out: commented YAML.

It is rendered once. From then on the file belongs to whoever edits it, and facts that change from run to run
(ports, keys) never come in through it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

MODELS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "claude-opus-5-5": (("anthropic", "claude-opus-5-5"), ("bedrock", "global.anthropic.claude-opus-5-5")),
    "claude-sonnet-5-5": (("anthropic", "claude-sonnet-5-5"), ("bedrock", "global.anthropic.claude-sonnet-5-5")),
    "claude-haiku-5-5": (("anthropic", "claude-haiku-5-5"), ("bedrock", "global.anthropic.claude-haiku-5-5")),
    "gpt-6.1-sol": (("openai", "gpt-6.1-sol"),),
    "gpt-6.1-terra": (("openai", "gpt-6.1-terra"),),
    "gpt-6-luna": (("openai", "gpt-6-luna"),),
    "text-embedding-3-small": (("openai", "text-embedding-3-small"),),
    "gemini-4-argon": (("google", "gemini-4-argon"),),
    "gemini-3.8-flash": (("google", "gemini-3.8-flash"),),
    "gemini-embedding-2": (("google", "gemini-embedding-2"),),
}
"""Alias → the (provider, model) pairs that can serve it, best first. All are in the price book of genai-prices."""

SAMPLE_PRICES: Final[dict[str, dict[str, float]]] = {
    "sample-openai": {"input": 1.25, "output": 10, "cache_read": 0.125},
    "sample-anthropic": {"input": 3, "output": 15, "cache_read": 0.3, "cache_creation": 3.75},
}
"""US dollars per million tokens, of the size that real models cost, so that reports have something to show."""


def ensure_policy(path: Path, client_id: str, providers: Iterable[str]) -> bool:
    """Write the file if it does not exist; say whether it was written."""
    if path.exists():
        return False
    from gwctl.core.files import write_atomically

    write_atomically(path, render(client_id, providers).encode())
    return True


def render(client_id: str, providers: Iterable[str]) -> str:
    """The file's text."""
    from gwctl.core.templates import text_templates
    from gwctl.local.sample_provider.models import MODELS as SAMPLE_MODELS
    from gwctl.local.sample_provider.models import Fault

    return (
        text_templates("gwctl.local.policy")
        .get_template("policy.yaml.j2")
        .render(
            client_id=client_id,
            routes=_routes(frozenset(providers)),
            faults=[(fault.value, SAMPLE_MODELS[fault].split(" (")[0].rstrip(".")) for fault in Fault],
            prices=SAMPLE_PRICES,
            priced={
                "sample-openai": ["sample-gpt", "sample-embedding", *(fault.value for fault in Fault)],
                "sample-anthropic": ["sample-claude", *(fault.value for fault in Fault)],
            },
        )
    )


def _routes(providers: frozenset[str]) -> list[dict[str, Any]]:
    """Alias and targets, of the models that a detected provider serves."""
    found = [
        {"id": alias, "targets": [(provider, model) for provider, model in targets if provider in providers]}
        for alias, targets in MODELS.items()
    ]
    return [route for route in found if route["targets"]]
