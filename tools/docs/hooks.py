"""What MkDocs asks while it builds the site (mkdocs.yml). In: its configuration and files. Out: pages, menu, links.

Every Markdown file of the checkout is a page under its own path, so that links between them hold. A link to code leads
to a page with it.
"""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tools.docs import adr
from tools.docs.reading import markdown

SOURCE: Final = Path("source")
MERMAID: Final = Path("requirements/node/node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js")
_HIDDEN: Final = {"__pycache__", "node_modules"}
_AS_IT_IS: Final = {".json", ".png", ".svg"}
_LANGUAGES: Final = {
    ".py": "python", ".lua": "lua", ".tf": "terraform", ".hcl": "terraform", ".yaml": "yaml", ".yml": "yaml",
    ".toml": "toml", ".cjs": "javascript", ".sql": "sql", ".j2": "jinja",
}  # fmt: skip
_MORE: Final = ("docs/cursed-knowledge.md", "portkey/README.md", "tests/metering/README.md")
_FENCE_WITH_NOTE: Final = re.compile(r"(?m)^( *(?:`{3,}|~{3,})\w+) .*$")


def on_config(config: MkDocsConfig) -> None:
    """The menu."""
    config.nav = navigation(_root(config))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Every page, what pages link to, and the program that draws diagrams. Raises PluginError where that is missing."""
    root = _root(config)
    for file in [each for each in files if each.src_dir == config.docs_dir]:
        files.remove(file)
    linked: set[Path] = set()
    for page in pages(root):
        here = page.relative_to(root)
        files.append(File.generated(config, here.as_posix(), abs_src_path=str(page)))
        linked |= {
            path
            for link in markdown.links(page.read_text(encoding="utf-8"))
            if (path := _target(root, here, link.target))
        }
    for path in sorted(linked):
        if path.suffix in _AS_IT_IS:
            files.append(File.generated(config, path.as_posix(), abs_src_path=str(root / path)))
        elif path.suffix != ".md":
            files.append(File.generated(config, f"{SOURCE / path}.md", content=_source(root, path)))
    drawing = Path(__file__).parents[2] / MERMAID
    if not drawing.is_file():
        raise PluginError(f"there is no {MERMAID}, which draws the diagrams; run `make setup`")
    files.append(File.generated(config, drawing.name, abs_src_path=str(drawing)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - theirs
    """Fences say their language and nothing else, which is all that MkDocs understands."""
    return without_notes(markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - theirs
    """Links to folders and code lead to their pages."""
    root, here = _root(config), Path(page.file.src_uri)

    def leads(match: re.Match[str]) -> str:
        path = _target(root, here, match[1])
        if path is None or path.suffix in _AS_IT_IS:
            return match[0]
        to = path.with_name("index.html") if path.name == "README.md" else SOURCE / f"{path}.html"
        return f'href="{Path(os.path.relpath(to, here.parent)).as_posix()}{match[2] or ""}"'

    return re.sub(r'href="([^"#]+)(#[^"]*)?"', leads, html)


def _root(config: MkDocsConfig) -> Path:
    return Path(config.docs_dir).parent


def _target(root: Path, here: Path, link: str) -> Path | None:
    """The file or folder of the checkout that a page links to, from the root; a folder's README stands for it."""
    path = Path(os.path.normpath(here.parent / link.partition("#")[0]))
    if ":" in link or link.startswith("#") or not (root / path).exists():
        return None
    return path / "README.md" if (root / path / "README.md").is_file() else path


def without_notes(text: str) -> str:
    """The text without what stands behind a fence's language."""
    return _FENCE_WITH_NOTE.sub(r"\1", text)


def pages(root: Path) -> list[Path]:
    """The Markdown files that become pages: all but those of hidden folders."""
    return [file for file in markdown.files(root) if not file.relative_to(root).parts[0].startswith(".")]


def navigation(root: Path) -> list[dict[str, Any]]:
    """The menu: the path first, what to do next, then why, evidence, and reference."""

    def entries(pattern: str, first: str = "README.md") -> list[Any]:
        found = sorted(root.glob(pattern), key=lambda file: (file.name != first, file.as_posix()))
        return [{_title(file): file.relative_to(root).as_posix()} for file in found]

    decisions = [*root.glob("docs/adr/README.md"), *adr.records(root)]
    sections: list[dict[str, Any]] = [
        {"Start here": "README.md"},
        {"The path of a request": "docs/flow.md"},
        {"Runbooks": entries("docs/runbooks/*.md")},
        {"Reference": entries("docs/reference/*.md", "cli.md")},
        {"For auditors": entries("docs/auditors/*.md")},
        {"Decisions": [{_title(file): file.relative_to(root).as_posix()} for file in decisions]},
        {"Modules": [*entries("infrastructure/README.md"), *entries("modules/*/README.md")]},
        {"More": [each for name in _MORE for each in entries(name)]},
    ]
    named = {path for section in sections for path in _paths(section)}
    others = [file for file in pages(root) if file.relative_to(root).as_posix() not in named]
    sections[-1]["More"] += [{_title(file): file.relative_to(root).as_posix()} for file in others]
    return [section for section in sections if next(iter(section.values()))]


def _paths(section: dict[str, Any]) -> Iterator[str]:
    for value in section.values():
        if isinstance(value, str):
            yield value
        else:
            for each in value:
                yield from _paths(each)


def _title(file: Path) -> str:
    title = markdown.title(file.read_text(encoding="utf-8")) or file.stem
    return title.replace("`", "")


def _source(root: Path, path: Path) -> str:
    """A page with a file's text, or with what is in a folder."""
    place = root / path
    head = f"# {path}\n\n"
    if place.is_dir():
        inside = sorted(each for each in place.iterdir() if not each.name.startswith(".") and each.name not in _HIDDEN)
        rows = [f"| `{each.name}{'/' if each.is_dir() else ''}` | {_first_sentence(each)} |" for each in inside]
        return head + "| | |\n|---|---|\n" + "\n".join(rows) + "\n"
    fence = "`" * 6
    return f"{head}{fence}{_LANGUAGES.get(place.suffix, 'text')}\n{place.read_text(encoding='utf-8')}{fence}\n"


def _first_sentence(file: Path) -> str:
    """What a Python file says of itself."""
    if file.suffix != ".py":
        return ""
    words = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return words.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
