"""What OpenAI's usage adds to plain counts: a prompt's size or an effort in, cached or reasoning tokens out."""

from typing import Any, Final

CACHE_MINIMUM = 1024
CACHE_STEP = 128

REASONING: Final = {"none": 0, "minimal": 8, "low": 32, "medium": 128, "high": 512, "xhigh": 1024}


def cached_tokens(prompt_tokens: int) -> int:
    """Cached tokens of a prompt: the largest multiple of 128 below its size; none up to 1,024 tokens.

    Thresholds: OpenAI's guide "Prompt caching". The provider keeps no state: a long prompt is always a hit.
    """
    return (prompt_tokens - 1) // CACHE_STEP * CACHE_STEP if prompt_tokens > CACHE_MINIMUM else 0


def reasoning_tokens(effort: Any) -> int:
    """Hidden tokens for an effort; 0 if none was asked for, as "medium" for a name that is not in `REASONING`."""
    return 0 if effort is None else REASONING.get(str(effort), REASONING["medium"])
