"""Where Terraform finds providers without its registry. In: this machine. Out: Terraform's CLI configuration.

A mirror is a directory with `registry.terraform.io/` in it: $GWCTL_PROVIDER_MIRROR, the places that Terraform documents
(https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories), and one level below
/opt. What no mirror has comes from the registry.
"""

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

REGISTRY: Final = "registry.terraform.io"
VARIABLE: Final = "GWCTL_PROVIDER_MIRROR"
CONFIGURATION: Final = "TF_CLI_CONFIG_FILE"
_MACHINES: Final = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def find(variables: Mapping[str, str] | None = None) -> list[Path]:
    """The mirrors that there are, in order of precedence."""
    environment = os.environ if variables is None else variables
    named = environment.get(VARIABLE)
    home = Path(environment.get("HOME") or Path.home())
    places = [
        *([Path(named).expanduser()] if named else []),
        *_documented(environment, home),
        *_below(Path("/opt")),
    ]
    return [place for place in dict.fromkeys(places) if _is_dir(place / REGISTRY)]


def providers(mirrors: list[Path], system: str = "") -> list[str]:
    """The providers that one of them has for this machine, unpacked or packed: `hashicorp/aws`."""
    wanted = system or this_system()
    return sorted(
        {
            f"{provider.parent.name}/{provider.name}"
            for mirror in mirrors
            for namespace in _below(mirror / REGISTRY)
            for provider in _below(namespace)
            if any([*provider.glob(f"*/{wanted}"), *provider.glob(f"*_{wanted}.zip")])
        }
    )


def this_system() -> str:
    """This machine as providers name it, for example linux_amd64."""
    return f"{sys.platform.replace('win32', 'windows')}_{_MACHINES.get(platform.machine(), platform.machine())}"


def configuration(mirrors: list[Path], system: str = "") -> str:
    """A CLI configuration that takes from the mirrors what they have, and the rest from the registry.

    The registry is not asked for what a mirror has: Terraform would fail where there is no way to it.
    """
    lines = ["disable_checkpoint = true"]
    found = providers(mirrors, system)
    if found:
        names = ", ".join(f'"{REGISTRY}/{name}"' for name in found)
        blocks = [
            f'  filesystem_mirror {{\n    path    = "{_quoted(mirror)}"\n    include = [{names}]\n  }}'
            for mirror in mirrors
        ]
        lines += ["provider_installation {", *blocks, f"  direct {{\n    exclude = [{names}]\n  }}", "}"]
    return "\n".join(lines) + "\n"


def configure(folder: Path, variables: Mapping[str, str] | None = None) -> Path:
    """The configuration to use: the person's own if it can be read, else one of ours, written to `folder`."""
    environment = os.environ if variables is None else variables
    given = environment.get(CONFIGURATION)
    if given and os.access(given, os.R_OK):
        return Path(given)
    path = folder / "terraform.rc"
    path.write_text(configuration(find(environment)), encoding="utf-8")
    return path


def _documented(variables: Mapping[str, str], home: Path) -> list[Path]:
    shared = [
        Path(each) / "terraform" / "plugins"
        for each in variables.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":")
        if each
    ]
    data = Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share") / "terraform" / "plugins"
    mac = [
        home / "Library/Application Support/io.terraform/plugins",
        Path("/Library/Application Support/io.terraform/plugins"),
    ]
    return [home / ".terraform.d" / "plugins", *(mac if sys.platform == "darwin" else [data, *shared])]


def _below(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a place that we may not look into
        return False


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
