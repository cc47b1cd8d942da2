"""Files with a JSON object in each line, which a running program may be writing to."""

import json
from typing import Any


def whole_lines(content: bytes) -> list[dict[str, Any]]:
    """The objects of all lines but one that has not been written to its end."""
    return [json.loads(line) for line in content.splitlines(keepends=True) if line.endswith(b"\n")]
