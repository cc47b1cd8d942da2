"""LiteLLM's words for providers. In: the word before a model's slash. Out: the kind of provider, its URL, its key.

Source: https://docs.litellm.ai/docs/providers.
"""

from collections.abc import Mapping
from typing import Final

KINDS: Final[Mapping[str, str]] = {
    "openai": "openai",
    "custom_openai": "openai",
    "anthropic": "anthropic",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "gemini": "google",
    "vertex_ai": "vertex-ai",
    "vertex_ai_beta": "vertex-ai",
    "azure": "azure-openai",
    "ollama": "ollama",
    "ollama_chat": "ollama",
}

COMPATIBLE: Final[Mapping[str, str | None]] = {
    "groq": "https://api.groq.com/openai/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "mistral": "https://api.mistral.ai/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "xai": "https://api.x.ai/v1",
    "together_ai": "https://api.together.xyz/v1",
    "fireworks_ai": "https://api.fireworks.ai/inference/v1",
    "perplexity": "https://api.perplexity.ai",
    "cerebras": "https://api.cerebras.ai/v1",
    "deepinfra": "https://api.deepinfra.com/v1/openai",
    "nvidia_nim": "https://integrate.api.nvidia.com/v1",
    "hosted_vllm": None,
    "vllm": None,
    "lm_studio": None,
    "llamafile": None,
    "openai_like": None,
    "litellm_proxy": None,
    "xinference": None,
}
"""Providers that speak OpenAI's API, and where; None: wherever `api_base` says."""

OWN_VARIABLES: Final[Mapping[str, str]] = {
    **{prefix: f"{prefix.upper()}_API_KEY" for prefix in ("openai", "anthropic", "gemini", "azure")},
    **{prefix: f"{prefix.upper()}_API_KEY" for prefix, url in COMPATIBLE.items() if url},
    "together_ai": "TOGETHERAI_API_KEY",
}
"""Where LiteLLM looks for a key that a deployment does not name."""

ROUTING: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": ("chat/completions/", "responses/"),
    "custom_openai": ("chat/completions/", "responses/"),
    "azure": ("chat/completions/", "responses/", "o_series/", "gpt5_series/"),
    "vertex_ai": ("gemini/",),
    "vertex_ai_beta": ("gemini/",),
}
"""Words between provider and model that tell LiteLLM which API to call or how; here the caller's path does."""

SILENT: Final = ("dall-e", "gpt-image", "whisper", "tts-", "sora", "omni-moderation", "text-moderation", "rerank")
"""How models begin that neither talk nor embed."""
