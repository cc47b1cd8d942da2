"""Where scanners are told to keep quiet. In: the root of a checkout. Out: sentences, one for each that breaks the rule.

The rule: what may stay says so where it stands, names the scanner's rule, and says why.
"""

import re
from collections.abc import Iterator
from pathlib import Path

LISTS = (".trivyignore", ".checkov.yaml", ".checkov.yml", ".gitleaks.toml", ".bandit", ".hadolint.yaml", "zizmor.yml")
"""Files by which scanners leave out rules, or places, for a whole tree."""
TOOLS = {".venv/", ".tools/", "node_modules/", ".terraform/"}
"""What set-up leaves behind is nobody's code here."""
FOLDERS = ("src", "scripts", "tools", "tests", "modules", "infrastructure", "images", ".github")
OPTIONS = re.compile(r"--(?:skip-check|soft-fail|exclude-rule|disable-rule|baseline|ignorefile|no-fail)\b")
WITH_RULE = tuple(
    re.compile(rf"#\s*{words}(.*)")
    for words in (
        r"nosec B\d+",
        r"nosemgrep: [\w-]+",
        r"checkov:skip=\w+",
        r"gitleaks:allow",
        r"zizmor: ignore\[[\w-]+\]",
        r"tflint-ignore: \w+",
        r"hadolint ignore=\w+",
    )
)
WITHOUT_RULE = re.compile(r"#\s*(?:nosec(?! B\d)|nosemgrep(?!: [\w-])|noqa(?!: [A-Z]+\d)|type: ignore(?!\[))")
REASON = re.compile(r"\W*\w+\W+\w+")


def lists(root: Path) -> list[str]:
    """Gitleaks' list is for commits alone, which nobody can write into any more; each of its lines has a reason."""
    found = [
        f"{folder.name or '.'}/{name}: suppress where it applies instead"
        for folder in (root, root / ".github", root / "policies", root / "images")
        for name in LISTS
        if (folder / name).exists()
    ]
    scan = (root / "scripts" / "scan").read_text()
    found += [f"scripts/scan: {match[0]}: suppress where it applies instead" for match in OPTIONS.finditer(scan)]
    found += [
        f".semgrepignore: {line}: suppress where it applies instead"
        for line in _lines(root / ".semgrepignore")
        if line and not line.startswith("#") and line not in TOOLS
    ]
    commits = _lines(root / ".gitleaksignore")
    return found + [
        f".gitleaksignore: {line}: write the reason above it"
        for before, line in zip(["", *commits], commits, strict=False)
        if line and not line.startswith("#") and not before.startswith("#")
    ]


def without_a_reason(root: Path) -> list[str]:
    """The reason is in the line or in the one above."""
    return [each for folder in FOLDERS for path in _files(root / folder) for each in _of(path, root)]


def _of(path: Path, root: Path) -> Iterator[str]:
    lines = _lines(path)
    for number, line in enumerate(lines, 1):
        where = f"{path.relative_to(root)}:{number}"
        above = number > 1 and lines[number - 2].lstrip().startswith("#")
        for pattern in WITH_RULE:
            match = pattern.search(line)
            if match and not above and not REASON.match(match[1]):
                yield f"{where}: say why"
        if WITHOUT_RULE.search(line):
            yield f"{where}: name the rule"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        ours = path.suffix in {".py", ".tf", ".yml"} or path.name == "Dockerfile" or path.parent.name == "scripts"
        if ours and path.is_file() and not {"node_modules", "__pycache__", ".terraform"} & set(path.parts):
            yield path


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []
