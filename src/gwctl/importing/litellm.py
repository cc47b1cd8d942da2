"""A LiteLLM proxy configuration → policy documents. In: the parsed file. Out: `Imported`. Pure.

What it says is described at https://docs.litellm.ai/docs/proxy/configs.
"""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from gwctl.importing import litellm_limits as limits
from gwctl.importing import litellm_routes as routing
from gwctl.importing.findings import Finding, Findings
from gwctl.importing.litellm_deployments import Deployment
from gwctl.importing.litellm_names import with_usable_names
from gwctl.importing.litellm_reasons import tell_unused
from gwctl.importing.litellm_targets import TargetReader
from gwctl.local.policy.providers import key_variables
from gwctl.policy.compile import compile_policy
from gwctl.policy.errors import PolicyError
from gwctl.policy.validation import validate_documents

Json = dict[str, Any]

DEFAULT_TEAM: Final = "default"
_SECTIONS: Final = (
    *("model_list", "router_settings", "litellm_settings", "general_settings", "guardrails", "credential_list"),
    *("include", "teams"),
)
_ROUTER_USED: Final = (
    *("routing_strategy", "fallbacks", "default_fallbacks", "num_retries", "timeout", "model_group_alias"),
    *("request_timeout", "allowed_fails", "cooldown_time", "disable_cooldowns"),
)
_LIMITS_USED: Final = ("max_budget", "soft_budget", "budget_duration", "default_team_settings", "model_alias_map")


@dataclass(frozen=True)
class Imported:
    """Sections of documents as plain values, the variable of each provider's key, and what was not taken over."""

    sections: Mapping[str, Sequence[Json]]
    keys: Mapping[str, str]
    """Provider id → where LiteLLM had its key from, and the variable that it belongs into now; in words."""
    findings: Sequence[Finding] = field(default=())


def convert(
    config: Mapping[str, Any],
    environment: Mapping[str, str],
    on: date,
    models: Iterable[str] = (),
    team_list: Sequence[Any] = (),
) -> Imported:
    """The documents, which compile.

    `environment` resolves `os.environ/…` where it is no secret; `on` is the day whose prices hold; `models` are names
    to be served by wildcards; `team_list` is what LiteLLM's `GET /team/list` answered. Raises PolicyError when what
    came out does not compile for another reason than a missing price.
    """
    findings = Findings()
    config, team_list = with_usable_names(config, team_list, findings)
    router = {**_mapping(config.get("litellm_settings")), **_mapping(config.get("router_settings"))}
    router["timeout"] = router.get("timeout") or router.get("request_timeout")
    reader = TargetReader(environment, _credentials(config), findings)
    listed = config.get("model_list") or []
    entries = _expanded(listed if isinstance(listed, list) else [], _named(router, models), findings)
    deployments = [found for entry, path in entries if (found := reader.read(entry, path))]
    routes = {
        alias: routing.route(alias, group, router, findings)
        for alias, group in routing.group(deployments, findings).items()
    }
    routing.strategy_findings(router.get("routing_strategy"), "router_settings.routing_strategy", findings)
    routing.add_aliases(routes, router.get("model_group_alias"), "router_settings.model_group_alias", findings)
    routing.add_aliases(routes, router.get("model_alias_map"), "litellm_settings.model_alias_map", findings)
    routing.add_fallbacks(routes, _fallbacks(config), findings)
    routing.add_circuit_breakers(routes, router, findings)
    teams, budgets = _teams(config, deployments, routes, team_list, findings)
    used = {target["provider"] for each in routes.values() for target in each["targets"]}
    sections: dict[str, list[Json]] = {
        "providers": [each for name, each in reader.providers.documents.items() if name in used],
        "routes": list(routes.values()),
        "teams": teams,
        "budgets": _gateway_budgets(config, findings) + budgets,
        "scanner": limits.guardrails(config.get("guardrails"), findings),
        "pricing": _prices(deployments, routes, findings),
    }
    _tell(config, findings)
    _make_compile(sections, on, findings)
    for team in teams:
        if team.get("models", "*") == "*":
            findings.add(
                f"teams/{team['id']}", "may use every model, and so may each of its clients; narrow it by `models`"
            )
    keys = {
        name: _key_words(reader.providers.documents[name], source)
        for name, source in reader.providers.key_sources.items()
        if name in used
    }
    return Imported({name: each for name, each in sections.items() if each}, keys, tuple(findings.found))


def _named(router: Mapping[str, Any], models: Iterable[str]) -> list[str]:
    """All names of models that somebody may ask for beside those of `model_list`."""
    found = list(models)
    for entry in [*_list(router.get("fallbacks")), *_list(router.get("default_fallbacks"))]:
        if isinstance(entry, Mapping):
            found += [str(name) for names in entry.values() for name in _list(names)] + [str(name) for name in entry]
        else:
            found.append(str(entry))
    aliases = router.get("model_group_alias")
    if isinstance(aliases, Mapping):
        found += [str(named.get("model") if isinstance(named, Mapping) else named) for named in aliases.values()]
    return list(dict.fromkeys(name for name in found if name != "*"))


