"""`gwctl import litellm`: configurations as people have them become documents that compile; what is lost is told.

The configurations follow LiteLLM's documentation and what public repositories do with it.
"""

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cli.conftest import Done, run
from gwctl.importing.litellm import convert
from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Documents
from gwctl.policy.errors import PolicyError
from gwctl.policy.loader import parse_yaml
from gwctl.policy.validation import validate_documents

TODAY = date(2026, 11, 21)

COMPANY = """
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: https://acme-eu.openai.azure.com/
      api_key: os.environ/AZURE_API_KEY_EU
      api_version: "2024-10-21"
      rpm: 600
    model_info:
      base_model: azure/gpt-4o
      max_output_tokens: 16384
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-us
      api_base: os.environ/AZURE_API_BASE_US
      api_key: sk-azure-inline-0001
      rpm: 1200
    model_info:
      base_model: azure/gpt-4o
  - model_name: claude-sonnet
    litellm_params:
      model: bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0
      aws_region_name: eu-central-1
      aws_access_key_id: AKIAINLINE0002
      aws_secret_access_key: aws-inline-0003
  - model_name: claude-direct
    litellm_params:
      model: anthropic/claude-sonnet-4-5
      api_key: os.environ/ANTHROPIC_API_KEY
      timeout: 300
      max_tokens: 4096
  - model_name: gemini-flash
    litellm_params:
      model: gemini/gemini-2.5-flash
      api_key: os.environ/GEMINI_API_KEY
  - model_name: local-llama
    litellm_params:
      model: ollama_chat/llama3.3
      api_base: http://ollama:11434
    model_info:
      input_cost_per_token: 0
      output_cost_per_token: 0
  - model_name: text-embedding
    litellm_params:
      model: openai/text-embedding-3-small
      api_key: os.environ/OPENAI_API_KEY
    model_info:
      mode: embedding
  - model_name: dall-e-3
    litellm_params: {model: openai/dall-e-3, api_key: os.environ/OPENAI_API_KEY}
    model_info: {mode: image_generation}
router_settings:
  routing_strategy: simple-shuffle
  num_retries: 2
  timeout: 120
  allowed_fails: 3
  cooldown_time: 30
  redis_host: redis
  redis_password: redis-inline-0004
  model_group_alias:
    gpt-4: gpt-4o
    sonnet: {model: claude-sonnet, hidden: true}
litellm_settings:
  drop_params: true
  request_timeout: 600
  fallbacks:
    - gpt-4o: [claude-sonnet, gemini-flash]
    - claude-sonnet: [gpt-4o, claude-direct]
  context_window_fallbacks: [{gpt-4o: [gemini-flash]}]
  cache: true
  cache_params: {type: redis, password: cache-inline-0005}
  success_callback: [langfuse]
  max_budget: 5000
  budget_duration: 1mo
  soft_budget: 4000
general_settings:
  master_key: sk-master-inline-0006
  database_url: "postgresql://litellm:db-inline-0007@db:5432/litellm"
  alerting: [slack]
guardrails:
  - guardrail_name: pii-guard
    litellm_params:
      guardrail: bedrock
      mode: [pre_call, post_call]
      guardrailIdentifier: ff6ujrregl1q
      guardrailVersion: "3"
      default_on: true
  - guardrail_name: words
    litellm_params:
      guardrail: litellm_content_filter
      mode: pre_call
      patterns:
        - {pattern_type: regex, pattern: 'AKIA[0-9A-Z]{16}', name: aws, action: MASK}
        - {pattern_type: prebuilt, pattern_name: us_ssn, action: BLOCK}
        - {pattern_type: regex, pattern: '(?<=password )\\S+', action: BLOCK}
  - guardrail_name: lakera
    litellm_params: {guardrail: lakera, mode: pre_call, api_key: lakera-inline-0008}
environment_variables:
  LANGFUSE_SECRET_KEY: langfuse-inline-0009
"""


def imported(text: str, tmp_path: Path, *arguments: str) -> Done:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return run("import", "litellm", str(file), *arguments)


def documents_of(done: Done) -> Documents:
    """The documents, which must compile."""
    (sections,) = parse_yaml(done.ok().out, "stdout")
    assert isinstance(sections, dict)
    documents = validate_documents(sections)
    compile_policy(documents, version=1, on=TODAY)
    return documents


