"""The changes of a release. In: a tag. Out: Markdown, from the Conventional Commits since the tag before it.

python tools/supply/changelog.py v1.2.0
"""

import argparse
import re
import subprocess

HEADINGS = {"feat": "New", "fix": "Mended", "perf": "Faster"}
"""Types that users notice, in the order of the text. Others are left out, unless they break something."""
_SUBJECT = re.compile(r"(?P<type>[a-z]+)(?:\((?P<scope>[^)]+)\))?(?P<breaks>!)?: (?P<what>.+)")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def render(tag: str, subjects: list[str]) -> str:
    """Markdown for a tag and the first lines of its commits, newest first."""
    sections: dict[str, list[str]] = {"Breaking": [], **{heading: [] for heading in HEADINGS.values()}}
    for subject in reversed(subjects):
        found = _SUBJECT.fullmatch(subject)
        if not found:
            continue
        heading = "Breaking" if found["breaks"] else HEADINGS.get(found["type"])
        if heading:
            sections[heading].append(
                f"- **{found['scope']}**: {found['what']}" if found["scope"] else f"- {found['what']}"
            )
    parts = [f"## {heading}\n\n" + "\n".join(lines) for heading, lines in sections.items() if lines]
    return f"# {tag}\n\n" + ("\n\n".join(parts) or "Nothing that users notice.") + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Print the changes of a release.")
    parser.add_argument("tag")
    tag: str = parser.parse_args().tag
    before = [each for each in _git("tag", "--sort=-creatordate", "--merged", tag).split() if each != tag]
    commits = f"{before[0]}..{tag}" if before else tag
    print(render(tag, _git("log", "--no-merges", "--format=%s", commits).splitlines()), end="")


if __name__ == "__main__":
    main()
