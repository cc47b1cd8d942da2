"""OpenAI's embeddings: a call in, one vector per input out.

Wire format: OpenAI API reference, "Create embeddings". A vector is a digest of its text, of length 1: equal texts
have equal vectors, and that is all it says about them.
"""

import base64
import hashlib
import json
import math
import struct
from typing import Any

from gwctl.local.sample_provider.call import BadRequestError, Call
from gwctl.local.sample_provider.tokens import pieces

DIMENSIONS = 256
MOST_DIMENSIONS = 3072


def plain(call: Call) -> dict[str, Any]:
    """A list object with an embedding per input, as numbers or (what OpenAI's SDK asks for) base64."""
    inputs = _inputs(call)
    dimensions = call.positive("dimensions") or DIMENSIONS
    if dimensions > MOST_DIMENSIONS:
        raise BadRequestError(f"dimensions: must not be more than {MOST_DIMENSIONS}", "dimensions")
    as_base64 = call.body.get("encoding_format") == "base64"
    vectors = [_vector(item, dimensions) for item in inputs]
    data = [
        {"object": "embedding", "index": index, "embedding": _base64(vector) if as_base64 else vector}
        for index, vector in enumerate(vectors)
    ]
    tokens = sum(len(pieces(item)) if isinstance(item, str) else len(item) for item in inputs)
    usage = {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}} if call.reports_usage else {}
    return {"object": "list", "data": data, "model": call.model, **usage}


def _inputs(call: Call) -> list[str | list[int]]:
    """A text, token ids, or a list of either, as a list."""
    given: Any = call.body.get("input")
    items: list[Any] = [given] if isinstance(given, str) or _is_token_ids(given) else given
    if isinstance(items, list) and items and all(isinstance(it, str) or _is_token_ids(it) for it in items):
        return items
    raise BadRequestError("input: a text, token ids, or a list of either is required", "input")


def _is_token_ids(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(item) is int for item in value)


def _vector(item: str | list[int], dimensions: int) -> list[float]:
    digest = hashlib.shake_256(json.dumps(item).encode()).digest(4 * dimensions)
    numbers = [number - 2**31 for number in struct.unpack(f"<{dimensions}I", digest)]
    length = math.hypot(*numbers)
    return [number / length for number in numbers]


def _base64(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
