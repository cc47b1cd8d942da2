"""The bytes under a record's hash: those of Python's `json`, whichever writer makes them."""

import hashlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gwctl.audit.chain import columns_of, hash_of

TEXTS = st.text(st.characters(codec="utf-8"))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.floats(0, 1e5)
VALUES = TEXTS | NUMBERS | st.booleans() | st.none() | st.lists(TEXTS | NUMBERS, max_size=2)


@given(st.dictionaries(TEXTS, VALUES))
def test_a_record_has_the_hash_of_its_canonical_json(record: dict[str, Any]):
    columns = {name: value for name, value in columns_of(record).items() if name != "hash" and value not in (None, "")}
    text = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    assert hash_of(record) == hashlib.sha256(text.encode()).hexdigest()
