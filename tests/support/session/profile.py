"""How many examples tests try that make up their own. In: GWCTL_TESTS_PROFILE. Out: Hypothesis' settings, counts.

`ci`, the default, tries few of them, for everybody who waits for the tests; `nightly` tries many, for nobody who waits:
`.github/workflows/nightly.yml` runs it.
"""

import os
from typing import Final

from hypothesis import settings

PROFILE: Final = os.environ.get("GWCTL_TESTS_PROFILE", "ci")
_EXAMPLES: Final = {"ci": 50, "nightly": 2_000}
NIGHTLY_SECONDS: Final = 3 * 3600
"""The time limit of a test in `nightly`, whatever its own is."""


def load() -> None:
    """Make the profile Hypothesis' default. Raises KeyError for a name that is none."""
    for name, count in _EXAMPLES.items():
        # No deadline: on a busy machine a slow example says nothing about the code.
        settings.register_profile(name, deadline=None, print_blob=True, max_examples=count)
    settings.load_profile(PROFILE)


def examples(count: int) -> int:
    """`count` for `ci`, and in proportion more for `nightly`: for a test whose examples cost more than others'."""
    return count * _EXAMPLES[PROFILE] // _EXAMPLES["ci"]
