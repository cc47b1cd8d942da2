"""Whether commit messages are Conventional Commits. In: a message's file, or a range. Out: 1 and what to mend.

    python3 tools/supply/commit_message.py .git/COMMIT_EDITMSG      Lefthook's commit-msg
    python3 tools/supply/commit_message.py --range origin/main..    what a pull request adds

https://www.conventionalcommits.org/en/v1.0.0/ with the types below. Only the standard library: it runs before set-up.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

TYPES = ("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test")
LONGEST = 120
_SUBJECT = re.compile(rf"(?:{'|'.join(TYPES)})(?:\([a-z0-9_./,-]+\))?!?: \S.*")
_OTHERS = re.compile(r"Merge |Revert \"|fixup! |squash! |amend! ")


def problem(message: str) -> str | None:
    """What is wrong with a message, as one sentence; None if nothing is. Lines that git strips do not count."""
    lines = [line.rstrip() for line in message.splitlines() if not line.startswith("#")]
    while lines and not lines[0]:
        lines.pop(0)
    subject = lines[0] if lines else ""
    if _OTHERS.match(subject):
        return None
    if not _SUBJECT.fullmatch(subject):
        return f'"{subject}" is no Conventional Commit; write "type(scope): what it does", type: {", ".join(TYPES)}'
    if len(subject) > LONGEST:
        return f'"{subject}" has {len(subject)} characters; keep the first line within {LONGEST} and explain below it'
    if subject.endswith("."):
        return f'"{subject}" ends with a full stop; leave it out'
    if len(lines) > 1 and lines[1]:
        return f'"{subject}" is followed by text; leave the second line empty'
    return None


def messages(commits: str) -> list[str]:
    """The messages of a range of commits, merges left out."""
    command = ["git", "log", "--no-merges", "--format=%B%x00", commits]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    return [message.strip("\n") for message in listed.stdout.split("\0") if message.strip()]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Check commit messages.")
    parser.add_argument("--range", dest="commits", help="commits, for example origin/main..HEAD")
    parser.add_argument("file", type=Path, nargs="?")
    arguments = parser.parse_args()
    if bool(arguments.commits) == bool(arguments.file):
        parser.error("give a file or --range")
    given = messages(arguments.commits) if arguments.commits else [arguments.file.read_text()]
    found = [told for told in map(problem, given) if told]
    for told in found:
        print(f"commit message: {told}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
