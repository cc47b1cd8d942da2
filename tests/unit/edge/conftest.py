"""The Lua program with one policy, shared by the tests that do not change it."""

import pytest

from unit.edge.asking import SECRETS, snapshot
from unit.edge.program import Program


@pytest.fixture(scope="package")
def program() -> Program:
    return Program(snapshot(), SECRETS)