def routes_of(text: str, tmp_path: Path, *arguments: str) -> dict[str, dict]:
    documents = documents_of(imported(text, tmp_path, *arguments))
    return {route.id: route.model_dump(mode="json", exclude_unset=True) for route in documents.routes}


def reasons_of(done: Done) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in done.err.splitlines()[:-1])


def models(*entries: dict, **sections) -> str:
    """A configuration of deployments: `{"model_name": …, **litellm_params}`."""
    own = ("model_name", "model_info")
    listed = [
        {
            "model_name": entry["model_name"],
            "model_info": entry.get("model_info", {}),
            "litellm_params": {name: value for name, value in entry.items() if name not in own},
        }
        for entry in entries
    ]
    return yaml.safe_dump({"model_list": listed, **sections})


def test_a_companys_configuration_becomes_documents_that_compile(tmp_path: Path):
    documents = documents_of(imported(COMPANY, tmp_path))
    routes = {route.id: route for route in documents.routes}
    assert list(routes) == [
        "gpt-4o", "claude-sonnet", "claude-direct", "gemini-flash", "local-llama", "text-embedding", "gpt-4", "sonnet",
    ]  # fmt: skip
    gpt = routes["gpt-4o"]
    assert [(t.provider, t.model, t.weight, t.priced_as) for t in gpt.targets] == [
        ("azure-acme-eu", "gpt-4o-eu", 1, "gpt-4o"),
        ("azure-azure-api-base-us-invalid", "gpt-4o-us", 2, "gpt-4o"),
    ]
    assert (gpt.strategy, gpt.retries.attempts, gpt.timeout_seconds) == ("weighted", 2, 120)
    assert gpt.targets[0].max_output_tokens == 16384
    assert gpt.fallbacks == ("claude-sonnet", "gemini-flash")
    assert routes["claude-sonnet"].fallbacks == ("claude-direct",), "the circle with gpt-4o is broken"
    assert routes["claude-direct"].timeout_seconds == 300
    assert routes["gpt-4"].targets == gpt.targets
    budgets = {budget.id: budget for budget in documents.budgets}
    assert (budgets["everybody-month"].limit_usd, budgets["everybody-month"].action) == (5000, "block")
    assert (budgets["everybody-month-alert"].limit_usd, budgets["everybody-month-alert"].action) == (4000, "alert")
    rules = {rule.id: rule for rule in documents.scanner}
    assert rules["pii-guard"].on == ("input", "output")
    assert rules["pii-guard"].teams == "*"
    assert (rules["words-1"].action, rules["words-1"].teams) == ("redact", ())


def test_no_secret_of_the_file_comes_out(tmp_path: Path):
    folder = tmp_path / "documents"
    text = COMPANY
    outputs = [imported(text, tmp_path), imported(text, tmp_path, "-o", str(folder))]
    written = "".join(done.ok().out + done.err for done in outputs)
    written += "".join(file.read_text() for file in folder.iterdir())
    assert "inline" in text
    assert "inline" not in written.replace("api_key", "").lower()


def test_each_key_is_told_which_variable_it_belongs_into(tmp_path: Path):
    out = imported(COMPANY, tmp_path).ok().out
    assert (
        "the variable GWCTL_PROVIDER_AZURE_ACME_EU_API_KEY (LiteLLM had it from the variable AZURE_API_KEY_EU)" in out
    )
    assert "GWCTL_PROVIDER_BEDROCK_EU_CENTRAL_1_API_KEY (LiteLLM had it from the file itself)" in out


def test_everything_that_has_no_equivalent_is_listed_by_path_with_a_reason(tmp_path: Path):
    reasons = reasons_of(imported(COMPANY, tmp_path))
    assert "is not set here; a placeholder stands for it" in reasons["model_list.1.litellm_params.api_base"]
    assert "holds a key in plain text" in reasons["model_list.1.litellm_params"]
    assert "image_generation" in reasons["model_list.7.litellm_params"]
    assert "look-behind (?<=…) is not supported" in reasons["guardrails.1.litellm_params.patterns.2.pattern"]
    assert {
        *("model_list.2.litellm_params", "model_list.3.litellm_params.max_tokens", "router_settings.allowed_fails"),
        *("router_settings.redis_host", "router_settings.redis_password"),
        *("router_settings.model_group_alias.sonnet.hidden", "litellm_settings.drop_params"),
        *("litellm_settings.fallbacks.1.claude-sonnet", "litellm_settings.context_window_fallbacks"),
        *("litellm_settings.cache", "litellm_settings.cache_params", "litellm_settings.success_callback"),
        *("general_settings.master_key", "general_settings.database_url", "general_settings.alerting"),
        *("guardrails.1", "guardrails.1.litellm_params.patterns.1", "guardrails.2", "environment_variables"),
    } <= reasons.keys()
    assert all(reasons.values())


