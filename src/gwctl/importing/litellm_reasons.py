"""LiteLLM's settings that have no equivalent here, and why. In: a section's settings. Out: a finding for each.

Names: https://docs.litellm.ai/docs/proxy/config_settings. Only names and reasons are told, never values.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from gwctl.importing.findings import Findings

_CALLBACKS: Final = "callbacks are not called; usage events go to the audit log, metrics to OpenTelemetry"
_CACHE: Final = "answers are not cached; a provider's own prompt caching passes through"
_REDIS: Final = "no Redis is needed: limits are kept in DynamoDB"
_DATABASE: Final = "no database of LiteLLM's is needed: documents are kept in DynamoDB"
_KEYS: Final = "there are no virtual keys: clients get short-lived tokens, see `gwctl teams clients create`"
_COOLDOWN: Final = "a route's circuit_breaker decides which target is left out for a while, by what requests meet"
_ADMIN: Final = "administrators have tokens with the scope gateway/admin, not a master key"
_ALERTS: Final = "alerts come from budgets (`notify_at`) and from CloudWatch"
_PARAMETERS: Final = "requests are passed on as they are; the client sets this"
_UI: Final = "there is no such user interface"
_PARALLEL: Final = "parallel requests are not limited; a budget in requests a minute comes nearest"
_UNBOUND: Final = "only the documented paths are served; there is no pass-through that a budget would not see"
_PRE_CALL: Final = "requests are not checked against context windows"
_TAGS: Final = "requests are not routed by tags; give teams the routes that they may use"
_LOGS: Final = "what is logged is fixed: usage without texts"

REASONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("success_callback", "failure_callback", "callbacks", "service_callbacks"), _CALLBACKS),
    **dict.fromkeys(("callback_settings", "langfuse_default_tags", "default_team_settings.callbacks"), _CALLBACKS),
    **dict.fromkeys(("cache", "cache_params", "cache_responses", "caching_groups"), _CACHE),
    **dict.fromkeys(("redis_host", "redis_port", "redis_password", "redis_url", "redis_db"), _REDIS),
    **dict.fromkeys(("cache_kwargs", "client_ttl"), _REDIS),
    **dict.fromkeys(("database_url", "database_type", "database_connection_pool_limit"), _DATABASE),
    **dict.fromkeys(
        ("database_connection_timeout", "store_model_in_db", "allow_requests_on_db_unavailable"), _DATABASE
    ),
    **dict.fromkeys(("proxy_batch_write_at", "disable_spend_logs", "disable_spend_updates"), _DATABASE),
    **dict.fromkeys(("proxy_budget_rescheduler_min_time", "proxy_budget_rescheduler_max_time"), _DATABASE),
    **dict.fromkeys(("salt_key", "key_generation_settings", "key_management_system", "custom_key_generate"), _KEYS),
    **dict.fromkeys(
        ("key_management_settings", "upperbound_key_generate_params", "default_key_generate_params"), _KEYS
    ),
    **dict.fromkeys(("litellm_key_header_name", "custom_auth", "enable_jwt_auth", "litellm_jwtauth"), _KEYS),
    **dict.fromkeys(("infer_model_from_keys", "allow_client_side_credentials", "enable_oauth2_auth"), _KEYS),
    "allowed_fails_policy": _COOLDOWN,
    **dict.fromkeys(("background_health_checks", "health_check_interval", "health_check_details"), _COOLDOWN),
    "master_key": _ADMIN,
    **dict.fromkeys(
        ("alerting", "alerting_threshold", "alert_types", "alerting_args", "alert_to_webhook_url"), _ALERTS
    ),
    "spend_report_frequency": _ALERTS,
    **dict.fromkeys(("drop_params", "modify_params", "enforced_params", "enforce_user_param"), _PARAMETERS),
    **dict.fromkeys(("default_litellm_params", "additional_drop_params", "extra_headers", "extra_body"), _PARAMETERS),
    **dict.fromkeys(("temperature", "top_p", "max_tokens", "seed", "reasoning_effort", "thinking"), _PARAMETERS),
    **dict.fromkeys(("stop", "presence_penalty", "frequency_penalty", "allowed_openai_params"), _PARAMETERS),
    **dict.fromkeys(("use_in_pass_through", "pass_through_endpoints", "merge_reasoning_content_in_choices"), _UNBOUND),
    **dict.fromkeys(("ui_access_mode", "custom_sso", "default_internal_user_params"), _UI),
    **dict.fromkeys(("max_parallel_requests", "global_max_parallel_requests"), _PARALLEL),
    "default_max_parallel_requests": _PARALLEL,
    **dict.fromkeys(("enable_pre_call_checks", "enable_pre_call_check", "disable_token_counter"), _PRE_CALL),
    **dict.fromkeys(("enable_tag_filtering", "tag_filtering_match_any", "tags"), _TAGS),
    **dict.fromkeys(("set_verbose", "json_logs", "debug_level", "turn_off_message_logging", "log_raw_request"), _LOGS),
    **dict.fromkeys(("redact_user_api_key_info", "store_prompts_in_spend_logs", "suppress_debug_info"), _LOGS),
    **dict.fromkeys(("max_request_size_mb", "max_response_size_mb"), "a setting of the deployment, not of its policy"),
    "stream_timeout": "one timeout holds for streamed and plain answers",
    "retry_policy": "retries are told apart by status (`retries.on`), not by exception",
    "model_group_retry_policy": "retries are told apart by status (`retries.on`), not by exception",
    "routing_strategy_args": "belongs to a routing strategy that does not exist here",
    "retry_after": "the pause between retries is fixed",
    "max_fallbacks": "all fallbacks of a route are tried, five at most",
    "context_window_fallbacks": "fallbacks are tried by status; a request that is too long is told to the client",
    "content_policy_fallbacks": "fallbacks are tried by status; a refusal of the provider is told to the client",
    "provider_budget_config": "a budget is for everybody, a team, a client or a team's model; not for a provider",
    "completion_model": "the model of a request decides; a request without one is refused",
    "default_team_params": "teams that are made automatically do not exist; `gwctl teams apply` makes them",
    "max_internal_user_budget": "budgets of single users do not exist; give each a client and a budget",
    "internal_user_budget_duration": "budgets of single users do not exist; give each a client and a budget",
    "allowed_routes": "which paths a client may call is fixed",
    "allowed_ips": "a setting of the deployment's network, not of its policy",
    "mcp_servers": "MCP servers are not served",
    "mcp_aliases": "MCP servers are not served",
    "mcp_tools": "MCP servers are not served",
    "search_tools": "search tools are not served",
    "vector_store_registry": "vector stores are not served",
    "files_settings": "the files API is not served",
    "finetune_settings": "the fine-tuning API is not served",
    "assistant_settings": "the assistants API is not served",
    "assistants_config": "the assistants API is not served",
    "prompts": "prompts are not kept here; the client sends them",
    "environment_variables": "variables are not set from a policy; set them where the gateway runs",
}
"""Setting → reason."""

_LOGGERS: Final = ("langfuse_", "langsmith_", "datadog_", "arize_", "s3_callback", "gcs_", "slack_", "otel_")

UNKNOWN: Final = "this setting is not known here; nothing was made of it"


def tell_unused(section: Mapping[str, Any], path: str, findings: Findings, used: Collection[str]) -> None:
    """A finding for every setting that was not used."""
    for name, value in section.items():
        if name in used or value in (None, False, [], {}):
            continue
        where = f"{path}.{name}" if path else name
        findings.add(where, _CALLBACKS if name.startswith(_LOGGERS) else REASONS.get(name) or UNKNOWN)
