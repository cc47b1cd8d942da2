"""The site. In: a checkout's Markdown files. Out: a folder of pages that need no network, not even for a font.

The files are staged under their own paths, so that links between them hold. A link to code leads to a page with it.
"""

import ast
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from gwctl.core.errors import UserError
from tools.docs import adr, markdown

SOURCE: Final = Path("source")
_HIDDEN: Final = {"__pycache__", "node_modules"}
_AS_IT_IS: Final = {".json", ".png", ".svg"}
_LANGUAGES: Final = {
    ".py": "python", ".lua": "lua", ".tf": "terraform", ".hcl": "terraform", ".yaml": "yaml", ".yml": "yaml",
    ".toml": "toml", ".cjs": "javascript", ".sql": "sql", ".j2": "jinja",
}  # fmt: skip
_THEME: Final[dict[str, Any]] = {
    "name": "material",
    "font": False,
    "features": ["navigation.indexes", "navigation.top", "navigation.footer", "toc.follow", "content.code.copy"],
    "palette": [
        {"media": "(prefers-color-scheme: light)", "scheme": "default", "primary": "indigo"},
        {"media": "(prefers-color-scheme: dark)", "scheme": "slate", "primary": "indigo"},
    ],
}
_MORE: Final = ("docs/cursed-knowledge.md", "portkey/README.md", "tests/metering/README.md")
_STYLE: Final = """\
.md-grid { max-width: 76rem; }
.md-typeset table:not([class]) { display: block; overflow-x: auto; }
.md-typeset table:not([class]) th { min-width: 4rem; }
.md-typeset td code { overflow-wrap: normal; word-break: keep-all; }
.md-typeset td:last-child { min-width: 10rem; }
.md-typeset pre > code { font-size: .74em; }
@media (min-width: 60em) { .md-typeset td code { overflow-wrap: anywhere; } }
"""


def build(root: Path, output: Path) -> Path:
    """Build the site and return its first page. Raises UserError if MkDocs is missing or complains."""
    try:
        from mkdocs.commands.build import build as build_pages
        from mkdocs.config import load_config
        from mkdocs.exceptions import Abort, MkDocsException
    except ImportError as error:
        raise UserError("the site needs MkDocs, which is not installed; run `make setup`") from error

    with TemporaryDirectory(prefix="gwctl-site-") as staging_name:
        staging = Path(staging_name).resolve() / "pages"
        stage(root, staging)
        settings = staging.parent / "mkdocs.yml"
        settings.write_text("site_name: gwctl\n", encoding="utf-8")
        (staging / "style.css").write_text(_STYLE, encoding="utf-8")
        complaints = _Complaints()
        logging.getLogger("mkdocs").addHandler(complaints)
        try:
            config = load_config(str(settings), docs_dir=str(staging), site_dir=str(output), **_settings(root))
            config.plugins.on_startup(command="build", dirty=False)
            build_pages(config)
            config.plugins.on_shutdown()
        except (Abort, MkDocsException) as error:
            raise UserError("the site cannot be built: " + "; ".join([str(error), *complaints.texts[:5]])) from error
        finally:
            logging.getLogger("mkdocs").removeHandler(complaints)
        if complaints.texts:
            raise UserError("the site cannot be built: " + "; ".join(complaints.texts[:5]))
    return output / "index.html"


class _Complaints(logging.Handler):
    """Collects what MkDocs warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def _settings(root: Path) -> dict[str, Any]:
    from pymdownx.slugs import slugify

    return {
        "site_name": "gwctl",
        "site_description": "An AI gateway for a whole company",
        "use_directory_urls": False,
        "theme": _THEME,
        "extra_css": ["style.css"],
        "plugins": ["search"],
        "nav": navigation(root),
        "not_in_nav": "/source/\n/**/README.md",
        "validation": {
            "links": {"anchors": "warn", "unrecognized_links": "ignore"},
            "nav": {"omitted_files": "ignore"},
        },
        "markdown_extensions": [
            *("tables", "sane_lists", "pymdownx.superfences", "pymdownx.details"),
            {"pymdownx.highlight": {"anchor_linenums": False}},
            {"toc": {"slugify": slugify(case="lower"), "permalink": True}},
        ],
    }


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


def stage(root: Path, staging: Path) -> None:
    """Copy the pages, with notes of fences left out, and make a page for each piece of code that they link to."""
    sources: set[Path] = set()
    for file in pages(root):
        here = file.relative_to(root)

        def leads(target: str, here: Path = here) -> str:
            path_text, mark, anchor = target.partition("#")
            target_path = Path(os.path.normpath(here.parent / path_text))
            if not path_text or ":" in target or not (root / target_path).exists():
                return target
            if (root / target_path).is_dir() and (root / target_path / "README.md").is_file():
                target_path /= "README.md"
            elif target_path.suffix != ".md" and target_path.suffix not in _AS_IT_IS:
                sources.add(target_path)
                target_path = SOURCE / f"{target_path}.md"
            elif target_path.suffix in _AS_IT_IS:
                _copy(root / target_path, staging / target_path)
            return Path(os.path.relpath(target_path, here.parent)).as_posix() + mark + anchor

        text = _folded(markdown.without_notes(markdown.rewritten(file.read_text(encoding="utf-8"), leads)))
        (staging / here).parent.mkdir(parents=True, exist_ok=True)
        (staging / here).write_text(text, encoding="utf-8")
    for path in sources:
        page = staging / SOURCE / f"{path}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_source(root, path), encoding="utf-8")


def _folded(text: str) -> str:
    """Diagrams folded up: a browser cannot draw Mermaid without a program of some megabytes. GitHub draws them."""
    for block in markdown.blocks(text):
        if block.language == "mermaid":
            whole = f"```mermaid\n{block.text}```\n"
            inside = "".join(f"    {line}\n" for line in whole.splitlines())
            text = text.replace(whole, f'??? note "The diagram, as Mermaid: GitHub and editors draw it"\n\n{inside}')
    return text


def _copy(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, to)


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
