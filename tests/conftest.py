"""Fixtures that several suites share."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from support.gateway import Gateway, chosen_gateway

# A shell that starts a job in the background lets it ignore SIGINT, and so would every program started here.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: on a busy machine a slow example says nothing about the code.
settings.register_profile("gwctl", deadline=None, print_blob=True)
settings.load_profile("gwctl")


@pytest.fixture(scope="session")
def running_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for the whole session. Who changes or breaks a gateway starts another with `local_gateway`."""
    with chosen_gateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway
