"""Configurations of other gateways → policy documents. Pure, but for reading the files.

In: a LiteLLM proxy configuration. Out: documents that compile, which variable each key belongs into, and a finding for
everything that has no equivalent here: its path and the reason. No secret of the file is ever part of what comes out.

    litellm            the whole: sections in, `Imported` out
    litellm_targets    a deployment → provider and target (`litellm_providers`: LiteLLM's words for providers,
                       `litellm_deployments`: what is known of a deployment)
    litellm_routes     deployments of one name → a route; fallbacks, aliases, wildcards
    litellm_limits     budgets, teams, guardrails
    litellm_reasons    settings that have no equivalent, and why
    render             `Imported` → YAML with comments
"""
