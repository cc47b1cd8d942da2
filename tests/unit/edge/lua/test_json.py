"""The strict JSON reader of the edge, against Python's: what it accepts is JSON, and it reads what Python reads."""

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.edge.program import lua_runtime

MAX_DEPTH = 100
READ = b"""
return function(json)
  return function(s)
    local ok, found = pcall(json.members, s, 1000)
    if not ok then return nil, found.code, found.detail end
    local list = {}
    for key, at in pairs(found) do list[#list + 1] = key; list[#list + 1] = s:sub(at[1], at[2]) end
    return list
  end
end
"""


class Reader:
    """json.lua on its own."""

    def __init__(self):
        lua = lua_runtime()
        lua.globals().text = lua.execute((files("gwctl.edge") / "lua" / "body" / "text.lua").read_bytes())
        self.json = lua.execute((files("gwctl.edge") / "lua" / "body" / "json.lua").read_bytes())
        self._read = lua.execute(READ)(self.json)

    def members(self, body: bytes) -> dict[str, bytes] | None:
        """Top-level keys and their raw values, None when it refuses."""
        found = self._read(body)
        if isinstance(found, tuple):
            return None
        flat = [found[i] for i in range(1, len(found) + 1)]
        return {key.decode(): value for key, value in zip(flat[::2], flat[1::2], strict=True)}

    def problem(self, body: bytes) -> tuple[str, str]:
        _, code, detail = self._read(body)
        return code.decode(), detail.decode()

    def text(self, raw: bytes) -> str:
        return self.json[b"text"](raw).decode()

    def quote(self, value: str) -> bytes:
        return self.json[b"quote"](value.encode())


READER = Reader()


def strict(body: bytes) -> dict[str, Any] | None:
    """What a strict reader makes of it: an object without what two parsers could read differently, or None."""

    def refuse(_: str) -> Any:
        raise ValueError

    try:
        text = body.decode()
        if text.startswith("\ufeff") or _depth(text) > MAX_DEPTH:
            return None
        parsed = json.loads(text, parse_constant=refuse)
        pairs: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=list) if isinstance(parsed, dict) else []
    except (ValueError, RecursionError):
        return None
    keys = [key for key, _ in pairs]
    if not isinstance(parsed, dict) or len(keys) != len(set(keys)):
        return None
    return parsed


def _depth(text: str) -> int:
    depth = deepest = 0
    inside = escaped = False
    for each in text:
        if inside:
            inside = escaped or each != '"'
            escaped = each == "\\" and not escaped
        elif each == '"':
            inside = True
        elif each in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif each in "]}":
            depth -= 1
    return deepest


def has_escaped_key(body: bytes) -> bool:
    """Keys with escapes are the one thing that the edge refuses and a strict reader does not."""
    return READER.members(body) is None and READER.problem(body)[1] == "a top-level key holds an escape"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(), each, max_size=4),
    max_leaves=20,
)
bodies = st.builds(
    lambda value, ascii_only, separators, indent: json.dumps(
        value, ensure_ascii=ascii_only, separators=separators, indent=indent
    ).encode("utf-8", "replace"),
    st.dictionaries(st.text(alphabet=st.characters(min_codepoint=35, max_codepoint=91)), values, max_size=5),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]),
    st.sampled_from([None, 1]),
)


@given(bodies)
def test_it_reads_what_python_reads(body: bytes):
    found = READER.members(body)

    assert found is not None
    assert {key: json.loads(raw) for key, raw in found.items()} == json.loads(body)


@given(bodies, st.data())
def test_it_refuses_what_is_broken(body: bytes, data: st.DataObject):
    """One place of a good body is changed: the edge and a strict reader agree on what came out."""
    at = data.draw(st.integers(0, max(0, len(body) - 1)))
    piece = data.draw(st.binary(max_size=2) | st.sampled_from([b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"0"]))
    cut = data.draw(st.integers(0, 2))
    broken = body[:at] + piece + body[at + cut :]

    expected = strict(broken)
    found = READER.members(broken)

    if expected is None:
        assert found is None
    elif found is None:
        assert has_escaped_key(broken)
    else:
        assert {key: json.loads(raw) for key, raw in found.items()} == expected


