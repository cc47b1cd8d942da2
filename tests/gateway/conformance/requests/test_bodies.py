"""What a body must be: one JSON object that every parser reads alike, of bounded size.

The edge reads the model and the limits out of the body, and Portkey reads them again. Whatever the two could read
differently would be a way round the policy, so it is refused.
"""

import json

import pytest

from gateway.conformance.kit.calls import Caller, body, encoded
from gateway.conformance.kit.lab import Lab
from gateway.conformance.kit.shapes import assert_refused
from gwctl.core.names import API_PATHS

CHAT = API_PATHS["chat"]
LIMIT = 32 * 1024 * 1024
"""Bytes of a body, as `gwctl up` sets it."""


def with_member(member: str) -> bytes:
    """A chat body with one more member, written out."""
    return encoded("chat")[:-1] + f",{member}}}".encode()


def with_text(text: bytes) -> bytes:
    """A chat body with these bytes inside the text of the message."""
    return encoded("chat").replace(b"Hello", text)


MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "space": b"  \n",
    "no end": encoded("chat")[:-1],
    "no beginning": encoded("chat")[1:],
    "something after it": encoded("chat") + b"x",
    "another object after it": encoded("chat") * 2,
    "list": b"[" + encoded("chat") + b"]",
    "text": b'"text"',
    "null": b"null",
    "number": b"1",
    "comma at the end": with_member('"a":1,'),
    "comma missing": encoded("chat").replace(b", ", b" ", 1),
    "single quotes": encoded("chat").replace(b'"', b"'"),
    "key without quotes": with_member("a:1"),
    "comment": b"/* */" + encoded("chat"),
    "line comment": encoded("chat") + b"// x",
    "NaN": with_member('"a":NaN'),
    "Infinity": with_member('"a":-Infinity'),
    "hexadecimal": with_member('"a":0x10'),
    "leading zero": with_member('"a":01'),
    "plus": with_member('"a":+1'),
    "dot first": with_member('"a":.5'),
    "dot last": with_member('"a":5.'),
    "exponent without digits": with_member('"a":1e'),
    "capital True": with_member('"a":True'),
    "undefined": with_member('"a":undefined'),
    "escape that is none": with_text(b"\\x41"),
    "escape cut short": with_text(b"\\u12"),
    "line feed in a text": with_text(b"a\nb"),
    "NUL in a text": with_text(b"a\0b"),
    "NUL behind": encoded("chat") + b"\0",
    "vertical tab before": b"\x0b" + encoded("chat"),
    "no-break space before": b"\xc2\xa0" + encoded("chat"),
    "byte order mark": b"\xef\xbb\xbf" + encoded("chat"),
    "UTF-16": encoded("chat").decode().encode("utf-16"),
    "UTF-32": encoded("chat").decode().encode("utf-32-le"),
    "Latin-1": with_text(b"\xe9t\xe9"),
    "no UTF-8": with_text(b"\xff\xfe"),
    "overlong UTF-8": with_text(b"\xc0\xaf"),
    "surrogate in UTF-8": with_text(b"\xed\xa0\x80"),
    "beyond Unicode": with_text(b"\xf4\x90\x80\x80"),
    "UTF-8 cut short": with_text(b"\xe2\x82"),
    "key with an escape": with_member('"\\u006dodel":"x"'),
    "nested lists": with_member(f'"a":{"[" * 100_000}{"]" * 100_000}'),
    "nested lists without an end": with_member('"a":' + "[" * 1_000_000),
    "nested objects": with_member(f'"a":{"{"}"a":' * 50_000),
    "form": b"model=sample-gpt",
    "lines of JSON": encoded("chat") + b"\n" + encoded("chat"),
    "record separator": b"\x1e" + encoded("chat"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_json_object_is_refused(caller: Caller, name: str):
    assert_refused(caller.send("chat", MALFORMED[name]), 400, code="malformed_json")


def test_what_is_no_json_object_does_not_reach_portkey(lab: Lab):
    before = lab.forwarded()

    for content in MALFORMED.values():
        lab.caller.send("chat", content)

    assert lab.forwarded() == before


@pytest.mark.parametrize("key", ["model", "stream", "max_tokens", "messages", "n", "anything", ""])
def test_a_key_that_is_there_twice_is_refused(caller: Caller, key: str):
    content = with_member(f'"{key}":1,"{key}":1')

    assert_refused(caller.send("chat", content), 400, code="duplicate_key")


@pytest.mark.parametrize("order", [("sample-gpt", "no-such-model"), ("no-such-model", "sample-gpt")])
def test_of_two_models_none_is_chosen(caller: Caller, order: tuple[str, str]):
    content = f'{{"model":"{order[0]}","messages":[],"model":"{order[1]}"}}'.encode()

    assert_refused(caller.send("chat", content), 400, code="duplicate_key")


@pytest.mark.parametrize(
    "member",
    [
        '"max_tokens":1e400',
        '"max_tokens":-2',
        '"max_tokens":1.5',
        '"max_tokens":9007199254740993',
        f'"max_tokens":{"9" * 400}',
        '"max_tokens":"5"',
        '"max_tokens":true',
        '"max_tokens":[5]',
        '"max_tokens":{}',
        '"max_completion_tokens":-2',
        '"n":0.5',
        '"n":"2"',
        '"stream":"true"',
        '"stream":1',
        '"stream":0',
        '"stream":[]',
        '"service_tier":7',
    ],
)
def test_a_value_that_two_parsers_could_read_differently_is_refused(caller: Caller, member: str):
    assert_refused(caller.send("chat", with_member(member)), 400, code="invalid_value")


@pytest.mark.parametrize("model", ["null", "1", "[]", "{}", "true", '["sample-gpt"]'])
def test_a_model_that_is_no_text_is_refused(caller: Caller, model: str):
    content = f'{{"model":{model},"messages":[]}}'.encode()

    assert_refused(caller.send("chat", content), 400, code="invalid_value")


ODD_MODELS = [
    "",
    " sample-gpt",
    "sample-gpt ",
    "SAMPLE-GPT",
    "sample-gpt\0",
    "sample-gpt\n",
    "@openai/sample-gpt",
    "openai/sample-gpt",
    "../sample-gpt",
    "__index",
    "__proto__",
    '"]=1 os.execute("true")--',
    "<script>alert(1)</script>",
    "%s%n",
    "é",
    "\ud800",
    "x" * 100_000,
    "{}",
]


@pytest.mark.parametrize("model", ODD_MODELS, ids=lambda model: ascii(model)[:24])
def test_an_odd_model_does_not_exist(caller: Caller, model: str):
    answer = caller.send("chat", json.dumps({**body("chat"), "model": model}).encode())

    assert_refused(answer, 404, code="model_not_found")


def test_a_model_written_with_escapes_is_the_same_model(caller: Caller):
    content = encoded("chat").replace(b"-", b"\\u002d", 1)

    assert caller.send("chat", content).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(encoded("chat").replace(b', "', b' \r\n\t, "'), id="white space"),
        pytest.param(with_member('"Model":"x","MODEL":1'), id="keys in other casing"),
        pytest.param(with_member('"__proto__":{"model":"x"},"constructor":1'), id="keys that JavaScript knows"),
        pytest.param(with_member('"a":{"b":1,"b":2}'), id="key twice further in"),
        pytest.param(with_member(f'"a":{"[" * 50}{"]" * 50}'), id="nested within reason"),
        pytest.param(with_text("日本語 🎉 é".encode()), id="beyond ASCII"),
        pytest.param(with_text(b"\\u0000\\ud83c\\udf89"), id="escapes"),
        pytest.param(with_member('"max_tokens":null,"stream":null'), id="null is absent"),
    ],
)
def test_unusual_but_plain_json_is_served(caller: Caller, content: bytes):
    assert caller.send("chat", content).status_code == 200


def test_what_is_served_reaches_the_provider_as_it_was(lab: Lab):
    text = "日本語 🎉 \u0000 \u2028 </script> \\ \" '"
    messages = [{"role": "user", "content": text}]

    lab.caller.ask("chat", "one", messages=messages, metadata={"a": [1, None, True, -1.5e-3]})

    assert lab["one"].last.json == {
        "model": "real-one",
        "messages": messages,
        "metadata": {"a": [1, None, True, -1.5e-3]},
    }


def test_an_answer_in_the_background_is_refused(caller: Caller):
    """It would be fetched on another path, after the edge has counted nothing."""
    assert_refused(caller.ask("responses", background=True), 400, code="invalid_value")
