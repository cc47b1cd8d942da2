"""What a plan would do, for a comment. In: what `gwctl plan --json` printed. Out: Markdown with addresses and actions.

    python tools/supply/plan_summary.py plan.json            the summary
    python tools/supply/plan_summary.py --count plan.json    how many resources and outputs would change, nothing else
    python tools/supply/plan_summary.py --refuse-identities plan.json    fails when it changes an IAM role or policy

Values never appear, not even those that Terraform shows: a plan is read by more people than may know its secrets.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

SHOWN = 200
"""Addresses in a summary; a comment on GitHub holds 65,536 characters."""


def count(plan: dict[str, Any]) -> int:
    """Resources and outputs that would change."""
    return len(plan["changes"]) + len(plan["outputs"])


def identities(plan: dict[str, Any]) -> list[str]:
    """Addresses of IAM's resources that would change: no workflow's role may do that (docs/adr/0062)."""
    return [each["address"] for each in plan["changes"] if re.search(r"(?:^|\.)aws_iam_", each["address"])]


def by_hand(plan: dict[str, Any]) -> str:
    """What a person does about those."""
    return f"a person with the rights for it carries this out: `gwctl deploy {plan['environment']}`"


def summary(plan: dict[str, Any]) -> str:
    """Markdown: a line of counts, then an address and its action a line."""
    head = f"### {plan['environment']}: "
    if not count(plan):
        return head + "nothing would change\n"
    counts = ", ".join(f"{number} to {action}" for action, number in plan["counts"].items() if number)
    lines = [head + (counts or "outputs only"), ""]
    lost = [each["address"] for each in plan["changes"] if each["loses_data"]]
    if lost:
        lines += ["> **Data would be lost:** " + ", ".join(f"`{address}`" for address in lost), ""]
    if identities(plan):
        lines += [f"> **Roles or policies would change**, which no workflow may do: {by_hand(plan)}", ""]
    lines += ["<details><summary>Addresses</summary>", ""]
    lines += [f"- {each['action']} `{each['address']}`" for each in plan["changes"][:SHOWN]]
    left = len(plan["changes"]) - SHOWN
    if left > 0:
        lines.append(f"- and {left} more; `gwctl plan {plan['environment']}` shows them")
    return "\n".join([*lines, "", "</details>", ""])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Summarise what gwctl plan --json printed.")
    parser.add_argument("--count", action="store_true", help="print only how much would change")
    parser.add_argument("--refuse-identities", action="store_true", help="fail when a role or policy would change")
    parser.add_argument("plan", type=Path)
    arguments = parser.parse_args()
    plan = json.loads(arguments.plan.read_text())
    if arguments.refuse_identities:
        if changed := identities(plan):
            sys.exit(f"{', '.join(changed[:5])}: no workflow may change roles and policies; {by_hand(plan)}")
        return
    print(count(plan) if arguments.count else summary(plan))


if __name__ == "__main__":
    main()
