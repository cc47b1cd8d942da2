"""A client that does not finish its request is sent away, so that a few thousand of them cannot hold every connection.

They began when the suite did; conftest.py puts this module behind the others, so nothing has to be waited for.
"""

import pytest

from gateway.conformance.shapes import assert_refused
from gateway.conformance.slow import SlowClients

HEADER_SECONDS = 10


@pytest.mark.parametrize("habit", ["silent", "dribbling"])
def test_headers_that_do_not_end_are_given_up(slow_clients: SlowClients, habit: str):
    slow_clients.wait()

    answer, seconds = slow_clients.ends[habit]

    assert_refused(answer, 408, code="request_timeout")
    assert HEADER_SECONDS - 1 < seconds < 2 * HEADER_SECONDS
