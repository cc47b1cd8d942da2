"""The names that the sample provider knows: one table, used by the code, by `--help` and by the documentation."""

from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """A way to misbehave. The value is the name of the model that does."""

    SLOW = "sample-slow"
    RATE_LIMITED = "sample-429"
    BROKEN = "sample-500"
    OVERLOADED = "sample-overloaded"
    CUT = "sample-cut"
    ERROR_MID_STREAM = "sample-error-mid-stream"
    NO_USAGE = "sample-no-usage"


MODELS: Final[dict[str, str]] = {
    "sample-gpt": "Answers at once.",
    "sample-claude": "Answers at once.",
    "sample-embedding": "Embeds at once.",
    Fault.SLOW: "Waits before the answer, and again before each further event of a stream "
    "(`--slow-first`, `--slow-next`; seconds).",
    Fault.RATE_LIMITED: "Status 429 with `retry-after: 1`.",
    Fault.BROKEN: "Status 500.",
    Fault.OVERLOADED: "Status 529 for Anthropic's APIs, 503 for OpenAI's.",
    Fault.CUT: "Sends half of the answer, then closes the connection.",
    Fault.ERROR_MID_STREAM: "Sends half of the events, then the API's error event; without `stream`, status 500.",
    Fault.NO_USAGE: "Answers without `usage`.",
}
"""Name to behaviour, in every API. A name that is not here behaves as `sample-gpt` does."""


_FAULTS: Final = {fault.value: fault for fault in Fault}


def fault_of(model: str) -> Fault | None:
    """How this model misbehaves; None if it does not."""
    return _FAULTS.get(model)


def markdown_table() -> str:
    """`MODELS` as a Markdown table."""
    rows = [f"| `{name}` | {does} |" for name, does in MODELS.items()]
    return "\n".join(["| model | behaviour |", "|---|---|", *rows])
