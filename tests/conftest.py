"""Fixtures that several suites share."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from support.gateway import Gateway, chosen_gateway

# No deadline: on a busy machine a slow example says nothing about the code.
settings.register_profile("gwctl", deadline=None, print_blob=True)
settings.load_profile("gwctl")


@pytest.fixture(scope="session")
def running_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for the whole session. Who changes or breaks a gateway starts another with `local_gateway`."""
    with chosen_gateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway
