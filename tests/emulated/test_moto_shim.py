"""Each patch of moto is needed, and does what AWS does: the same calls, with moto as it is and with the patched one.

A test that fails "as it is" says that moto has learnt it: remove the patch.
"""

import sys
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulated.aws_answers import REGION, WHAT_AWS_DOES, Clients
from gwctl.emulated_aws import shim
from support.ports import free_port
from support.processes import listening, start

CLIENT_CONFIG = Config(retries={"max_attempts": 1, "mode": "standard"}, s3={"addressing_style": "path"})


def clients_of(url: str) -> Clients:
    session = boto3.Session("emulated", "emulated", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=url, config=CLIENT_CONFIG)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def as_it_is() -> Iterator[Clients]:
    port = free_port()
    with start([sys.executable, "-m", "moto.server", "-p", str(port)], ready=lambda: listening(port), seconds=60):
        yield clients_of(f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    file = tmp_path_factory.mktemp("emulator") / "url"
    command = [sys.executable, "-m", "gwctl.emulated_aws", "--url-file", file]
    with start(command, ready=lambda: file.exists(), seconds=60):
        yield clients_of(file.read_text().strip())


def test_every_patch_is_tested():
    assert set(WHAT_AWS_DOES) == set(shim.PATCHES)


@pytest.mark.parametrize("name", shim.PATCHES)
def test_moto_as_it_is_does_not_do_it(as_it_is: Clients, name: str):
    try:
        does = WHAT_AWS_DOES[name](as_it_is)
    except (ClientError, ValueError, KeyError):
        return
    assert not does, f"moto does it now: remove the patch {name}"


@pytest.mark.parametrize("name", shim.PATCHES)
def test_the_patched_one_does_it(patched: Clients, name: str):
    assert WHAT_AWS_DOES[name](patched)
