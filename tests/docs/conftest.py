"""One copy of the repository for all tests that plant errors in it."""

import shutil
from pathlib import Path

import pytest

from support.checkout import copy_checkout
from support.scripts import ROOT
from tools.docs.reading import tests_index


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the documents are made of and refer to. Which tests there are is collected once, in the checkout."""
    copy = copy_checkout(tmp_path_factory.mktemp("repository"))
    assert tests_index.exists(ROOT, "tests/docs/test_in_order.py::test_nothing_is_wrong")
    (copy / tests_index.CACHE).parent.mkdir(parents=True)
    shutil.copy(ROOT / tests_index.CACHE, copy / tests_index.CACHE)
    return copy
