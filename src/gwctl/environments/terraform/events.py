"""What Terraform reports with `-json`, line by line. In: a line. Out: an `Event`, or None for everything else.

Format: https://developer.hashicorp.com/terraform/internals/machine-readable-ui. Only addresses, actions, times and
messages are taken from it; values of resources are not.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

_PHASES: Final = {
    "apply_start": "started",
    "apply_progress": "going on",
    "apply_complete": "done",
    "apply_errored": "failed",
    "refresh_start": "reading",
    "refresh_complete": "read",
    "provision_start": "started",
}


@dataclass(frozen=True)
class Failure:
    """An error that Terraform reported. `address` is the resource that it is about, or empty."""

    address: str
    summary: str
    detail: str
    where: str
    """File and line in the configuration, or empty."""


@dataclass(frozen=True)
class Event:
    """Something happened. `phase`: started, going on, done, failed, reading, read, planned, total, error or warning."""

    phase: str
    address: str = ""
    action: str = ""
    seconds: float = 0.0
    message: str = ""
    failure: Failure | None = None


def read_event(line: str) -> Event | None:
    """The event in a line of output."""
    if not line.startswith("{"):
        return None
    try:
        report = json.loads(line)
    except ValueError:
        return None
    if not isinstance(report, dict):
        return None
    kind = report.get("type")
    if kind in _PHASES:
        hook = report.get("hook", {})
        return Event(
            phase=_PHASES[kind],
            address=hook.get("resource", {}).get("addr", ""),
            action=hook.get("action", ""),
            seconds=float(hook.get("elapsed_seconds", 0)),
            message=report.get("@message", ""),
        )
    if kind == "planned_change":
        change = report.get("change", {})
        return Event("planned", change.get("resource", {}).get("addr", ""), change.get("action", ""))
    if kind == "change_summary":
        return Event("total", message=report.get("@message", ""))
    if kind == "diagnostic":
        diagnostic = report.get("diagnostic", {})
        if diagnostic.get("severity") != "error":
            return Event("warning", diagnostic.get("address", ""), message=diagnostic.get("summary", ""))
        failure = _failure(diagnostic)
        return Event("error", failure.address, message=failure.summary, failure=failure)
    return None


def read_validation(text: str) -> list[Failure]:
    """The errors in what `terraform validate -json` printed."""
    try:
        diagnostics = json.loads(text)["diagnostics"]
    except (ValueError, KeyError, TypeError):
        return []
    return [_failure(each) for each in diagnostics if each.get("severity") == "error"]


def _failure(diagnostic: dict[str, Any]) -> Failure:
    place = diagnostic.get("range") or {}
    line = place.get("start", {}).get("line", "")
    return Failure(
        address=diagnostic.get("address", ""),
        summary=diagnostic.get("summary", ""),
        detail=diagnostic.get("detail", ""),
        where=f"{place['filename']}:{line}" if place.get("filename") else "",
    )
