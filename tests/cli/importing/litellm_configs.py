"""Configurations of LiteLLM for tests: one of a company, and small ones; and what becomes of them here.

They follow LiteLLM's documentation and what public repositories do with it.
"""

from datetime import date
from pathlib import Path

import yaml

from cli.conftest import Done, run
from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Documents
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
    (part,) = parse_yaml(done.ok().out, "stdout")
    sections = part.content
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
