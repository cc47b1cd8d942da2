"""`gwctl import litellm`: configurations as people have them become documents that compile; what is lost is told."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cli.importing.litellm_configs import COMPANY, TODAY, documents_of, imported, models, reasons_of, routes_of
from gwctl.importing.litellm import convert
from gwctl.policy.compile import compile_policy
from gwctl.policy.errors import PolicyError
from gwctl.policy.validation import validate_documents


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


def test_models_that_fall_back_to_each_other_have_each_others_targets(tmp_path: Path):
    both = [{"model_name": "a", "model": "gpt-4o"}, {"model_name": "b", "model": "gpt-4o-mini"}]
    text = models(*both, router_settings={"fallbacks": [{"a": ["b"]}, {"b": ["a"]}]})
    done = imported(text, tmp_path)
    routes = {route.id: route for route in documents_of(done).routes}
    assert [target.model for target in routes["a"].targets] == ["gpt-4o", "gpt-4o-mini"]
    assert [target.model for target in routes["b"].targets] == ["gpt-4o-mini", "gpt-4o"]
    assert (routes["a"].fallbacks, routes["b"].fallbacks) == ((), ())
    assert "would fall back to each other" not in done.err


def test_the_first_line_says_how_the_file_is_used(tmp_path: Path):
    """Providers cannot be applied: no API stores them."""
    first, second = imported(models({"model_name": "a", "model": "gpt-4o"}), tmp_path).out.splitlines()[:2]
    assert first.endswith("run it on this machine: gwctl up --policy this-file")
    assert "give it the providers, then: gwctl apply -f this-file" in second


def test_a_name_with_spaces_becomes_one_that_a_route_can_have(tmp_path: Path):
    names = [{"model_name": "GPT 4o (EU)", "model": "gpt-4o"}, {"model_name": "b", "model": "gpt-4o-mini"}]
    done = imported(models(*names, router_settings={"fallbacks": [{"b": ["GPT 4o (EU)"]}]}), tmp_path)
    routes = {route.id: route for route in documents_of(done).routes}
    assert set(routes) == {"GPT-4o-EU", "b"}
    assert routes["b"].fallbacks == ("GPT-4o-EU",)
    assert "it is 'GPT-4o-EU' here" in reasons_of(done)["model_list.0.model_name"]


def test_a_name_whose_usable_form_is_taken_stays_out(tmp_path: Path):
    done = imported(models({"model_name": "a b", "model": "gpt-4o"}, {"model_name": "a-b", "model": "o3"}), tmp_path)
    assert [route.targets[0].model for route in documents_of(done).routes] == ["o3"]
    assert "rename it" in reasons_of(done)["model_list.0.model_name"]


def test_what_a_document_does_otherwise_stands_beside_it_in_the_file(tmp_path: Path):
    text = models({"model_name": "a", "model": "openai/own-model"}, litellm_settings={"max_budget": 5})
    lines = imported(text, tmp_path).out.splitlines()
    budget = next(index for index, line in enumerate(lines) if "id: everybody" in line)
    assert lines[budget - 1].lstrip().startswith("# alerts instead of blocking:")
    team = next(index for index, line in enumerate(lines) if "id: default" in line)
    assert "may use every model, and so may each of its clients" in lines[team - 1]
