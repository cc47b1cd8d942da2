"""What a test needs and a machine may lack.

In: a condition and the words for what is missing. Out: a skip, or a failure where nothing may be skipped
(`GWCTL_TESTS_REQUIRE_ALL=1`, as in continuous integration).
"""

import os

import pytest


def require(condition: bool, missing: str) -> None:
    """Skip the test when `condition` is false, or fail it when GWCTL_TESTS_REQUIRE_ALL=1.

    `missing` says what is missing and how to get it.
    """
    if condition:
        return
    if os.environ.get("GWCTL_TESTS_REQUIRE_ALL") == "1":
        pytest.fail(f"required here, but missing: {missing}", pytrace=False)
    pytest.skip(f"missing: {missing}")