def test_a_variable_that_is_no_secret_is_read_from_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZURE_API_BASE_US", "https://user:pw@acme-us.openai.azure.com/?key=1")
    done = imported(COMPANY, tmp_path)
    assert "azure_resource: acme-us" in done.ok().out
    assert "credentials or a query" in reasons_of(done)["model_list.1.litellm_params.api_base"]
    assert "pw" not in done.out


@pytest.mark.parametrize("url", ["http://[", "http://", "http://a b", "http://x:99999"])
@pytest.mark.parametrize("model", ["openai/x", "azure/x", "ollama/x"])
def test_an_address_that_is_no_url_is_one_sentence(tmp_path: Path, model: str, url: str):
    done = imported(models({"model_name": "a", "model": model, "api_base": url}), tmp_path)
    assert "base_url: must be an http:// or https:// URL" in done.failed()


def test_a_directory_gets_a_file_for_each_section_and_none_is_replaced(tmp_path: Path):
    folder = tmp_path / "documents"
    imported(COMPANY, tmp_path, "-o", str(folder)).ok()
    names = ["IMPORT.md", "budgets.yaml", "providers.yaml", "routes.yaml", "scanner.yaml", "teams.yaml", "pricing.yaml"]
    assert sorted(file.name for file in folder.iterdir()) == sorted(names)
    assert "| `general_settings.master_key` |" in (folder / "IMPORT.md").read_text()
    assert "has providers.yaml, routes.yaml" in imported(COMPANY, tmp_path, "-o", str(folder)).failed()
    imported(COMPANY, tmp_path, "-o", str(folder), "--force").ok()


@pytest.mark.parametrize(
    ("params", "provider", "model"),
    [
        ({"model": "gpt-4o"}, {"kind": "openai"}, "gpt-4o"),
        ({"model": "openai/o3-mini"}, {"kind": "openai"}, "o3-mini"),
        ({"model": "claude-3-5-haiku-20241022"}, {"kind": "anthropic"}, "claude-3-5-haiku-20241022"),
        (
            {"model": "anthropic/claude-x", "api_base": "https://proxy.example.com"},
            {"kind": "anthropic", "base_url": "https://proxy.example.com/v1"},
            "claude-x",
        ),
        (
            {"model": "bedrock/converse/us-west-2/anthropic.claude-v2"},
            {"kind": "bedrock", "region": "us-west-2"},
            "anthropic.claude-v2",
        ),
        (
            {"model": "bedrock/us.amazon.nova-pro-v1:0", "aws_region_name": "us-east-1"},
            {"kind": "bedrock", "region": "us-east-1"},
            "us.amazon.nova-pro-v1:0",
        ),
        (
            {"model": "vertex_ai/claude-sonnet-4@20250514", "vertex_project": "acme-ai", "vertex_location": "us-east5"},
            {"kind": "vertex-ai", "project": "acme-ai", "region": "us-east5"},
            "anthropic.claude-sonnet-4@20250514",
        ),
        ({"model": "gemini/gemini-2.5-pro"}, {"kind": "google"}, "gemini-2.5-pro"),
        (
            {"model": "azure/my-deployment", "api_base": "https://gateway.example.com/azure"},
            {"kind": "azure-openai", "base_url": "https://gateway.example.com/azure"},
            "my-deployment",
        ),
        ({"model": "ollama/llama3"}, {"kind": "ollama", "base_url": "http://localhost:11434"}, "llama3"),
        (
            {"model": "groq/llama-3.3-70b-versatile"},
            {"kind": "openai", "base_url": "https://api.groq.com/openai/v1"},
            "llama-3.3-70b-versatile",
        ),
        (
            {"model": "openrouter/anthropic/claude-3.5-sonnet"},
            {"kind": "openai", "base_url": "https://openrouter.ai/api/v1"},
            "anthropic/claude-3.5-sonnet",
        ),
        (
            {"model": "hosted_vllm/Qwen/Qwen3-32B", "api_base": "http://vllm:8000/v1", "api_key": "none"},
            {"kind": "openai", "base_url": "http://vllm:8000/v1"},
            "Qwen/Qwen3-32B",
        ),
        (
            {"model": "my-model", "custom_llm_provider": "openai", "api_base": "http://llm:8000/v1"},
            {"kind": "openai", "base_url": "http://llm:8000/v1"},
            "my-model",
        ),
    ],
)
def test_a_deployment_becomes_a_provider_and_a_target(tmp_path: Path, params: dict, provider: dict, model: str):
    documents = documents_of(imported(models({"model_name": "m", **params}), tmp_path))
    (only,) = documents.providers
    assert only.model_dump(exclude_unset=True, exclude={"id"}) == provider
    (target,) = documents.routes[0].targets
    assert (target.provider, target.model) == (only.id, model)


