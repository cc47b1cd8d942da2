"""Where one request ends and the next begins: whatever two servers could read differently is refused.

Request smuggling needs two readers who disagree. Each case carries a second request inside; it must never be answered
and nothing of it may reach a provider. (RFC 9112, sections 5, 6 and 11.2.)
"""

import httpx
import pytest

from gateway.conformance.kit.calls import encoded
from gateway.conformance.kit.http1 import Wire, chunked, request
from gateway.conformance.kit.lab import Lab
from gateway.conformance.kit.shapes import assert_nothing_leaks
from gwctl.core.names import API_PATHS
from support.gateway import Gateway

CHAT = API_PATHS["chat"]
BODY = encoded("chat", "one")
LENGTH = len(BODY)
CHUNKS = chunked(BODY)
SMUGGLED = request("/v1/proxy/smuggled", method="GET")

AMBIGUOUS: dict[str, tuple[str, bytes]] = {
    # the head between the usual headers and the empty line, then what follows
    "length and chunks": (f"Content-Length: {LENGTH}\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
    "chunks and length": (f"Transfer-Encoding: chunked\r\nContent-Length: {LENGTH}\r\n", CHUNKS),
    "chunks and length 0": ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", CHUNKS),
    "two lengths": (f"Content-Length: {LENGTH}\r\nContent-Length: 4\r\n", BODY),
    "the same length twice": (f"Content-Length: {LENGTH}\r\nContent-Length: {LENGTH}\r\n", BODY),
    "list of lengths": (f"Content-Length: {LENGTH}, 4\r\n", BODY),
    "list of one length": (f"Content-Length: {LENGTH}, {LENGTH}\r\n", BODY),
    "length with plus": (f"Content-Length: +{LENGTH}\r\n", BODY),
    "negative length": ("Content-Length: -1\r\n", BODY),
    "hexadecimal length": (f"Content-Length: {hex(LENGTH)}\r\n", BODY),
    "length with underscore": ("Content-Length: 1_0\r\n", BODY),
    "length with unit": (f"Content-Length: {LENGTH}b\r\n", BODY),
    "empty length": ("Content-Length: \r\n", BODY),
    "length beyond 64 bits": ("Content-Length: 18446744073709551617\r\n", BODY),
    "identity": ("Transfer-Encoding: identity\r\n", BODY),
    "unknown encoding": ("Transfer-Encoding: xchunked\r\n", CHUNKS),
    "chunked first": ("Transfer-Encoding: chunked, identity\r\n", CHUNKS),
    "chunked last": ("Transfer-Encoding: identity, chunked\r\n", CHUNKS),
    "compressed and chunked": ("Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
    "chunked twice": ("Transfer-Encoding: chunked, chunked\r\n", CHUNKS),
    "two encodings": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
    "an encoding and nonsense": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n", CHUNKS),
    "encoding after a vertical tab": ("Transfer-Encoding:\x0bchunked\r\n", CHUNKS),
    "encoding in quotes": ('Transfer-Encoding: "chunked"\r\n', CHUNKS),
    "encoding with a parameter": ("Transfer-Encoding: chunked;q=1\r\n", CHUNKS),
    "space before the colon": ("Transfer-Encoding : chunked\r\n", CHUNKS),
    "tab before the colon": ("Transfer-Encoding\t: chunked\r\n", CHUNKS),
    "space before the name": (f"Content-Length: {LENGTH}\r\nX-A: b\r\n : c\r\nBad Name: x\r\n", BODY),
    "NUL in a value": (f"X-A: b\0c\r\nContent-Length: {LENGTH}\r\n", BODY),
    "NUL in a name": (f"X-\0A: b\r\nContent-Length: {LENGTH}\r\n", BODY),
    "no colon": (f"X-A\r\nContent-Length: {LENGTH}\r\n", BODY),
    "no name": (f": b\r\nContent-Length: {LENGTH}\r\n", BODY),
    "name beyond ASCII": (f"X-\xe9: b\r\nContent-Length: {LENGTH}\r\n", BODY),
    "pseudo header": (f":path: /v1/proxy/x\r\nContent-Length: {LENGTH}\r\n", BODY),
    "negative chunk": ("Transfer-Encoding: chunked\r\n", b"-1\r\n" + CHUNKS),
    "chunk size with 0x": ("Transfer-Encoding: chunked\r\n", b"0x5\r\nhello\r\n0\r\n\r\n"),
    "chunk size beyond 64 bits": ("Transfer-Encoding: chunked\r\n", b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
    "chunk size with plus": ("Transfer-Encoding: chunked\r\n", b"+5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with underscore": ("Transfer-Encoding: chunked\r\n", b"1_0\r\nhello\r\n0\r\n\r\n"),
    "chunk size after a space": ("Transfer-Encoding: chunked\r\n", b" 5\r\nhello\r\n0\r\n\r\n"),
    "chunk size is no number": ("Transfer-Encoding: chunked\r\n", b"g\r\nhello\r\n0\r\n\r\n"),
    "chunk without a size": ("Transfer-Encoding: chunked\r\n", b"\r\nhello\r\n0\r\n\r\n"),
    "chunk longer than it says": ("Transfer-Encoding: chunked\r\n", b"5\r\nhelloXX\r\n0\r\n\r\n"),
    "chunks ended by line feeds": ("Transfer-Encoding: chunked\r\n", b"5\nhello\n0\n\n"),
    "bare CR as the end of a chunk size": ("Transfer-Encoding: chunked\r\n", b"5\rhello\r0\r\r"),
}


def usual(gateway: Gateway) -> str:
    return f"Host: gateway\r\nAuthorization: Bearer {gateway.token()}\r\nContent-Type: application/json\r\n"


def answers_to(gateway: Gateway, head: str, rest: bytes, line: str = f"POST {CHAT} HTTP/1.1") -> list[httpx.Response]:
    data = f"{line}\r\n{usual(gateway)}{head}\r\n".encode("latin-1")
    with Wire(gateway.url) as wire:
        return wire.send(data, rest, SMUGGLED).answers()


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_ambiguous_framing_is_refused_and_ends_the_connection(gateway: Gateway, name: str):
    answers = answers_to(gateway, *AMBIGUOUS[name])

    assert [answer.status_code for answer in answers] == [400], [answer.text for answer in answers]
    assert answers[0].json()["error"]["code"] in {"bad_request", "malformed_json"}
    assert_nothing_leaks(answers[0])


def test_ambiguous_framing_does_not_reach_portkey(lab: Lab):
    before = lab.forwarded()

    for head, rest in AMBIGUOUS.values():
        answers_to(lab.gateway, head, rest)

    assert lab.forwarded() == before


def test_a_body_shorter_than_it_says_is_not_filled_up_with_the_next_request(lab: Lab):
    """The second request is then the end of the first one's body, and that is no JSON."""
    answers = answers_to(lab.gateway, f"Content-Length: {LENGTH + len(SMUGGLED)}\r\nConnection: close\r\n", BODY)

    assert [answer.status_code for answer in answers] == [400]
    assert lab["one"].requests == []


def test_a_body_longer_than_it_says_is_not_served(lab: Lab):
    answers = answers_to(lab.gateway, "Content-Length: 4\r\nConnection: close\r\n", BODY)

    assert [answer.status_code for answer in answers] == [400]
    assert lab["one"].requests == []


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        pytest.param(f"X-A: b\r\n X-Portkey-Config: {{}}\r\nContent-Length: {LENGTH}\r\n", BODY, id="folded line"),
        pytest.param(f"X-A: b\r\n\tX-Portkey-Config: {{}}\r\nContent-Length: {LENGTH}\r\n", BODY, id="folded by tab"),
        pytest.param(f"X-A: b\rX-Portkey-Config: {{}}\r\nContent-Length: {LENGTH}\r\n", BODY, id="bare CR"),
        pytest.param(f"X-A: b\nX-Portkey-Config: {{}}\r\nContent-Length: {LENGTH}\r\n", BODY, id="bare LF"),
        pytest.param(f"X-A: b\\r\\nX-Portkey-Config: {{}}\r\nContent-Length: {LENGTH}\r\n", BODY, id="written out"),
        pytest.param(f"X-A: b\x85X-Portkey-Config: {{}}\r\nContent-Length: {LENGTH}\r\n", BODY, id="next line"),
        pytest.param("Transfer-Encoding:\r\n chunked\r\n", CHUNKS, id="folded encoding"),
        pytest.param("Transfer-Encoding: ChUnKeD\r\n", CHUNKS, id="odd casing of chunked"),
        pytest.param(
            "Transfer-Encoding: chunked\r\nTrailer: X-Portkey-Config\r\n",
            CHUNKS[:-2] + b"X-Portkey-Config: {}\r\nAuthorization: Bearer x\r\n\r\n",
            id="trailers",
        ),
        pytest.param(
            "Transfer-Encoding: chunked\r\n",
            f"{LENGTH:x};X-Portkey-Config={{}}\r\n".encode() + BODY + b"\r\n0;x=y\r\n\r\n",
            id="chunk extensions",
        ),
    ],
)
def test_a_header_that_hides_in_another_is_refused_or_lost(lab: Lab, head: str, rest: bytes):
    answers = answers_to(lab.gateway, f"Connection: close\r\n{head}", rest)

    assert [answer.status_code for answer in answers] in ([200], [400])
    for each in lab["one"].requests:
        assert "portkey" not in str(each.headers).lower()
        assert each.headers["authorization"] == f"Bearer {lab.canaries['one']}"
        assert each.json["messages"]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (f"POST {CHAT} HTTP/1.0", 426),
        (f"POST {CHAT} HTTP/0.9", 426),
        (f"POST {CHAT} HTTP/1.2", 400),
        (f"POST {CHAT} HTTP/2.0", 400),
        (f"POST {CHAT} HTTP/3", 400),
        (f"POST {CHAT} http/1.1", 400),
        (f"POST {CHAT} HTTP/1.1 HTTP/1.1", 400),
        (f"POST {CHAT}", 400),
        (f"POST {CHAT} x HTTP/1.1", 400),
        (f"POST{CHAT} HTTP/1.1", 400),
        ("POST", 400),
        (f"POST {CHAT} ICAP/1.0", 400),
    ],
)
def test_an_odd_request_line_is_the_clients_fault(gateway: Gateway, line: str, status: int):
    answers = answers_to(gateway, f"Content-Length: {LENGTH}\r\n", BODY, line)

    assert len(answers) == 1
    assert answers[0].status_code in {status, 400}, answers[0].text
    assert_nothing_leaks(answers[0])


