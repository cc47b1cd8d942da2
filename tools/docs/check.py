"""Everything that can be wrong with the documents. In: a checkout. Out: problems, with the commands that mend them."""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from shlex import quote
from typing import Final
from urllib.parse import unquote

import click

from gwctl.cli.main import module_of
from tools.docs import adr, build, commands, controls, flows, walks
from tools.docs.pages import reference
from tools.docs.problem import Problem, replace_or_look
from tools.docs.reading import markdown
from tools.docs.render import COMMAND as BUILD_COMMAND

CLI_PAGE: Final = "docs/reference/cli.md"
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_MENTIONED: Final = re.compile(r"(?<![\w/.-])(?:\.venv/bin/)?gwctl((?: [a-z][a-z-]*)+)")
_SHELLS: Final = {"shell", "console", "sh", "bash"}


def problems(root: Path, group: click.Group) -> list[Problem]:
    """All of them, by file. Raises UserError if a source of the generated pages has another form."""
    not_current = [
        Problem(path.relative_to(root).as_posix(), "is not what would be generated", BUILD_COMMAND)
        for path in build.stale(root, group)
    ]
    return sorted({*claims(root, group), *not_current, *_schema_problems(root)})


def claims(root: Path, group: click.Group) -> list[Problem]:
    """What the documents claim and the repository does not have; whether generated pages are current is left out."""
    return [
        *adr.problems(root),
        *controls.problems(root),
        *flows.problems(root),
        *walks.problems(root),
        *link_problems(root),
        *command_problems(root, group),
        *_without_words(),
    ]


def _schema_problems(root: Path) -> list[Problem]:
    """Machine-readable files of the reference that other commands generate."""
    from gwctl.admin.api import openapi
    from gwctl.environments.file import schema

    wanted = {
        "openapi.json": (openapi.render, openapi.COMMAND),
        "environment.schema.json": (schema.schema, schema.COMMAND),
    }
    found: list[Problem] = []
    for name, (render, command) in wanted.items():
        file = root / "docs" / "reference" / name
        if not file.is_file() or file.read_text(encoding="utf-8") != render():
            found.append(Problem(f"docs/reference/{name}", "is not what would be generated", command))
    return found


def link_problems(root: Path) -> list[Problem]:
    """Relative links to files, folders and headings that do not exist, in every Markdown file."""
    found: list[Problem] = []
    anchors: dict[Path, set[str]] = {}
    for file in markdown.files(root):
        name = file.relative_to(root).as_posix()
        for link in markdown.links(file.read_text(encoding="utf-8")):
            if _ELSEWHERE.match(link.target):
                continue
            where = f"{name}:{link.line}"
            path_text, _, anchor = link.target.partition("#")
            target = Path(os.path.normpath(file.parent / unquote(path_text))) if path_text else file
            if not target.exists():
                found.append(Problem(where, f"the link {link.target} leads nowhere", _mend(root, file, path_text)))
            elif not target.is_relative_to(root):
                found.append(
                    Problem(where, f"the link {link.target} leads out of the repository", f"${{EDITOR:-vi}} {name}")
                )
            elif anchor and target.suffix == ".md":
                if target not in anchors:
                    anchors[target] = markdown.anchors(target.read_text(encoding="utf-8"))
                if anchor not in anchors[target]:
                    look = f"grep -n '^#' {target.relative_to(root).as_posix()}"
                    fix = replace_or_look(name, anchor, anchors[target], look)
                    found.append(Problem(where, f"{link.target} has no such heading", fix))
    return found


def _mend(root: Path, file: Path, written: str) -> str:
    """The command that puts right a link to a file: to one of the same or nearly the same name, if there is one."""
    name = Path(written).name
    everything = {
        path.name: path
        for folder in ("docs", "src", "tools", "tests", "modules", "infrastructure", "portkey", "environments")
        for path in (root / folder).rglob("*")
        if not {"node_modules", "__pycache__"} & set(path.parts)
    }
    close = get_close_matches(name, everything, n=1, cutoff=0.8)
    where = file.relative_to(root).as_posix()
    if not close:
        return f"${{EDITOR:-vi}} {where}"
    right = Path(os.path.relpath(everything[close[0]], file.parent)).as_posix()
    return f"sed -i {quote(f's|({re.escape(written)}|({right}|')} {where}"


def command_problems(root: Path, group: click.Group) -> list[Problem]:
    """Commands that the reference does not have, that have no words, and commands in texts that do not exist."""
    known = list(commands.walk(group))
    page = root / CLI_PAGE
    headings = (
        set(re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)) if page.is_file() else set()
    )
    found = [
        Problem(CLI_PAGE, f"`{each.path}` is not documented", BUILD_COMMAND)
        for each in known
        if each.path not in headings
    ]
    for each in known:
        source = f"src/{module_of(each.path.split()[1]).replace('.', '/')}.py"
        found += [
            Problem(source, f"`{lack}` says not what it does", f"${{EDITOR:-vi}} {source}") for lack in each.lacks
        ]
    return found + _unknown_commands(root, known)


def _unknown_commands(root: Path, known: list[commands.Command]) -> list[Problem]:
    groups = {each.path for each in known if each.group} | {"gwctl"}
    paths = {each.path for each in known} | {"gwctl"}
    found: list[Problem] = []
    for file in markdown.files(root):
        name = file.relative_to(root).as_posix()
        for text, line in _code(file.read_text(encoding="utf-8")):
            for mention in _MENTIONED.finditer(text):
                path = "gwctl"
                for word in mention[1].split():
                    if path not in groups:
                        break
                    path += f" {word}"
                if path not in paths:
                    fix = replace_or_look(name, path, paths, "gwctl --help")
                    found.append(Problem(f"{name}:{line}", f"there is no command `{path}`", fix))
    return found


def _code(text: str) -> list[tuple[str, int]]:
    """Pieces that a reader may take for a command: code in a line, and lines of blocks for a shell."""
    pieces = [
        (line, block.line + number)
        for block in markdown.blocks(text)
        if block.language in _SHELLS
        for number, line in enumerate(block.text.splitlines(), 1)
        if not line.lstrip().startswith("#")
    ]
    return pieces + markdown.code_spans(text)


def _without_words() -> list[Problem]:
    page = "tools/docs/pages/reference.py"
    return [Problem(page, f"{each} has no words", f"${{EDITOR:-vi}} {page}") for each in reference.lacking()]