@pytest.mark.parametrize("model", ["cohere/command-r", "replicate/meta/llama", "sagemaker/my-endpoint", "azure_ai/x"])
def test_a_provider_that_does_not_exist_here_is_said(tmp_path: Path, model: str):
    done = imported(models({"model_name": "a", "model": model}, {"model_name": "b", "model": "gpt-4o"}), tmp_path)
    assert [route.id for route in documents_of(done).routes] == ["b"]
    assert "there is no provider" in reasons_of(done)["model_list.0.litellm_params.model"]


def test_two_keys_of_one_provider_are_two_providers(tmp_path: Path):
    keys = ("os.environ/OPENAI_KEY_A", "os.environ/OPENAI_KEY_B", "os.environ/OPENAI_KEY_A")
    routes = routes_of(models(*({"model_name": "m", "model": "gpt-4o", "api_key": key} for key in keys)), tmp_path)
    assert [target["provider"] for target in routes["m"]["targets"]] == ["openai", "openai-2", "openai"]


def test_a_key_that_is_not_named_is_the_one_that_litellm_looks_for(tmp_path: Path):
    entries = [{"model_name": "a", "model": "gpt-4o"}, {"model_name": "b", "model": "gpt-4o", "api_key": OPENAI_KEY}]
    done = imported(models(*entries), tmp_path)
    assert [provider.id for provider in documents_of(done).providers] == ["openai"]
    assert "(LiteLLM had it from the variable OPENAI_API_KEY)" in done.out


OPENAI_KEY = "os.environ/OPENAI_API_KEY"


@pytest.mark.parametrize(
    "model", ["dall-e-3", "openai/whisper-1", "azure/", "text-completion-openai/gpt-3.5-turbo-instruct"]
)
def test_a_model_that_cannot_be_served_is_left_out(tmp_path: Path, model: str):
    done = imported(models({"model_name": "a", "model": model}, {"model_name": "b", "model": "gpt-4o"}), tmp_path)
    assert [route.id for route in documents_of(done).routes] == ["b"]
    assert "model_list.0.litellm_params.model" in reasons_of(done)


def test_deployments_with_an_order_follow_each_other(tmp_path: Path):
    entries = [{"model_name": "m", "model": f"gpt-{order}", "order": order} for order in (2, 1, 3)]
    route = routes_of(models(*entries), tmp_path)["m"]
    assert ("strategy" in route, [target["model"] for target in route["targets"]]) == (
        False,
        ["gpt-1", "gpt-2", "gpt-3"],
    )


@pytest.mark.parametrize(
    ("shares", "weights"), [((9, 1), [9, 1]), ((0.25, 0.75), [1, 3]), ((None, 5), [1, 1]), ((1, 10_000_000), [1, 1000])]
)
def test_weights_are_small_whole_numbers(tmp_path: Path, shares: tuple, weights: list[int]):
    entries = [{"model_name": "m", "model": f"gpt-{n}", "weight": share} for n, share in enumerate(shares)]
    assert [target["weight"] for target in routes_of(models(*entries), tmp_path)["m"]["targets"]] == weights


