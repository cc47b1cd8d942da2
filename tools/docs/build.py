"""All generated pages. In: a checkout. Out: what each page should say, and which of them do not."""

from pathlib import Path

import click

from tools.docs.pages import evidence, reference, schemas


def pages(root: Path, group: click.Group) -> dict[Path, str]:
    """Every generated page by its path. Raises UserError if a source of them has another form."""
    return reference.files(root, group) | schemas.files(root) | evidence.files(root)


def stale(root: Path, group: click.Group) -> list[Path]:
    """The pages that are not what would be generated."""
    return [
        path
        for path, text in pages(root, group).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def write(root: Path, group: click.Group) -> list[Path]:
    """Write the pages that are not current, and return them."""
    wrong = stale(root, group)
    texts = pages(root, group)
    for path in wrong:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8")
    return wrong
