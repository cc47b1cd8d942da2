"""A client that does not finish its request is sent away: a few thousand of them cannot hold every connection."""

import pytest

from gateway.conformance.kit.shapes import assert_refused
from gateway.conformance.kit.slow import SlowClients
from support.gateway import Gateway

HEADER_SECONDS = 10


@pytest.fixture(scope="module")
def slow_clients(gateway: Gateway) -> SlowClients:
    """All of them at once; they have been sent away, or have given up."""
    clients = SlowClients(gateway.url)
    clients.start()
    clients.wait()
    return clients


@pytest.mark.parametrize("habit", ["silent", "dribbling"])
def test_headers_that_do_not_end_are_given_up(slow_clients: SlowClients, habit: str):
    answer, seconds = slow_clients.ends[habit]

    assert_refused(answer, 408, code="request_timeout")
    assert HEADER_SECONDS - 1 < seconds < 2 * HEADER_SECONDS
