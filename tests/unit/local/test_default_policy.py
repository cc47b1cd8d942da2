"""The policy file of a first run."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

import pytest
import yaml

from gwctl.core.names import ProviderKind
from gwctl.local.policy.default_policy import MODELS, ensure_policy, render
from gwctl.local.policy.policy_file import Additions, PolicyFile
from gwctl.local.policy.providers import Offer, detect, sample_offers
from gwctl.local.sample_provider.models import MODELS as SAMPLE_MODELS
from gwctl.policy.compile import compile_policy
from gwctl.policy.snapshot import Snapshot
from gwctl.pricing.price_book import default_price

KEYS = {
    "OPENAI_API_KEY": "k",
    "ANTHROPIC_API_KEY": "k",
    "GEMINI_API_KEY": "k",
    "AWS_BEARER_TOKEN_BEDROCK": "k",
    "AWS_REGION": "eu-central-1",
    "AZURE_OPENAI_API_KEY": "k",
    "AZURE_OPENAI_ENDPOINT": "https://acme.openai.azure.com",
    "OLLAMA_HOST": "127.0.0.1",
}


def compiled(folder: Path, text: str, offers: list[Offer], environment: dict[str, str] | None = None) -> Snapshot:
    path = folder / "policy.yaml"
    path.write_text(text)
    loaded = PolicyFile(path).load(Additions([*sample_offers(4000), *offers], {}, environment or {}))
    return compile_policy(loaded.content.with_providers, version=1, on=datetime.now(UTC).date())


def models(snapshot: Snapshot) -> dict[str, set[str]]:
    """Alias → the APIs that serve it, for the local client."""
    profile = snapshot.profiles[snapshot.teams[snapshot.clients["local"].team].profile]
    return {alias: set(apis) for alias, apis in profile.models.items()}


def test_without_any_key_the_sample_models_are_there(tmp_path: Path):
    snapshot = compiled(tmp_path, render("local", []), [])
    assert set(models(snapshot)) == {*SAMPLE_MODELS, "sample-fallback"}


def test_every_misbehaving_model_can_be_asked_in_every_shape(tmp_path: Path):
    served = models(compiled(tmp_path, render("local", []), []))
    normal = {"sample-gpt", "sample-claude", "sample-embedding", "sample-fallback"}
    for alias in served.keys() - normal:
        assert served[alias] >= {"chat", "messages", "responses"}, alias


@pytest.mark.parametrize("kind", ["openai", "anthropic", "google", "bedrock"])
def test_a_detected_provider_gets_routes(tmp_path: Path, kind: str):
    offers = [offer for offer in detect(KEYS, 8080) if offer.provider.id == kind]
    served = models(compiled(tmp_path, render("local", [kind]), offers))
    assert set(served) & set(MODELS) == {
        alias for alias, targets in MODELS.items() if any(provider == kind for provider, _ in targets)
    }


def test_with_all_keys_it_compiles_and_every_target_has_a_price(tmp_path: Path):
    offers = detect(KEYS, 8080)
    snapshot = compiled(tmp_path, render("local", [offer.provider.id for offer in offers]), offers)
    assert set(models(snapshot)) > set(MODELS)
    targets = {f"{provider}/{model}" for targets in MODELS.values() for provider, model in targets}
    assert snapshot.prices.keys() >= targets


@pytest.mark.parametrize("pair", sorted({pair for pairs in MODELS.values() for pair in pairs}))
def test_every_model_is_in_the_price_book(pair: tuple[str, str]):
    assert default_price(cast("ProviderKind", pair[0]), pair[1], date(2026, 11, 21))


def test_its_commented_examples_are_valid(tmp_path: Path):
    text = render("local", [offer.provider.id for offer in detect(KEYS, 8080)])
    looks_like_yaml = re.compile(r"^( *)# ( *(?:- )?[a-z_]+:(?: .*)?| +- \{.*)$", re.MULTILINE)
    uncommented = looks_like_yaml.sub(r"\1\2", text)
    assert set(yaml.safe_load(uncommented)) == {
        *("providers", "routes", "teams", "clients", "budgets", "scanner", "pricing")
    }
    # An open end is no YAML of its own: the example provider has no price and the example budget needs one.
    snapshot = compiled(tmp_path, uncommented, detect(KEYS, 8080))
    assert {"my-vllm", "azure-openai"} <= set(snapshot.providers)
    assert (set(snapshot.quotas), set(snapshot.scanner)) == ({"default-month"}, {"no-card-numbers"})


def test_the_file_of_its_owner_is_not_written_again(tmp_path: Path):
    path = tmp_path / "policy.yaml"
    assert ensure_policy(path, "local", [])
    path.write_text("# mine\n")
    assert not ensure_policy(path, "local", ["openai"])
    assert path.read_text() == "# mine\n"


def test_its_lines_fit_a_screen():
    text = render("local", list({provider for targets in MODELS.values() for provider, _ in targets}))
    assert max(len(line) for line in text.splitlines()) <= 140
