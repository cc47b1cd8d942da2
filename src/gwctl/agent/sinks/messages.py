"""What people are told when a quota has passed a threshold. In: its numbers. Out: words, and JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from gwctl.pricing import money


@dataclass(frozen=True, slots=True)
class Message:
    """What is told of a threshold. Amounts are in the quota's unit: nano-dollars, tokens or requests."""

    deployment: str
    quota: str
    scope: str
    percent: int
    """The threshold that was passed, or that nothing more can be reserved of."""
    spent: int
    limit: int
    unit: str
    period: str
    window: str
    resets_at: str | None
    """RFC 3339; None: it never does, or the period is over already."""
    action: str

    @property
    def passed(self) -> bool:
        """Whether so much is spent. Requests are refused before that, when all that is left is held for others."""
        return self.spent * 100 >= self.limit * self.percent

    @property
    def text(self) -> str:
        """The message in words."""
        amounts = f"{_amount(self.spent, self.unit)} of {_amount(self.limit, self.unit)}"
        reset = f" It starts anew at {self.resets_at}." if self.resets_at else ""
        after = {
            "block": "Requests beyond it are refused.",
            "alert": "Requests go on.",
            "shadow": "Requests go on: the quota is on trial.",
        }
        if self.passed:
            what = f"has passed {self.percent} %: {amounts}"
        else:
            what = f"has nothing left to give out: {amounts} is spent"
        words = f"{self.deployment}: quota {self.quota} ({self.scope}) {what}"
        during = "" if self.period == "total" else f" in this {self.period} ({self.window})"
        return f"{words}{during}. {after[self.action]}{reset}"

    @property
    def document(self) -> dict[str, Any]:
        """The message as JSON: its fields, `type`, and `text`, which chat programs show."""
        return {"type": "quota_threshold", "text": self.text, **asdict(self)}


def _amount(value: int, unit: str) -> str:
    return money.shown(value) if unit == "nano_usd" else f"{value:,} {unit}"
