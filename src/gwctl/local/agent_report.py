"""What the agent last reported. In: its status file. Out: the policies it speaks of, by label."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AgentReport:
    """`snapshot`: read last; `applied`: in force at the edge; `problem`: why the two differ, if the agent knows."""

    snapshot: str
    applied: str
    problem: str


def read(path: Path) -> AgentReport | None:
    """None when there is no report that can be read."""
    with suppress(OSError, ValueError, AttributeError):
        document = json.loads(path.read_text())
        rejected = document.get("rejected") or {}
        return AgentReport(
            snapshot=str(document.get("snapshot") or ""),
            applied=str(document.get("applied") or ""),
            problem=f"{rejected['label']}: {rejected['reason']}" if rejected else "",
        )
    return None
