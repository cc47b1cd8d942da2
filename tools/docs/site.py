"""The site. In: a checkout's Markdown files. Out: a folder of pages that need no network, not even for a font."""

import logging
from pathlib import Path
from typing import Final

from gwctl.core.errors import UserError

SETTINGS: Final = Path(__file__).parent / "mkdocs.yml"


class _Complaints(logging.Handler):
    """Collects what MkDocs warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def build(root: Path, output: Path) -> Path:
    """Build the site and return its first page. Raises UserError if MkDocs is missing or complains."""
    try:
        from mkdocs.commands.build import build as build_pages
        from mkdocs.config import load_config
        from mkdocs.exceptions import Abort, MkDocsException
    except ImportError as error:
        raise UserError("the site needs MkDocs, which is not installed; run `make setup`") from error

    complaints = _Complaints()
    logging.getLogger("mkdocs").addHandler(complaints)
    try:
        config = load_config(str(SETTINGS), docs_dir=str(root / "docs"), site_dir=str(output))
        config.plugins.on_startup(command="build", dirty=False)
        build_pages(config)
        config.plugins.on_shutdown()
    except (Abort, MkDocsException) as error:
        raise UserError("the site cannot be built: " + "; ".join([*complaints.texts[:5], str(error)])) from error
    finally:
        logging.getLogger("mkdocs").removeHandler(complaints)
    return output / "index.html"
