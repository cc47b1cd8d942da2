"""Fixtures that several suites share, and what of them runs beside others in `scripts/test`."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from support import measured
from support.gateway import Gateway, chosen_gateway

# A shell that starts a job in the background lets it ignore SIGINT, and so would every program started here.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: on a busy machine a slow example says nothing about the code.
settings.register_profile("gwctl", deadline=None, print_blob=True)
settings.load_profile("gwctl")

HERE = Path(__file__).parent
ALONE = (
    "admin/test_scale.py",
    "gateway/agent/",
    "gateway/conformance/",
    "gateway/edge/",
    "gateway/local/",
    "hammer/",
    "ledger/test_hammer.py",
    "ledger/test_reserve_cost.py",
    "smoke/",
    "unit/agent/test_reserve_server.py::test_a_call_under_three_quotas_costs_a_fraction_of_a_millisecond",
    "unit/cli/test_cli.py::test_help_is_quick",
)
"""What measures time, or kills and slows parts of a gateway: with other tests beside it, it would measure those."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs alone."""
    for item in items:
        place = item.path.relative_to(HERE).as_posix() if item.path.is_relative_to(HERE) else ""
        if f"{place}::{item.name}".startswith(ALONE):
            item.add_marker(pytest.mark.alone)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadscope` a worker gets a whole suite, so that what a suite shares is made once."""
    if config.getoption("dist") != "loadscope":
        return None
    from support.suites import BySuite

    return BySuite(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker has measured."""
    measured.LINES.extend(getattr(node, "workeroutput", {}).get("measured", []))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker's last word."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["measured"] = measured.LINES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    if measured.LINES:
        terminalreporter.section("measured")
        for line in measured.LINES:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def running_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for the whole session. Who changes or breaks a gateway starts another with `local_gateway`."""
    with chosen_gateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway
