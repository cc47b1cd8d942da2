"""The gateways of the conformance suite.

`gateway` is the one under test: started here, or named by GWCTL_GATEWAY_CONNECTION. `lab` is one of our own for
each lane, whose providers record what reaches them; tests only call it. `workshop` is another that tests may change and
break.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.conformance.kit.calls import Caller
from gateway.conformance.kit.forge import Forger
from gateway.conformance.kit.lab import Lab, running_lab
from support.gateway import Gateway, require_local

ON_BOTH_LANES = (
    "answers/",
    "usage/",
    "access/test_secret_canary",
    "requests/test_bod",
    "requests/test_request_ids",
    "requests/test_stripped_headers",
)
LAST = ("test_secret_canary.py", "test_settlement.py")
"""Modules that look back on what all the others did."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them behind the others of this suite."""
    ours = Path(__file__).parent
    places = [index for index, item in enumerate(items) if ours in item.path.parents]
    order = sorted(
        (items[index] for index in places),
        key=lambda item: LAST.index(item.path.name) if item.path.name in LAST else -1,
    )
    for index, item in zip(places, order, strict=True):
        items[index] = item


@pytest.fixture(scope="session")
def gateway(running_gateway: Gateway) -> Gateway:
    """The gateway under test."""
    return running_gateway


@pytest.fixture(scope="session")
def caller(gateway: Gateway) -> Iterator[Caller]:
    """Calls it over HTTP/1.1."""
    with Caller(gateway) as each:
        yield each


@pytest.fixture(scope="session")
def http2_caller(gateway: Gateway) -> Iterator[Caller]:
    """Calls it over HTTP/2."""
    with Caller(gateway, http2=True) as each:
        yield each


@pytest.fixture(scope="session")
def forger(gateway: Gateway) -> Forger:
    """Makes tokens for it."""
    return Forger(gateway)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What depends on the lane runs on both."""
    if "lab_server" in metafunc.fixturenames:
        path = metafunc.definition.path.relative_to(Path(__file__).parent).as_posix()
        lanes = ["express", "portkey"] if path.startswith(ON_BOTH_LANES) else ["express"]
        metafunc.parametrize("lab_server", lanes, indirect=True, scope="session")


@pytest.fixture(scope="session")
def express_lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    require_local()
    with running_lab(tmp_path_factory.mktemp("express-lab")) as lab:
        yield lab


@pytest.fixture(scope="session")
def portkey_lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    require_local()
    with running_lab(tmp_path_factory.mktemp("portkey-lab"), "portkey") as lab:
        yield lab


@pytest.fixture(scope="session")
def lab_server(request: pytest.FixtureRequest) -> Lab:
    """The lab of a lane."""
    return request.getfixturevalue(f"{request.param}_lab_server")


@pytest.fixture
def lab(lab_server: Lab) -> Lab:
    """The lab, its providers as new."""
    lab_server.reset()
    return lab_server


@pytest.fixture(scope="session")
def workshop_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    require_local()
    with running_lab(tmp_path_factory.mktemp("workshop")) as lab:
        yield lab


@pytest.fixture
def workshop(workshop_server: Lab) -> Lab:
    """The workshop, its providers as new. Whoever changes or breaks it leaves it whole."""
    workshop_server.reset()
    return workshop_server
