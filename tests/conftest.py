"""What all suites share: settings of libraries, how tests are handed out to processes, and a running gateway."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from support.gateway import Gateway, chosen_gateway
from support.session import measured, profile

# A shell that starts a job in the background lets it ignore SIGINT, and so would every program started here.
signal.signal(signal.SIGINT, signal.default_int_handler)

profile.load()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several processes, what takes long is begun first. At night nothing is cut short."""
    if hasattr(config, "workerinput"):
        from support.session.suites import longest_first

        longest_first(items)
    if profile.PROFILE == "nightly":
        for item in items:
            item.add_marker(pytest.mark.timeout(profile.NIGHTLY_SECONDS), append=False)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadscope` a worker gets what shares something as a whole, so that it is made once."""
    if config.getoption("dist") != "loadscope":
        return None
    from support.session.suites import ByUnit

    return ByUnit(config, log)


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
