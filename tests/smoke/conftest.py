"""The target of the smoke suite, and what it takes to call it.

GWCTL_SMOKE_ENV names an environment, or is `up`. Without it the suite is skipped, but where nothing may be skipped
(GWCTL_TESTS_REQUIRE_ALL=1) it runs against a gateway of this machine. GWCTL_SMOKE_MODEL names the model to call: an
alias that serves chat completions, the cheapest that there is.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from smoke.admin import Admin
from smoke.places import UP, MissingError, Target, target_of
from support.processes import wait_until
from support.requirements import require

VARIABLE = "GWCTL_SMOKE_ENV"
MODEL_VARIABLE = "GWCTL_SMOKE_MODEL"
SAMPLE_MODEL = "sample-gpt"
IN_FORCE_SECONDS = 10
"""For a change of the policy to be enforced; it takes two."""
SECONDS = 900
"""For one test: the audit log of a deployment may take five minutes to deliver."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this directory their time limit."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            item.add_marker(pytest.mark.timeout(SECONDS))


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """What is tested; skips, saying what is missing."""
    required = os.environ.get("GWCTL_TESTS_REQUIRE_ALL") == "1"
    name = os.environ.get(VARIABLE) or (UP if required else "")
    if not name:
        pytest.skip(f"missing: {VARIABLE}, the environment to test; `up` starts a gateway here for it")
    try:
        with target_of(name, tmp_path_factory.mktemp("smoke")) as target:
            yield target
    except MissingError as missing:
        if required:
            pytest.fail(f"required here, but missing: {missing}", pytrace=False)
        pytest.skip(f"missing: {missing}")


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """Calls it."""
    with httpx.Client(timeout=60) as client:
        yield client


def _can_be_reached(http: httpx.Client, url: str) -> bool:
    with suppress(httpx.TransportError):
        http.get(url)
        return True
    return False


@pytest.fixture(scope="session")
def admin(target: Target, http: httpx.Client) -> Admin:
    """The admin API, as the admin client."""
    connection = target.connection
    token = target.gateway.token(connection.admin_client_id, connection.admin_client_secret)
    require(
        _can_be_reached(http, connection.admin_url),
        f"a way from here to the admin API at {connection.admin_url}, which may be private",
    )
    return Admin(http, connection.admin_url, token)


@pytest.fixture(scope="session")
def team(admin: Admin) -> Iterator[str]:
    """A team of this run, which may use every model."""
    name = f"smoke-{secrets.token_hex(4)}"
    admin.put_team(name)
    yield name
    admin.delete_team(name)


@pytest.fixture(scope="session")
def client(admin: Admin, team: str) -> Iterator[dict[str, Any]]:
    """A client of that team, with its secret."""
    issued = admin.create_client(team)
    yield issued
    with suppress(httpx.HTTPStatusError):  # the last test has revoked it; if it has not, the team cannot be deleted
        admin.revoke_client(team, issued["client_id"])


@pytest.fixture(scope="session")
def token(target: Target, client: dict[str, Any]) -> str:
    """A token of that client."""
    return target.gateway.token(client["client_id"], client["client_secret"])


def aliases(target: Target, http: httpx.Client, token: str) -> set[str] | None:
    """The models that a client may use; None: it is not known."""
    answer = http.get(f"{target.gateway.openai_url}/models", headers={"authorization": f"Bearer {token}"})
    return {each["id"] for each in answer.json()["data"]} if answer.status_code == 200 else None


@pytest.fixture(scope="session")
def model(target: Target, http: httpx.Client, token: str) -> str:
    """The alias to call; skips where the policy has none, as after a first deploy."""

    def listed() -> list[set[str]]:
        found = aliases(target, http, token)
        return [] if found is None else [found]

    (known,) = wait_until(listed, "a client that was just made to be known", IN_FORCE_SECONDS)
    wanted = os.environ.get(MODEL_VARIABLE, SAMPLE_MODEL)
    if wanted not in known:
        names = ", ".join(sorted(known)) or "none: the policy has no routes yet"
        pytest.skip(f"missing: {MODEL_VARIABLE}, an alias that serves chat completions; there are {names}")
    return wanted


Ask = Callable[[str], httpx.Response]


@pytest.fixture(scope="session")
def ask(target: Target, http: httpx.Client, model: str) -> Ask:
    """Sends the smallest chat completion with a bearer token."""

    def send(token: str) -> httpx.Response:
        body: dict[str, Any] = {"model": model, "max_tokens": 8, "messages": [{"role": "user", "content": "Hello"}]}
        url = f"{target.gateway.openai_url}/chat/completions"
        return http.post(url, json=body, headers={"authorization": f"Bearer {token}"})

    return send