@given(st.text())
def test_text_undoes_what_dumps_does(value: str):
    sent = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    assert READER.text(json.dumps(sent).encode()) == sent
    assert READER.text(json.dumps(sent, ensure_ascii=False).encode()) == sent


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_quote_is_read_as_what_it_was(value: str):
    assert json.loads(READER.quote(value)) == value
    assert b"\n" not in READER.quote(value)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb'"\\u0041"', "\\u0041"),
        (rb'"\u0041\/\b\f\n\r\t\"\\"', 'A/\b\f\n\r\t"\\'),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"\ud83d"', "\ufffd"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"\ud83dx\ude00"', "\ufffdx\ufffd"),
        (rb'"\u0000"', "\x00"),
    ],
)
def test_escapes_are_read(raw: bytes, text: str):
    assert READER.text(raw) == text


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        (b"", "malformed_json", "begin with a brace"),
        (b"\xef\xbb\xbf{}", "malformed_json", "begin with a brace"),
        (b"{} {}", "malformed_json", "follows"),
        (b"{}\x00", "malformed_json", "follows"),
        (b'{"a":1,}', "malformed_json", "key is missing"),
        (b"{'a':1}", "malformed_json", "key is missing"),
        (b'{"a" 1}', "malformed_json", "colon"),
        (b'{"a":1 "b":2}', "malformed_json", "comma or a brace"),
        (b'{"a":[1 2]}', "malformed_json", "comma or a bracket"),
        (b'{"a":[1,]}', "malformed_json", "value"),
        (b'{"a":"\x01"}', "malformed_json", "control character"),
        (b'{"a":"', "malformed_json", "does not end"),
        (b'{"a":"\\', "malformed_json", "escape"),
        (b'{"a":"\\x"}', "malformed_json", "escape"),
        (b'{"a":"\\u12g4"}', "malformed_json", "escape"),
        (b'{"a":01}', "malformed_json", "comma or a brace"),
        (b'{"a":1.}', "malformed_json", "number"),
        (b'{"a":.5}', "malformed_json", "value"),
        (b'{"a":+1}', "malformed_json", "value"),
        (b'{"a":-}', "malformed_json", "number"),
        (b'{"a":1e}', "malformed_json", "number"),
        (b'{"a":NaN}', "malformed_json", "value"),
        (b'{"a":Infinity}', "malformed_json", "value"),
        (b'{"a":tru}', "malformed_json", "value"),
        (b'{"a":1/*c*/}', "malformed_json", "comma or a brace"),
        (b'{"a":"\xff"}', "malformed_json", "UTF-8"),
        (b'{"a":"\xc0\xaf"}', "malformed_json", "UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "malformed_json", "UTF-8"),
        (b'{"a":"\xf4\x90\x80\x80"}', "malformed_json", "UTF-8"),
        (b'{"a":"\xe2\x82"}', "malformed_json", "UTF-8"),
        (b'{"a\xff":1}', "malformed_json", "UTF-8"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "malformed_json", "nested too deeply"),
        (b'{"a":' + b"[" * 1_000_000, "malformed_json", "nested too deeply"),
        (b"{" + b",".join(b'"%d":1' % i for i in range(1001)) + b"}", "malformed_json", "too many members"),
        (b'{"a":1,"a":1}', "duplicate_key", "a"),
        (b'{"a":1,"b":2,"a":3}', "duplicate_key", "a"),
        (b'{"":1,"":1}', "duplicate_key", ""),
        (b'{"\\u0061":1}', "malformed_json", "escape"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_reason_is_said(body: bytes, code: str, detail: str):
    found = READER.problem(body)

    assert found[0] == code
    assert detail in found[1]


def test_a_long_key_is_not_repeated_whole():
    key = b"\xc3\xbc" * 1_000_000

    code, detail = READER.problem(b'{"%s":1,"%s":1}' % (key, key))

    assert (code, json.loads(detail)) == ("duplicate_key", "?" * 128 + "...")


def test_ninety_nine_levels_below_the_object_are_read():
    assert READER.members(b'{"a":' + b"[" * 99 + b"]" * 99 + b"}") is not None


def test_equal_keys_deeper_down_are_portkeys_business():
    assert READER.members(b'{"a":{"b":1,"b":2}}') == {"a": b'{"b":1,"b":2}'}