def _expanded(entries: Sequence[Any], named: Sequence[str], findings: Findings) -> list[tuple[Any, str]]:
    """The entries with their paths; one with a wildcard becomes one for each name that it fits."""
    plain = {str(entry.get("model_name")) for entry in entries if isinstance(entry, Mapping)}
    expanded: list[tuple[Any, str]] = []
    for index, entry in enumerate(entries):
        path = f"model_list.{index}"
        name = str(entry.get("model_name")) if isinstance(entry, Mapping) else ""
        if "*" not in name:
            expanded.append((entry, path))
            continue
        fitting = [each for each in named if fnmatch.fnmatchcase(each, name) and each not in plain]
        told = f" (made: {', '.join(fitting)})" if fitting else ""
        findings.add(
            f"{path}.model_name", f"routes have no wildcards; name the models that are used with --model{told}"
        )
        params = _mapping(entry.get("litellm_params"))
        for each in fitting:
            model = str(params.get("model") or name)
            star = each[len(name.partition("*")[0]) : len(each) - len(name.rpartition("*")[2])]
            expanded.append(
                ({**entry, "model_name": each, "litellm_params": {**params, "model": model.replace("*", star)}}, path)
            )
    return expanded


def _fallbacks(config: Mapping[str, Any]) -> list[tuple[str, Any]]:
    declared: list[tuple[str, Any]] = []
    for key in ("fallbacks", "default_fallbacks"):
        for section in ("router_settings", "litellm_settings"):
            value = _mapping(config.get(section)).get(key)
            if value:
                declared.append((f"{section}.{key}", value))
                break
    return declared


def _teams(
    config: Mapping[str, Any],
    deployments: Sequence[Deployment],
    routes: Mapping[str, Json],
    team_list: Sequence[Any],
    findings: Findings,
) -> tuple[list[Json], list[Json]]:
    settings = _list(_mapping(config.get("litellm_settings")).get("default_team_settings"))
    aliases = list(routes)
    teams, budgets = limits.teams(settings, "litellm_settings.default_team_settings", aliases, findings)
    more, more_budgets = limits.teams(team_list, "teams", aliases, findings)
    known = {team["id"] for team in teams}
    teams += [team for team in more if team["id"] not in known]
    budgets += [each for each in more_budgets if each["team"] not in known]
    own = {each.team for each in deployments if each.team}
    for name in sorted(own - {team["id"] for team in teams}):
        if name is not None:
            teams.append({"id": limits.slug(name)})
    if own:
        owner = {each.name: each.team for each in deployments if each.name in routes}
        for team in teams:
            if "models" not in team:
                team["models"] = [a for a in routes if limits.slug(str(owner.get(a) or team["id"])) == team["id"]]
    return teams or [{"id": DEFAULT_TEAM, "models": "*"}], budgets


def _gateway_budgets(config: Mapping[str, Any], findings: Findings) -> list[Json]:
    for section in ("litellm_settings", "general_settings"):
        settings = _mapping(config.get(section))
        if settings.get("max_budget") is not None or settings.get("soft_budget") is not None:
            return limits.budget("everybody", settings, section, findings, {})
    return []


def _prices(deployments: Sequence[Deployment], routes: Mapping[str, Json], findings: Findings) -> list[Json]:
    prices: dict[str, Json] = {}
    for each in deployments:
        if not each.price or each.name not in routes:
            continue
        entry = {"provider": each.provider["id"], "model": each.model, **each.price}
        name = f"{each.provider['id']}/{each.model}"
        if prices.setdefault(name, entry) != entry:
            findings.add(each.path, f"{name} has another price elsewhere in the file; the first was kept")
    return list(prices.values())


def _tell(config: Mapping[str, Any], findings: Findings) -> None:
    """Everything that nobody has used."""
    for section in ("router_settings", "litellm_settings", "general_settings"):
        tell_unused(_mapping(config.get(section)), section, findings, (*_ROUTER_USED, *_LIMITS_USED))
    tell_unused(config, "", findings, _SECTIONS)
    if not isinstance(config.get("model_list"), list) or not config["model_list"]:
        findings.add("model_list", "is no list, or empty: there is no route")


def _make_compile(sections: dict[str, list[Json]], on: date, findings: Findings) -> None:
    """Budgets in dollars over a model whose price nobody knows only alert. Raises PolicyError for all else."""
    while True:
        try:
            compile_policy(validate_documents({k: v for k, v in sections.items() if v}), version=0, on=on)
        except PolicyError as error:
            unpriced = {
                p.document: p.message for p in error.problems if p.field == "limit_usd" and "no price" in p.message
            }
            chosen = [each for each in sections["budgets"] if f"budgets/{each['id']}" in unpriced]
            if not chosen or len(unpriced) < len({p.document for p in error.problems}):
                raise
            for each in chosen:
                each["action"] = "alert"
                reason = unpriced[f"budgets/{each['id']}"].removeprefix("cannot be held: ")
                findings.add(f"budgets/{each['id']}", f"alerts instead of blocking: {reason}; add one under pricing")
        else:
            return


def _key_words(provider: Json, source: str) -> str:
    variables = key_variables(provider["id"], provider["kind"])
    if not source:
        return f"its key, if it has one: the variable {variables}"
    return f"its key: the variable {variables} (LiteLLM had it from {source})"


def _credentials(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        str(each.get("credential_name")): _mapping(each.get("credential_values"))
        for each in _list(config.get("credential_list"))
        if isinstance(each, Mapping)
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
