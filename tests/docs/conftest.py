"""One copy of the repository for all tests that plant errors in it."""

from pathlib import Path

import pytest

from docs.checkout import copy_of_the_repository


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_repository(tmp_path_factory.mktemp("repository"))
