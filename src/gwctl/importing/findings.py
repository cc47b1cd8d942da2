"""What could not be taken over, collected while converting. In: paths and reasons. Out: findings, each once."""

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Finding:
    """A path in the source file (`model_list.3.litellm_params.rpm`), and why it is not, or not fully, taken over."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass
class Findings:
    """In the order in which they were found."""

    found: dict[Finding, None] = field(default_factory=dict[Finding, None])

    def add(self, path: str, reason: str) -> None:
        """Takes note, once."""
        self.found[Finding(path, reason)] = None
