"""Budgets, teams and guardrails of a LiteLLM configuration. In: their settings. Out: documents, findings. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gwctl.importing.findings import Findings
from gwctl.importing.litellm_reasons import tell_unused
from gwctl.policy.patterns import PatternError, compiled

Json = dict[str, Any]

PERIODS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("1d", "24h", "1440m", "86400s", "daily"), "day"),
    **dict.fromkeys(("1mo", "30d", "31d", "720h", "monthly"), "month"),
    **dict.fromkeys(("1m", "60s"), "minute"),
}
_CALENDAR: Final = ("1mo", "1d", "monthly", "daily")


def slug(text: str) -> str:
    """An id made of a name."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:60] or "unnamed"


def budget(
    name: str, settings: Mapping[str, Any], path: str, findings: Findings, scope: Mapping[str, str]
) -> list[Json]:
    """What `max_budget`, `soft_budget`, `tpm_limit` and `rpm_limit` of one scope say."""
    found: list[Json] = []
    duration = settings.get("budget_duration")
    period = "total" if duration is None else PERIODS.get(str(duration))
    for key, action in (("max_budget", "block"), ("soft_budget", "alert")):
        limit = settings.get(key)
        if limit is None:
            continue
        if period is None:
            findings.add(f"{path}.budget_duration", f"{duration} is no minute, day or month; no budget was made of it")
            continue
        if duration is not None and str(duration) not in _CALENDAR:
            findings.add(f"{path}.budget_duration", f"{duration} became a calendar {period}, in UTC")
        words = {"total": "in all", "month": "month", "day": "day", "minute": "minute"}[period].replace(" ", "-")
        suffix = words if action == "block" else f"{words}-alert"
        found.append({"id": f"{name}-{suffix}", **scope, "limit_usd": limit, "period": period, "action": action})
    for key, unit in (("tpm_limit", "tokens"), ("rpm_limit", "requests")):
        if settings.get(key):
            entry = {"id": f"{name}-{unit}", **scope, f"limit_{unit}": settings[key], "period": "minute"}
            found.append({**entry, "action": "block"})
    return found


def teams(
    listed: Sequence[Any], path: str, aliases: Sequence[str], findings: Findings
) -> tuple[list[Json], list[Json]]:
    """Teams and their budgets, from `default_team_settings` or from what LiteLLM's `GET /team/list` answers."""
    documents: list[Json] = []
    budgets: list[Json] = []
    used = ("team_id", "team_alias", "models", "max_budget", "soft_budget", "budget_duration", "tpm_limit", "rpm_limit")
    for index, entry in enumerate(listed):
        where = f"{path}.{index}"
        if not isinstance(entry, Mapping) or not (entry.get("team_id") or entry.get("team_alias")):
            findings.add(where, "names no team")
            continue
        name = slug(str(entry.get("team_alias") or entry["team_id"]))
        if any(document["id"] == name for document in documents):
            findings.add(where, f"there are two teams {name}; the first was kept")
            continue
        document: Json = {"id": name}
        if entry.get("team_alias") and slug(str(entry["team_alias"])) != entry["team_alias"]:
            document["name"] = str(entry["team_alias"])
        models = [str(model) for model in entry.get("models") or ()]
        if models and not set(models) & {"*", "all-proxy-models"}:
            document["models"] = [model for model in models if model in aliases]
            for model in models:
                if model not in aliases:
                    findings.add(f"{where}.models", f"there is no route {model!r}")
        if entry.get("blocked"):
            document["enabled"] = False
        documents.append(document)
        budgets += budget(name, entry, where, findings, {"team": name})
        left = {key: value for key, value in entry.items() if key not in _INTERNAL}
        tell_unused(left, where, findings, (*used, "blocked"))
    return documents, budgets


_INTERNAL: Final = frozenset(
    {
        *("spend", "created_at", "updated_at", "budget_reset_at", "organization_id", "model_id", "admins", "members"),
        *("members_with_roles", "keys", "team_memberships", "object_permission", "object_permission_id"),
    }
)


def guardrails(listed: Any, findings: Findings) -> list[Json]:
    """Bedrock guardrails, and patterns of LiteLLM's own content filter."""
    rules: list[Json] = []
    for index, entry in enumerate(listed if isinstance(listed, list) else []):
        path = f"guardrails.{index}"
        params = entry.get("litellm_params") if isinstance(entry, Mapping) else None
        if not isinstance(params, Mapping):
            findings.add(path, "has no litellm_params")
            continue
        name = slug(str(entry.get("guardrail_name") or f"guardrail-{index}"))
        found = _rules(name, params, path, findings)
        for rule in found:
            rule["on"] = _sides(params.get("mode"))
            if not params.get("default_on"):
                rule["teams"] = []
        if found and not params.get("default_on"):
            findings.add(path, "is not on by default: the rule is made for no team; name the teams that it is for")
        rules += found
    return rules


def _rules(name: str, params: Mapping[str, Any], path: str, findings: Findings) -> list[Json]:
    kind = params.get("guardrail")
    if kind == "bedrock":
        identifier, version = str(params.get("guardrailIdentifier")), str(params.get("guardrailVersion"))
        if not re.fullmatch(r"[a-z0-9]{1,64}", identifier) or not re.fullmatch(r"[1-9][0-9]{0,7}|DRAFT", version):
            findings.add(path, "its guardrail is named by a variable or an ARN; a rule wants its id and version")
            return []
        return [{"id": name, "action": "deny", "bedrock_guardrail": {"id": identifier, "version": version}}]
    if kind == "litellm_content_filter":
        return _patterns(name, params, path, findings)
    findings.add(path, f"the guardrail {kind!r} has no equivalent; there are patterns and Bedrock guardrails")
    return []


def _patterns(name: str, params: Mapping[str, Any], path: str, findings: Findings) -> list[Json]:
    rules: list[Json] = []
    for index, each in enumerate(params.get("patterns") or ()):
        pattern = each.get("pattern") if isinstance(each, Mapping) else None
        if not pattern:
            findings.add(f"{path}.litellm_params.patterns.{index}", "a pattern that is built in has no equivalent")
            continue
        try:
            compiled(str(pattern))
        except PatternError as error:
            findings.add(f"{path}.litellm_params.patterns.{index}.pattern", str(error))
            continue
        action = "redact" if str(each.get("action", "")).upper() == "MASK" else "deny"
        rules.append({"id": f"{name}-{index + 1}", "action": action, "pattern": str(pattern)})
    for key in ("blocked_words", "blocked_words_file", "categories"):
        if params.get(key):
            findings.add(f"{path}.litellm_params.{key}", "only patterns can be taken over")
    return rules


def _sides(mode: Any) -> list[str]:
    modes = {str(each) for each in (mode if isinstance(mode, list) else [mode])}
    sides = ["input"] if modes & {"pre_call", "during_call", "None"} else []
    return sides + (["output"] if "post_call" in modes else []) or ["input"]