def test_prices_a_token_become_prices_a_million_tokens(tmp_path: Path):
    info = {"input_cost_per_token": 3e-7, "output_cost_per_token": "0.0000012", "cache_read_input_token_cost": 3e-8}
    text = models(
        {"model_name": "a", "model": "openai/x", "api_base": "http://x/v1", "model_info": info},
        {"model_name": "b", "model": "openai/y", "input_cost_per_token": 1e-6},
    )
    done = imported(text, tmp_path)
    prices = {price.model: price.model_dump(mode="json", exclude_none=True) for price in documents_of(done).pricing}
    assert (prices["x"]["input"], prices["x"]["output"], prices["x"]["cache_read"]) == ("0.3", "1.2", "0.03")
    assert (prices["y"]["input"], prices["y"]["output"]) == ("1", "0")
    assert "output_cost_per_token; it was taken as 0" in reasons_of(done)["model_list.1.litellm_params"]


def test_a_wildcard_serves_the_models_that_are_named(tmp_path: Path):
    text = models(
        {"model_name": "anthropic/*", "model": "anthropic/*", "api_key": "os.environ/A"},
        {"model_name": "fo::*:static::*", "model": "openai/fo::*:static::*"},
        {"model_name": "mine", "model": "gpt-4o"},
        router_settings={"fallbacks": [{"mine": ["anthropic/claude-sonnet-4-5"]}]},
    )
    routes = routes_of(text, tmp_path, "--model", "anthropic/claude-haiku-4-5")
    assert {name: route["targets"][0]["model"] for name, route in routes.items()} == {
        "anthropic/claude-haiku-4-5": "claude-haiku-4-5",
        "anthropic/claude-sonnet-4-5": "claude-sonnet-4-5",
        "mine": "gpt-4o",
    }
    assert routes["mine"]["fallbacks"] == ["anthropic/claude-sonnet-4-5"]
    reasons = reasons_of(imported(text, tmp_path))
    assert "routes have no wildcards" in reasons["model_list.1.model_name"]


def test_cooldowns_become_circuit_breakers_where_something_else_can_serve(tmp_path: Path):
    entries = [{"model_name": name, "model": f"gpt-{n}"} for n, name in enumerate(("a", "a", "b", "c"))]
    settings = {"allowed_fails": 2, "cooldown_time": 30.5, "fallbacks": [{"b": ["c"]}]}
    routes = routes_of(models(*entries, router_settings=settings), tmp_path)
    breaker = {"failures": 3, "window_seconds": 60, "open_seconds": 31}
    assert {name: route.get("circuit_breaker") for name, route in routes.items()} == {
        "a": breaker,
        "b": breaker,
        "c": None,
    }
    off = models(*entries, router_settings={**settings, "disable_cooldowns": True})
    assert not any("circuit_breaker" in route for route in routes_of(off, tmp_path).values())


def test_default_fallbacks_are_for_all_that_have_none(tmp_path: Path):
    entries = [{"model_name": name, "model": "gpt-4o"} for name in ("a", "b", "c")]
    settings = {"default_fallbacks": ["c"], "fallbacks": [{"a": ["b"]}]}
    routes = routes_of(models(*entries, litellm_settings=settings), tmp_path)
    assert {name: route.get("fallbacks") for name, route in routes.items()} == {"a": ["b"], "b": ["c"], "c": None}


@pytest.mark.parametrize(
    ("duration", "period"),
    [("1d", "day"), ("24h", "day"), ("30d", "month"), ("1mo", "month"), (None, "total"), ("7d", None)],
)
def test_a_budgets_duration_becomes_a_period(tmp_path: Path, duration: str | None, period: str | None):
    settings = {"max_budget": 10, **({"budget_duration": duration} if duration else {})}
    done = imported(models({"model_name": "a", "model": "gpt-4o"}, general_settings=settings), tmp_path)
    assert [budget.period for budget in documents_of(done).budgets] == ([period] if period else [])
    assert ("general_settings.budget_duration" in reasons_of(done)) is (duration in {"24h", "30d", "7d"})


def test_a_budget_over_a_model_without_a_price_alerts_and_says_why(tmp_path: Path):
    text = models({"model_name": "a", "model": "openai/secret-finetune"}, litellm_settings={"max_budget": 1})
    done = imported(text, tmp_path)
    assert documents_of(done).budgets[0].action == "alert"
    assert "secret-finetune, which has no price" in reasons_of(done)["budgets/everybody-in-all"]


