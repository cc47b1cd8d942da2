"""What a body is called, how it is packed and how large it is."""

import gzip
import zlib

import httpx
import pytest

from gateway.conformance.kit.calls import Caller, encoded
from gateway.conformance.kit.http1 import chunked, exchange, request
from gateway.conformance.kit.lab import Lab
from gateway.conformance.kit.shapes import assert_refused
from gwctl.core.names import API_PATHS
from support.gateway import Gateway

CHAT = API_PATHS["chat"]
LIMIT = 32 * 1024 * 1024
"""Bytes of a body, as `gwctl up` sets it."""

# --- content types ---


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/jsonx",
        "application/vnd.api+json",
        "application/json, text/plain",
        "application/json text/plain",
        "application/json,",
        "json",
        "*/*",
        "audio/mpeg",
        "",
    ],
)
def test_another_content_type_is_refused(caller: Caller, kind: str):
    answer = caller.ask("chat", headers={"content-type": kind})

    assert_refused(answer, 415, code="unsupported_media_type")


def test_no_content_type_is_refused(gateway: Gateway):
    answer = exchange(gateway.url, request(CHAT, [("authorization", f"Bearer {gateway.token()}")], encoded("chat")))

    assert_refused(answer, 415, code="unsupported_media_type")


@pytest.mark.parametrize("kinds", [("application/json", "text/plain"), ("text/plain", "application/json")])
def test_two_content_types_are_refused(gateway: Gateway, kinds: tuple[str, str]):
    headers = [("authorization", f"Bearer {gateway.token()}"), *(("content-type", kind) for kind in kinds)]

    assert_refused(exchange(gateway.url, request(CHAT, headers, encoded("chat"))), 415, code="unsupported_media_type")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        "APPLICATION/JSON; Charset=utf-8",
        "application/json ; charset=utf-8",
        "application/json\t;charset=utf-8",
        "application/json;",
    ],
)
def test_the_content_type_of_json_is_accepted_however_it_is_written(caller: Caller, kind: str):
    """RFC 9110, section 8.3.1: type and subtype are case-insensitive, white space around the semicolon is free."""
    assert caller.ask("chat", headers={"content-type": kind}).status_code == 200


@pytest.mark.parametrize(
    "kind", ["Application/JSON", "application/json; charset=utf-16", "application/json; boundary=x"]
)
def test_the_provider_sees_the_plain_content_type(lab: Lab, kind: str):
    lab.caller.ask("chat", "one", headers={"content-type": kind})

    assert lab["one"].last.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip", gzip.compress(encoded("chat"), mtime=0)),
        ("deflate", zlib.compress(encoded("chat"))),
        ("br", encoded("chat")),
        ("identity", encoded("chat")),
        ("gzip, gzip", gzip.compress(gzip.compress(encoded("chat"), mtime=0), mtime=0)),
        ("x", encoded("chat")),
    ],
)
def test_a_content_encoding_is_refused(caller: Caller, coding: str, content: bytes):
    """A few kilobytes of gzip can be gigabytes of JSON."""
    answer = caller.send("chat", content, {"content-encoding": coding})

    assert_refused(answer, 415, code="unsupported_media_type")


# --- size ---


def as_it_is(gateway: Gateway, size: int, *, in_chunks: bool) -> httpx.Response | None:
    """A chat body of this many bytes, most of it one long text, which is no answerable request at the end."""
    content = encoded("chat").replace(b"Hello", b"a" * (size - len(encoded("chat")) + len(b"Hello") + 1))[:-1]
    headers = [("authorization", f"Bearer {gateway.token()}"), ("content-type", "application/json")]
    if not in_chunks:
        return exchange(gateway.url, request(CHAT, headers, content))
    pieces = [content[start : start + 1_000_000] for start in range(0, size, 1_000_000)]
    return exchange(gateway.url, request(CHAT, [*headers, ("transfer-encoding", "chunked")]), chunked(*pieces))


@pytest.mark.parametrize("in_chunks", [False, True], ids=["with a length", "in chunks"])
def test_a_body_that_is_too_large_is_refused(gateway: Gateway, *, in_chunks: bool):
    assert_refused(as_it_is(gateway, LIMIT + 1, in_chunks=in_chunks), 413, code="request_too_large")


@pytest.mark.parametrize("in_chunks", [False, True], ids=["with a length", "in chunks"])
def test_a_body_of_the_largest_size_is_read(gateway: Gateway, *, in_chunks: bool):
    """It is no JSON, so the answer is the edge's and nobody behind it has to read 32 MiB."""
    assert_refused(as_it_is(gateway, LIMIT, in_chunks=in_chunks), 400, code="malformed_json")


def test_a_body_in_many_small_chunks_is_served(gateway: Gateway):
    content = encoded("chat")
    headers = [("authorization", f"Bearer {gateway.token()}"), ("content-type", "application/json")]
    pieces = [content[index : index + 1] for index in range(len(content))]

    answer = exchange(gateway.url, request(CHAT, [*headers, ("transfer-encoding", "chunked")]), chunked(*pieces))

    assert answer is not None
    assert answer.status_code == 200


def test_a_large_conversation_is_served(caller: Caller):
    """A coding agent sends a few hundred kilobytes with every turn."""
    messages = [{"role": "user", "content": "word " * 100_000}]

    assert caller.ask("chat", messages=messages).status_code == 200
