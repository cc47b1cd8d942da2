"""What the agent last reported. In: its status file. Out: the policies it speaks of, by label."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AgentReport:
    """`snapshot`: read last; `applied`: in force at the edge; `problem`: why the two differ, if the agent knows.

    `source`: why it cannot read what is published; `missing_secrets`: providers that serve routes and have no key;
    `pid`: the agent that said so, maybe a dead one.
    """

    snapshot: str
    applied: str
    problem: str
    source: str
    missing_secrets: tuple[str, ...]
    pid: int


def read(path: Path) -> AgentReport | None:
    """None when there is no report that can be read."""
    with suppress(OSError, ValueError, AttributeError):
        document = json.loads(path.read_text())
        rejected = document.get("rejected") or {}
        return AgentReport(
            snapshot=str(document.get("snapshot") or ""),
            applied=str(document.get("applied") or ""),
            problem=f"{rejected['label']}: {rejected['reason']}" if rejected else "",
            source=str((document.get("source") or {}).get("reason") or ""),
            missing_secrets=tuple(document.get("missing_secrets") or ()),
            pid=int(document.get("pid") or 0),
        )
    return None
