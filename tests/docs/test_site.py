"""The site builds with one command, needs no network, and has a page for everything."""

import re
from pathlib import Path

import pytest

from gwctl.core.errors import UserError
from support.scripts import ROOT
from tools.docs import hooks, site
from tools.docs.reading import markdown


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site.build(ROOT, tmp_path_factory.mktemp("site")).parent


def test_every_document_has_a_page(built: Path):
    pages = [file.relative_to(ROOT) for file in hooks.pages(ROOT)]
    names = [page.with_name("index.html") if page.name == "README.md" else page.with_suffix(".html") for page in pages]
    assert [name for name in names if not (built / name).is_file()] == []


def test_no_page_loads_anything_from_elsewhere(built: Path):
    loaded = re.compile(
        r'<(?:script|img|iframe)[^>]*\ssrc="(?:https?:)?//|<link[^>]*href="(?:https?:)?//|@import|url\((?:https?:)?//'
    )
    assert [page.name for page in built.rglob("*.html") if loaded.search(page.read_text())] == []


def test_a_diagram_is_drawn_by_a_program_of_the_site(built: Path):
    """Material fetches Mermaid from another host only where none is loaded: its own script asks `typeof mermaid`."""
    page = built / "docs" / "auditors" / "data-flow.html"
    assert '<pre class="mermaid">' in page.read_text()
    (script,) = re.findall(r'<script src="([^"]*mermaid[^"]*)"', page.read_text())
    assert 'globalThis["mermaid"]' in (page.parent / script).read_text()
    (bundle,) = (built / "assets" / "javascripts").glob("bundle.*.js")
    assert 'typeof mermaid=="undefined"' in bundle.read_text()


def test_a_diagram_of_text_gets_smaller_where_it_has_no_room(built: Path):
    """Seen in Chromium, 420 and 1,400 wide, light and dark. The rule fits the widest diagram: 0.6 em a character."""
    assert '<div class="language-text highlight">' in (built / "index.html").read_text()
    (share,) = re.findall(
        r"\.language-text pre > code \{ font-size: min\([^,]*, ([\d.]+)vw\)", (built / "style.css").read_text()
    )
    pages = [page.read_text() for page in (ROOT / "README.md", ROOT / "docs" / "flow.md")]
    diagrams = [block.text for text in pages for block in markdown.blocks(text) if block.language == "text"]
    widest = max(len(line) for diagram in diagrams for line in diagram.splitlines())
    assert widest * 0.6 * float(share) < 95


def test_a_link_to_code_leads_to_a_page_with_the_code(built: Path):
    flow = (built / "docs" / "flow.html").read_text()
    assert 'href="../source/src/gwctl/edge/envoy/filters.py.html"' in flow
    code = (built / "source" / "src" / "gwctl" / "edge" / "envoy" / "filters.py.html").read_text()
    assert "The HTTP filters, in the order" in code


def test_every_link_between_pages_leads_somewhere(built: Path):
    dead = []
    for page in built.rglob("*.html"):
        for target in re.findall(r'href="([^"#:?]+)(?:#[^"]*)?"', page.read_text()):
            if not target.startswith("//") and page.name != "404.html" and not (page.parent / target).exists():
                dead.append(f"{page.relative_to(built)} → {target}")
    assert dead == []


def test_the_menu_has_every_page_but_code():
    named = {path for section in hooks.navigation(ROOT) for path in hooks._paths(section)}  # pyright: ignore[reportPrivateUsage]
    assert {file.relative_to(ROOT).as_posix() for file in hooks.pages(ROOT)} == named


def test_a_heading_that_is_not_there_is_not_passed_over(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("# It\n\n[x](docs/flow.md#nowhere)\n")
    (tmp_path / "docs" / "flow.md").write_text("# Flow\n")
    with pytest.raises(UserError, match="nowhere"):
        site.build(tmp_path, tmp_path / "out")


def test_notes_of_fences_do_not_reach_the_site():
    assert hooks.without_notes("  ```console needs AWS\n  x\n  ```\n") == "  ```console\n  x\n  ```\n"
