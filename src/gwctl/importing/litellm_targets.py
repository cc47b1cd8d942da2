"""A LiteLLM deployment → provider and target. In: an entry of `model_list`. Out: what a route needs, or findings."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from gwctl.core.urls import http_url
from gwctl.importing.findings import Findings
from gwctl.importing.litellm_deployments import MAX_NUMBER, Deployment, Providers, count, number, positive
from gwctl.importing.litellm_providers import COMPATIBLE, KINDS, OWN_VARIABLES, ROUTING, SILENT
from gwctl.importing.litellm_reasons import tell_unused

ENVIRONMENT: Final = "os.environ/"

SECRETS: Final = frozenset(
    {
        *("api_key", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_bearer_token"),
        *("vertex_credentials", "azure_ad_token", "client_secret", "azure_password", "tenant_id", "client_id"),
    }
)
NO_KEYS: Final = frozenset(
    {"none", "null", "dummy", "empty", "not-needed", "no-key", "no-key-required", "fake", "x", "-"}
)
"""What people write where a server wants no key."""

_AWS: Final = ("aws_role_name", "aws_session_name", "aws_profile_name", "aws_web_identity_token", "aws_sts_endpoint")
_USED: Final = frozenset(
    {
        *("model", "api_base", "base_url", "api_version", "aws_region_name", "vertex_project", "vertex_location"),
        *("weight", "order", "rpm", "tpm", "timeout", "num_retries", "max_retries", "custom_llm_provider"),
        *("input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost", "litellm_credential_name"),
        *("cache_creation_input_token_cost", "cache_creation_input_token_cost_above_1hr", "max_budget"),
        *("budget_duration", *SECRETS, *_AWS),
    }
)
_INFO_USED: Final = frozenset(
    {
        *("id", "mode", "base_model", "max_output_tokens", "max_tokens", "max_input_tokens", "team_id", "description"),
        *("input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost", "litellm_provider"),
        *("cache_creation_input_token_cost", "cache_creation_input_token_cost_above_1hr", "db_model", "created_at"),
    }
)
_RATES: Final = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_creation": "cache_creation_input_token_cost",
    "cache_creation_1h": "cache_creation_input_token_cost_above_1hr",
}
MAX_PER_TOKEN: Final = Decimal("0.01")
_MODES: Final = frozenset({"chat", "completion", "embedding", "responses"})


class TargetReader:
    """Reads deployments. `environment` resolves what is no secret; `credentials` is `credential_list` by name."""

    def __init__(
        self, environment: Mapping[str, str], credentials: Mapping[str, Mapping[str, Any]], findings: Findings
    ) -> None:
        self._environment = environment
        self._credentials = credentials
        self._findings = findings
        self.providers = Providers()

    def read(self, entry: Any, path: str) -> Deployment | None:
        """The deployment; None, and a finding, when nothing can be made of it."""
        if not isinstance(entry, Mapping) or not isinstance(entry.get("litellm_params"), Mapping):
            self._findings.add(path, "has no litellm_params")
            return None
        own: dict[str, Any] = dict(entry["litellm_params"])
        named = own.get("litellm_credential_name")
        params = {**self._credentials.get(str(named), {}), **own} if named else own
        info = entry.get("model_info") if isinstance(entry.get("model_info"), Mapping) else {}
        where = f"{path}.litellm_params"
        found = self._deployment(str(entry.get("model_name")), params, info or {}, where)
        if found:
            tell_unused(params, where, self._findings, _USED)
            self._tell_info(info or {}, f"{path}.model_info")
            for name in _AWS:
                if params.get(name):
                    self._findings.add(f"{where}.{name}", "the gateway uses the role of its task; give that the right")
            for name in ("max_budget", "budget_duration"):
                if params.get(name):
                    self._findings.add(f"{where}.{name}", "a budget is for a team's model, not for a deployment")
            for name in ("rpm", "tpm"):
                if number(params.get(name)):
                    reason = "taken as a share of the traffic only; for a limit give teams a budget by the minute"
                    self._findings.add(f"{where}.{name}", reason)
        return found

    def _deployment(
        self, name: str, params: Mapping[str, Any], info: Mapping[str, Any], where: str
    ) -> Deployment | None:
        prefix, model = _split(str(params.get("model") or ""), params.get("custom_llm_provider"))
        if not model:
            self._findings.add(f"{where}.model", "names no model")
            return None
        model = next((model.removeprefix(w) for w in ROUTING.get(prefix, ()) if model.startswith(w)), model)
        mode = info.get("mode")
        if mode and mode not in _MODES:
            self._findings.add(where, f"the mode {mode!r} is not served; chat, messages, responses and embeddings are")
            return None
        if prefix not in KINDS and prefix not in COMPATIBLE:
            hint = "if it speaks OpenAI's API, add a provider of kind openai with its base_url, and a route"
            self._findings.add(f"{where}.model", f"there is no provider {prefix!r} here; {hint}")
            return None
        if model.lower().startswith(SILENT):
            self._findings.add(f"{where}.model", "is no model for chat, messages, responses or embeddings")
            return None
        provider, model = self._provider(prefix, model, params, where)
        if provider is None:
            return None
        self._tell_numbers(params, where)
        base = info.get("base_model")
        return Deployment(
            path=where,
            name=name,
            provider=provider,
            model=model,
            key_source=self.providers.key_sources[provider["id"]],
            price=self._price(params, info, where, mode),
            priced_as=str(base).partition("/")[2] or str(base) if base else None,
            max_output_tokens=positive(info.get("max_output_tokens")),
            share=number(params.get("weight")) or number(params.get("rpm")) or number(params.get("tpm")),
            order=positive(params.get("order")),
            timeout=number(params.get("timeout")),
            retries=count(params.get("num_retries", params.get("max_retries"))),
            team=str(info["team_id"]) if info.get("team_id") else None,
        )

    def _provider(
        self, prefix: str, model: str, params: Mapping[str, Any], where: str
    ) -> tuple[dict[str, Any] | None, str]:
        key, source = params.get("api_key") or params.get("aws_access_key_id") or params.get("vertex_credentials"), ""
        if not key and prefix in OWN_VARIABLES:
            key = f"{ENVIRONMENT}{OWN_VARIABLES[prefix]}"
        if isinstance(key, str) and key.startswith(ENVIRONMENT):
            source = f"the variable {key.removeprefix(ENVIRONMENT)}"
        elif key and str(key).strip().lower() not in NO_KEYS:
            source = "the file itself"
            self._findings.add(
                where, "holds a key in plain text; it was left out: revoke it, and set the variable named"
            )
        base = self._plain(params, "api_base", where) or self._plain(params, "base_url", where)
        kind = KINDS.get(prefix, "openai")
        facts: dict[str, Any] = {"kind": kind}
        wanted = kind
        if kind == "azure-openai":
            wanted = self._azure(facts, base, params, where)
        elif kind == "bedrock":
            model, region = _bedrock(model)
            facts["region"] = region or self._plain(params, "aws_region_name", where) or self._assumed(
                f"{where}.aws_region_name", "us-east-1", ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION")
            )  # fmt: skip
            wanted = f"bedrock-{facts['region']}"
        elif kind == "vertex-ai":
            facts["region"] = self._plain(params, "vertex_location", where) or self._assumed(
                f"{where}.vertex_location", "us-central1", ("VERTEXAI_LOCATION", "VERTEX_LOCATION")
            )  # fmt: skip
            facts["project"] = self._plain(params, "vertex_project", where) or self._assumed(
                f"{where}.vertex_project", "set-the-project", ("VERTEXAI_PROJECT", "GOOGLE_CLOUD_PROJECT")
            )  # fmt: skip
            model = f"anthropic.{model}" if model.startswith("claude") else model
        elif kind == "ollama":
            facts["base_url"] = (base or "http://localhost:11434").removesuffix("/v1")
        else:
            url = base or COMPATIBLE.get(prefix)
            if url is None and prefix in COMPATIBLE:
                self._findings.add(f"{where}.api_base", f"is missing: nobody knows where this {prefix} is")
                return None, model
            if kind == "anthropic" and url and not url.endswith("/v1"):
                url = f"{url}/v1"
            if url:
                facts["base_url"] = url
            wanted = prefix if prefix in COMPATIBLE or not base else f"{prefix}-{_host(base)}"
        return self.providers.get(wanted, facts, key, source), model

    def _azure(self, facts: dict[str, Any], base: str | None, params: Mapping[str, Any], where: str) -> str:
        host = _host(base or "")
        version = self._plain(params, "api_version", where)
        if version:
            facts["azure_api_version"] = version
        if host.endswith(".openai.azure.com"):
            facts["azure_resource"] = host.removesuffix(".openai.azure.com")
            return f"azure-{facts['azure_resource']}"
        if base:
            facts["base_url"] = base
            return f"azure-{host}"
        facts["azure_resource"] = "set-the-resource"
        self._findings.add(f"{where}.api_base", "is missing; set azure_resource in the provider that was made of it")
        return "azure-openai"

    def _plain(self, params: Mapping[str, Any], name: str, where: str) -> str | None:
        """A setting that is no secret, resolved; without credentials and query where it is a URL."""
        value = params.get(name)
        if value is None or value == "":
            return None
        text = str(value).strip()
        if text.startswith(ENVIRONMENT):
            variable = text.removeprefix(ENVIRONMENT)
            text = self._environment.get(variable, "").strip()
            if not text:
                reason = f"is read from {variable}, which is not set here; a placeholder stands for it"
                self._findings.add(f"{where}.{name}", reason)
                slug = re.sub(r"[^a-z0-9]+", "-", variable.lower())
                return f"https://{slug}.invalid" if name in {"api_base", "base_url"} else f"set-{slug}"[:30]
        parts = http_url(text)
        if parts:  # a URL that is none is left as it is: it does not compile, which is said
            if parts.username or parts.password or parts.query or parts.fragment:
                self._findings.add(f"{where}.{name}", "carried credentials or a query, which were left out")
            port = f":{parts.port}" if parts.port else ""
            return f"{parts.scheme}://{parts.hostname}{port}{parts.path}".rstrip("/")
        return text

    def _assumed(self, path: str, default: str, variables: tuple[str, ...]) -> str:
        for variable in variables:
            if self._environment.get(variable):
                return self._environment[variable]
        self._findings.add(path, f"is missing; {default!r} was assumed, correct it in the provider")
        return default

    def _price(self, params: Mapping[str, Any], info: Mapping[str, Any], where: str, mode: Any) -> dict[str, Decimal]:
        rates: dict[str, Decimal] = {}
        for rate, name in _RATES.items():
            per_token = number(params.get(name, info.get(name)))
            if per_token is None:
                continue
            if per_token > MAX_PER_TOKEN:
                self._findings.add(f"{where}.{name}", "is absurd: more than a cent a token; left out")
                continue
            rates[rate] = (per_token * 1_000_000).quantize(Decimal("1e-9")).normalize()
        if rates and not {"input", "output"} <= rates.keys():
            missing = "output" if "input" in rates else "input"
            if mode != "embedding":
                self._findings.add(where, f"has a price without {_RATES[missing]}; it was taken as 0")
            rates = {"input": Decimal(0), "output": Decimal(0), **rates}
        return rates

    def _tell_numbers(self, params: Mapping[str, Any], where: str) -> None:
        for name in ("weight", "rpm", "tpm", "order", "timeout", "num_retries", "max_retries"):
            value = params.get(name)
            if value is not None and number(value) is None:
                reason = f"is {str(value)[:40]!r}, which is no number from 0 to {MAX_NUMBER:,}; it was left out"
                self._findings.add(f"{where}.{name}", reason)

    def _tell_info(self, info: Mapping[str, Any], path: str) -> None:
        for name, value in info.items():
            if name in _INFO_USED or name.startswith("supports_") or value in (None, False, [], {}):
                continue
            if "cost" in name:
                self._findings.add(f"{path}.{name}", "prices are per token: input, output, cache; this one is left out")
            elif name == "access_groups":
                self._findings.add(f"{path}.{name}", "there are no groups of models; list the routes in the teams")
            else:
                self._findings.add(f"{path}.{name}", "is for information only; left out")


def _split(model: str, given: Any) -> tuple[str, str]:
    """Provider word and model. Without a word, the model's own name says whose it is, as LiteLLM guesses."""
    if given:
        return str(given), model.removeprefix(f"{given}/")
    prefix, slash, rest = model.partition("/")
    if slash and (prefix in KINDS or prefix in COMPATIBLE or not prefix.startswith(("claude", "gpt", "gemini"))):
        return prefix, rest
    if model.startswith("claude"):
        return "anthropic", model
    if model.startswith("gemini"):
        return "vertex_ai", model
    return "openai", model


def _host(url: str) -> str:
    parts = http_url(url)
    return (parts and parts.hostname) or ""


def _bedrock(model: str) -> tuple[str, str | None]:
    """Model id and region: `converse/`, `invoke/` and a region may stand in front."""
    model = re.sub(r"^(converse|invoke|converse_like)/", "", model)
    match = re.match(r"^((?:us|eu|ap|ca|sa|me|af)-[a-z]+-\d)/(.+)$", model)
    return (match[2], match[1]) if match else (model, None)
