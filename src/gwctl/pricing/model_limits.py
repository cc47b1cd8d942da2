"""How much a model can read and write: what bounds a request that sets no bound itself. Pure.

In: a provider's kind and a model in the provider's own words. Out: tokens. What is not known is taken to be large: a
bound that is too high holds money back for a while, one that is too low lets a budget be overrun.
"""

import re
from functools import lru_cache
from typing import Final

from gwctl.core.names import ProviderKind
from gwctl.pricing.price_book import context_window

DEFAULT_CONTEXT_TOKENS: Final = 1_000_000
"""The context window of a model that the price book does not know: that of the large ones of 2026."""

DEFAULT_ANSWER_TOKENS: Final = 128_000
"""The largest answer of a model that is not in the table below: that of the large ones of 2026."""

_LARGEST_ANSWERS: Final = tuple(
    (re.compile(rf"(?:^|[./]){pattern}"), tokens)
    for pattern, tokens in (
        # OpenAI, platform.openai.com/docs/models, "max output tokens" of each model.
        (r"gpt-3\.5", 4_096),
        (r"gpt-4(-0314|-0613|-32k)?$", 32_768),
        (r"gpt-4-(turbo|1106|0125|vision)", 4_096),
        (r"gpt-4o|chatgpt-4o", 16_384),
        (r"gpt-4\.1", 32_768),
        (r"o1-preview", 32_768),
        (r"o1-mini", 65_536),
        (r"(o1|o3|o4-mini)(-|$)", 100_000),
        # Anthropic, docs.anthropic.com/en/docs/about-claude/models, "max output". Claude 3.7 writes 128,000 on request
        # and is left to the default.
        (r"claude-3-(opus|sonnet|haiku)", 4_096),
        (r"claude-3-5-", 8_192),
        (r"claude-(haiku-4-5|sonnet-4-5|sonnet-4-0|sonnet-4-2025|sonnet-4@|opus-4-5)", 64_000),
        (r"claude-opus-4-(0|1|2025)", 32_000),
        # Google, ai.google.dev/gemini-api/docs/models, "output token limit".
        (r"gemini-(1\.5|2\.0)-flash", 8_192),
        (r"gemini-1\.5-pro", 8_192),
        (r"gemini-2\.5-(pro|flash)", 65_536),
        # Amazon, docs.aws.amazon.com/nova/latest/userguide, "max output tokens".
        (r"nova-(micro|lite|pro)-v1", 10_000),
    )
)


def largest_context(kind: ProviderKind, model: str) -> int:
    """The most tokens that the model can be made to read, whatever is fetched for it."""
    return context_window(kind, model) or DEFAULT_CONTEXT_TOKENS


def largest_answer(model: str) -> int:
    """The most tokens that one answer of the model can have, reasoning included."""
    return known_largest_answer(model) or DEFAULT_ANSWER_TOKENS


@lru_cache(maxsize=4096)
def known_largest_answer(model: str) -> int | None:
    """The same; None: the model is not in the table."""
    name = model.lower()
    return next((tokens for pattern, tokens in _LARGEST_ANSWERS if pattern.search(name)), None)
