"""Which texts are URLs that an HTTP client can call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.core.urls import http_url

NOT_URLS = (
    "http://[",
    "http://",
    "http://a b",
    "http://x:99999",
    "http://x:0",
    "http://x:y",
    "http://\tx",
    "ftp://x",
    "x",
    "",
)


@pytest.mark.parametrize("text", NOT_URLS)
def test_what_cannot_be_called_is_no_url(text: str):
    assert http_url(text) is None


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("http://127.0.0.1:9000/v1", "127.0.0.1", 9000),
        ("https://API.example.com", "api.example.com", None),
        ("http://[::1]:4318", "::1", 4318),
    ],
)
def test_a_url_has_its_host_and_port(text: str, host: str, port: int | None):
    parts = http_url(text)
    assert parts
    assert (parts.hostname, parts.port) == (host, port)


@given(st.text().map("http://{}".format))
def test_no_text_is_a_fault(text: str):
    http_url(text)
