"""`gwctl import litellm`: what becomes of a deployment: provider, target, weight, order, price, wildcard."""

from pathlib import Path

import pytest

from cli.importing.litellm_configs import documents_of, imported, models, reasons_of, routes_of


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
    assert [(target["provider"], target["weight"]) for target in routes["m"]["targets"]] == [
        ("openai", 2),
        ("openai-2", 1),
    ]


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


@pytest.mark.parametrize("name", ["weight", "rpm", "tpm", "order", "timeout", "num_retries"])
@pytest.mark.parametrize("value", ["1e400", "nan", -1, True, "many", 10**16])
def test_a_number_that_is_none_is_told_and_left_out(tmp_path: Path, name: str, value: object):
    text = models({"model_name": "a", "model": "gpt-4o", name: value}, {"model_name": "a", "model": "gpt-4o-mini"})
    done = imported(text, tmp_path)
    reason = reasons_of(done)[f"model_list.0.litellm_params.{name}"]
    assert f"is {str(value)!r}, which is no number from 0 to 1,000,000,000,000,000; it was left out" in reason
    targets = documents_of(done).routes[0].targets
    assert [target.weight for target in targets] == [1, 1]


@pytest.mark.parametrize(
    ("written", "provider", "model"),
    [
        ("openai/responses/gpt-4o", "openai", "gpt-4o"),
        ("openai/chat/completions/gpt-4o", "openai", "gpt-4o"),
        ("azure/responses/gpt-4o-eu", "azure-openai", "gpt-4o-eu"),
        ("azure/o_series/my-o3", "azure-openai", "my-o3"),
        ("vertex_ai/gemini/gemini-2.5-flash", "vertex-ai", "gemini-2.5-flash"),
        ("openrouter/openai/gpt-4o", "openai", "openai/gpt-4o"),
    ],
)
def test_words_that_choose_an_api_are_no_part_of_the_model(tmp_path: Path, written: str, provider: str, model: str):
    azure = {"api_base": "https://acme.openai.azure.com"} if written.startswith("azure") else {}
    vertex = {"vertex_project": "acme-prod", "vertex_location": "europe-west1"} if "vertex" in written else {}
    documents = documents_of(imported(models({"model_name": "a", "model": written, **azure, **vertex}), tmp_path))
    assert (documents.providers[0].kind, documents.routes[0].targets[0].model) == (provider, model)


def test_an_unknown_provider_may_be_one_that_speaks_openais_api(tmp_path: Path):
    text = models({"model_name": "a", "model": "newcomer/x"}, {"model_name": "b", "model": "gpt-4o"})
    reason = reasons_of(imported(text, tmp_path))["model_list.0.litellm_params.model"]
    assert "there is no provider 'newcomer' here; if it speaks OpenAI's API" in reason
    assert "kind openai with its base_url" in reason


def test_the_same_target_twice_is_one_with_both_shares(tmp_path: Path):
    same = {"model_name": "a", "model": "gpt-4o", "weight": 2}
    routes = routes_of(models(same, same, {**same, "model": "gpt-4o-mini", "weight": 1}), tmp_path)
    assert [(t["model"], t["weight"]) for t in routes["a"]["targets"]] == [("gpt-4o", 4), ("gpt-4o-mini", 1)]
    alone = routes_of(models(same, same), tmp_path)["a"]
    assert [target.keys() for target in alone["targets"]] == [{"provider", "model"}]
    assert "strategy" not in alone
