"""Where the script is that Node loads before Portkey: in the wheel among these modules, in a checkout with Portkey."""

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).resolve()
_IN_WHEEL: Final = _HERE.with_name("portkey_preload.cjs")
_IN_CHECKOUT: Final = _HERE.parents[3] / "portkey" / "preload.cjs"
PRELOAD: Final = _IN_WHEEL if _IN_WHEEL.is_file() else _IN_CHECKOUT