def test_a_request_without_a_host_is_refused(gateway: Gateway):
    with Wire(gateway.url) as wire:
        answers = wire.send(b"GET /v1/models HTTP/1.1\r\nX-A: b\r\n\r\n", SMUGGLED).answers()

    assert [answer.status_code for answer in answers] == [400]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "a b", "user@gateway", "x" * 300, "gateway:99999"])
def test_the_host_leads_nowhere_else(lab: Lab, host: str):
    headers = [("authorization", f"Bearer {lab.gateway.token()}"), ("content-type", "application/json")]

    with Wire(lab.gateway.url) as wire:
        answer = wire.send(request(CHAT, headers, BODY, host=host)).answer()

    assert answer is not None
    assert answer.status_code in {200, 400}
    assert host not in [str(each.headers["host"]) for each in lab["one"].requests]


# --- sizes and counts ---


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(f"X-A: {'a' * 100_000}\r\n", id="one long header"),
        pytest.param("".join(f"X-A{i}: {'a' * 1_000}\r\n" for i in range(90)), id="long together"),
        pytest.param("".join(f"X-A{i}: b\r\n" for i in range(500)), id="many"),
        pytest.param(f"{'X' * 70_000}: b\r\n", id="long name"),
    ],
)
def test_headers_that_are_too_large_are_refused(gateway: Gateway, head: str):
    answers = answers_to(gateway, head, b"")

    assert [answer.status_code for answer in answers] == [431]


def test_a_target_that_is_too_long_is_refused(gateway: Gateway):
    answers = answers_to(gateway, "", b"", f"POST {CHAT}?{'a' * 100_000} HTTP/1.1")

    assert [answer.status_code for answer in answers] == [431]