def test_teams_come_from_litellms_list(tmp_path: Path):
    teams = tmp_path / "teams.json"
    teams.write_text(
        json.dumps(
            [
                {"team_id": "8d9", "team_alias": "Search & Ads", "models": ["a", "gone"], "max_budget": 50,
                 "budget_duration": "30d", "tpm_limit": 1000, "rpm_limit": 10, "spend": 3.2, "metadata": {"x": 1}},
                {"team_id": "ops", "models": ["all-proxy-models"], "blocked": True},
            ]
        )
    )  # fmt: skip
    text = models({"model_name": "a", "model": "gpt-4o"}, {"model_name": "b", "model": "gpt-4o"})
    done = imported(text, tmp_path, "--teams", str(teams))
    documents = documents_of(done)
    assert [(t.id, t.name, t.models, t.enabled) for t in documents.teams] == [
        ("search-ads", "Search & Ads", ("a",), True),
        ("ops", "", "*", False),
    ]
    assert {b.id: (b.team, b.limit_usd or b.limit_tokens or b.limit_requests, b.period) for b in documents.budgets} == {
        "search-ads-month": ("search-ads", 50, "month"),
        "search-ads-tokens": ("search-ads", 1000, "minute"),
        "search-ads-requests": ("search-ads", 10, "minute"),
    }
    assert {"teams.0.models", "teams.0.metadata"} <= reasons_of(done).keys()


def test_included_files_and_named_credentials_are_read(tmp_path: Path):
    (tmp_path / "more.yaml").write_text(models({"model_name": "b", "model": "gpt-4o-mini"}))
    config = yaml.safe_load(models({"model_name": "a", "model": "azure/d", "litellm_credential_name": "az"}))
    values = {"api_base": "https://acme.openai.azure.com", "api_key": "os.environ/AZ"}
    config |= {"include": ["more.yaml"], "credential_list": [{"credential_name": "az", "credential_values": values}]}
    done = imported(yaml.safe_dump(config), tmp_path)
    assert [route.id for route in documents_of(done).routes] == ["a", "b"]
    assert "azure_resource: acme" in done.out


@pytest.mark.parametrize("text", ["", "- a", "just text", "a: [", "model_list: []", "model_list: 7", "model_list: [x]"])
def test_what_is_no_configuration_is_told(tmp_path: Path, text: str):
    done = imported(text, tmp_path)
    assert done.code in {0, 1}
    assert "Traceback" not in done.err
    assert "model_list" in done.err or "correct the YAML" in done.err


def test_an_unknown_setting_is_not_passed_over(tmp_path: Path):
    done = imported(
        models({"model_name": "a", "model": "gpt-4o"}, brand_new={"x": 1}, router_settings={"novel": 2}), tmp_path
    )
    assert {"brand_new", "router_settings.novel"} <= reasons_of(done).keys()


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**9), st.floats(), st.text(max_size=20))
NAMES = st.sampled_from(["a", "b", "c*", "*", "ä b", "x/y"])
PARAMS = st.fixed_dictionaries(
    {"model": st.sampled_from(["gpt-4o", "azure/x", "bedrock/y", "vertex_ai/z", "*", "", "groq/q", "cohere/c"])},
    optional=dict.fromkeys(
        ("api_base", "weight", "rpm", "order", "timeout", "num_retries", "input_cost_per_token", "api_key"), VALUES
    ),
)


@given(
    entries=st.lists(st.tuples(NAMES, PARAMS), max_size=6),
    fallbacks=st.lists(st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=2), max_size=4),
    settings=st.dictionaries(st.sampled_from(["max_budget", "num_retries", "request_timeout"]), VALUES),
)
def test_whatever_a_configuration_says_the_result_compiles_or_says_why(entries, fallbacks, settings):
    config = {
        "model_list": [{"model_name": name, "litellm_params": params} for name, params in entries],
        "router_settings": {"fallbacks": fallbacks},
        "litellm_settings": settings,
    }
    try:
        found = convert(config, {}, TODAY)
    except PolicyError:  # it lists the problems
        return
    documents = validate_documents({name: list(each) for name, each in found.sections.items()})
    compile_policy(documents, version=1, on=TODAY)
