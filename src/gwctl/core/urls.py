"""URLs that a person wrote. In: text. Out: its parts, or None for what no HTTP client could call."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f]")


def http_url(text: str) -> SplitResult | None:
    """The parts of an http:// or https:// URL with a host; its port, if it has one, is a port."""
    if _BLANKS.search(text):
        return None  # urlsplit takes some of them out and leaves others in the host
    try:
        parts = urlsplit(text)
        well = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # brackets without an end, a port above 65535, …
        return None
    return parts if well else None
