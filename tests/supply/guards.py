"""What the repository promises about itself. In: the root of a checkout. Out: sentences, one for each broken promise.

Each guard is run over the tree by test_guardrails.py, and over a copy with a planted violation.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

SHA = re.compile(r"[0-9a-f]{40}")
_USES = re.compile(r"(?m)^\s*(?:- )?uses: *(?P<action>\S+)(?P<comment>.*)$")
_COMMAND = re.compile(r"(?<![\w./-])gwctl((?: [a-z][a-z-]+)+)")
SCANNERS = ("scripts/scan", "make scan\n", "trivy ", "syft ", "codeql-action")


def workflows(root: Path) -> dict[str, dict[Any, Any]]:
    """The workflows by file name. YAML 1.1 reads the key `on` as true; so does this."""
    return {path.name: yaml.safe_load(path.read_text()) for path in sorted((root / ".github/workflows").glob("*.yml"))}


def jobs(root: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every job: its workflow's file, its id, itself."""
    for file, workflow in workflows(root).items():
        for name, job in workflow["jobs"].items():
            yield file, name, job


def unpinned_actions(root: Path) -> list[str]:
    """Actions that are not pinned by a commit, or do not say which version that is."""
    found: list[str] = []
    for path in sorted((root / ".github/workflows").glob("*.yml")):
        for match in _USES.finditer(path.read_text()):
            action = match["action"]
            if action.startswith("./"):
                continue
            name, _, reference = action.partition("@")
            if not SHA.fullmatch(reference) or not re.match(r" # v\d+\.\d+\.\d+", match["comment"]):
                found.append(f"{path.name}: pin {name} by the commit of a release: {name}@<40 hex digits> # v1.2.3")
    return found


def actions_at_several_commits(root: Path) -> list[str]:
    """One action, one version: a second one would be forgotten when the first is raised."""
    found: dict[str, set[str]] = {}
    for path in (root / ".github/workflows").glob("*.yml"):
        for match in _USES.finditer(path.read_text()):
            owner = "/".join(match["action"].split("@")[0].split("/")[:2])
            found.setdefault(owner, set()).add(match["action"].partition("@")[2] + match["comment"])
    return [
        f"{name}: {', '.join(sorted(each))}" for name, each in found.items() if len(each) > 1 and name != "./.github"
    ]


def job_names_used_twice(root: Path) -> list[str]:
    """Branch protection asks for a check by the job's name alone: two of one name, and either satisfies it."""
    called = {job["uses"].rpartition("/")[2] for _, _, job in jobs(root) if "uses" in job}
    names = Counter(str(job.get("name", name)) for file, name, job in jobs(root) if file not in called)
    workflow_names = Counter(str(workflow["name"]) for workflow in workflows(root).values())
    return [f"{name}: used {count} times" for name, count in (names + workflow_names).items() if names[name] > 1] + [
        f"workflow {name}: used {count} times" for name, count in workflow_names.items() if count > 1
    ]


def loose_permissions(root: Path) -> list[str]:
    """Workflows give nothing; each job takes what it needs; scanners take no identity and no write but their report."""
    found = [
        f"{file}: write `permissions: {{}}`" for file, each in workflows(root).items() if each.get("permissions") != {}
    ]
    for file, name, job in jobs(root):
        permissions = job.get("permissions")
        if not isinstance(permissions, dict):
            found.append(f"{file}: job {name} lists no permissions")
            continue
        written = {scope for scope, access in permissions.items() if access == "write"}
        text = yaml.safe_dump(job.get("steps", []))
        if any(scanner in text for scanner in SCANNERS) and written - {"security-events"}:
            found.append(f"{file}: job {name} scans and may write {', '.join(sorted(written))}")
    return found


def kept_credentials(root: Path) -> list[str]:
    """A checkout leaves its token in .git/config for whatever runs later, unless it is told not to."""
    return [
        f"{file}: job {name} checks out without `persist-credentials: false`"
        for file, name, job in jobs(root)
        for step in job.get("steps", [])
        if str(step.get("uses", "")).startswith("actions/checkout@")
        and step.get("with", {}).get("persist-credentials") is not False
    ]


def endless_jobs(root: Path) -> list[str]:
    """A job without a time limit hangs for six hours."""
    return [
        f"{file}: job {name}" for file, name, job in jobs(root) if "uses" not in job and "timeout-minutes" not in job
    ]


def stored_secrets(root: Path) -> list[str]:
    """No key of a cloud is stored at GitHub: jobs get a role by their own identity."""
    texts = {path.name: path.read_text() for path in (root / ".github").rglob("*.yml")}
    return [f"{name}: {found}" for name, text in texts.items() for found in re.findall(r"secrets\.\w+", text)]


def tools_without_a_version(root: Path) -> list[str]:
    """What workflows ask mise for is in mise.toml; what they name with a version has the same one there."""
    pinned: dict[str, str] = tomllib.loads((root / "mise.toml").read_text())["tools"]
    found: list[str] = []
    for file, name, job in jobs(root):
        for step in job.get("steps", []):
            asked = step.get("with", {})
            wanted = str(asked.get("install_args", "")).split()
            found += [
                f"{file}: job {name} wants {tool}, which mise.toml does not pin"
                for tool in wanted
                if tool not in pinned
            ]
            own: dict[str, str] = tomllib.loads(asked.get("mise_toml", "")).get("tools", {})
            found += [
                f"{file}: {tool} {has}, mise.toml {pinned.get(tool)}"
                for tool, has in own.items()
                if pinned.get(tool) != has
            ]
    return found


def missing_files(root: Path) -> list[str]:
    """What a workflow's step names must be there: a script or test that was moved is found here, not on the runner."""
    named = re.compile(r"(?<![\w/.$-])(?:scripts|tools|tests|images|\.ci|requirements)/[\w./-]*\w")
    return [
        f"{file}: job {name} names {path}"
        for file, name, job in jobs(root)
        for step in job.get("steps", [])
        for path in named.findall(str(step.get("run", "")))
        if not (root / path).exists()
    ]


def unknown_commands(known: set[tuple[str, ...]], text: str) -> list[str]:
    """Calls of gwctl in a text whose first words are no command."""
    groups = {path[:length] for path in known for length in range(1, len(path))}
    found: list[str] = []
    for match in _COMMAND.finditer(text):
        words = tuple(match[1].split())
        depth = 1
        while words[:depth] in groups and len(words) > depth and words[: depth + 1] in known | groups:
            depth += 1
        if words[:depth] not in known:
            found.append(f"gwctl {' '.join(words)}")
    return found
