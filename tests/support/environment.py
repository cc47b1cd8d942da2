"""The environment of programs under test: what they need to run, and nothing of the person who runs the tests."""

import os
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
"""Where `gwctl`, `node` and `envoy` are."""

_PASSED_ON = ("LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE")


def clean_environment(home: Path) -> dict[str, str]:
    """PATH with this checkout's programs first, HOME, and a few harmless variables of the caller.

    Above all no keys: a provider's key in the environment would make `gwctl up` use the real provider.
    """
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed_on, "PATH": f"{BIN}{os.pathsep}/usr/local/bin:/usr/bin:/bin", "HOME": str(home)}
