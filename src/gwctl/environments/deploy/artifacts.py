"""What a deployment is given besides Terraform. In: the checkout. Out: `dist/admin`: openapi.json, a zip for each path.

A function's zip has our code and the packages of requirements/lambda.txt, for Lambda on arm64. The same checkout gives
the same bytes, so a plan shows a change of a function only when there is one. All hold the same; they differ in the
handler that they are called by, and each has its own role.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import gwctl
from gwctl.admin.api import openapi
from gwctl.admin.api.operations import APIS
from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically
from gwctl.environments.project import Project, shown

PYTHON: Final = "3.13"
"""As modules/admin_api has it."""
PLATFORM: Final = "aarch64-manylinux_2_28"
"""Amazon Linux 2023 on Graviton."""
OURS: Final = ("admin", "audit", "core", "edge", "ledger", "policy", "pricing", "stores")
"""Packages of gwctl that the functions import, themselves or by what they import."""
SERVICES: Final = frozenset({"cognito-idp", "dynamodb", "s3", "sso", "sso-oidc", "sts"})
"""AWS services that the functions call, or botocore looks for by itself. It describes four hundred: 20 MB packed."""
MARK: Final = "built-from"
"""File beside the artefacts: a hash of all that they were built from."""
_WRITTEN_AT: Final = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip can hold: it says nothing about when it was built."""
_LEFT_OUT: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"})
"""What an installer notes about itself."""


@dataclass(frozen=True)
class Artifact:
    """A file that was built, and its bytes."""

    path: Path
    size: int


def build_lambda(project: Project) -> list[Artifact]:
    """Build all of it anew. Raises UserError: a package cannot be had."""
    requirements = project.root / "requirements" / "lambda.txt"
    if not requirements.is_file():
        raise UserError(f"there is no {shown(requirements)}; run this in a complete checkout")
    source = _source(project)  # before: what changes meanwhile makes it stale
    with tempfile.TemporaryDirectory(prefix="gwctl-lambda-") as folder:
        site = Path(folder) / "site"
        _install(requirements, site)
        package = Path(folder) / "package.zip"
        _write_zip(package, dict(_contents(site)))
        content = package.read_bytes()
    project.artifacts.mkdir(parents=True, exist_ok=True)
    files = {f"{name}.zip": content for name in sorted(APIS)} | {"openapi.json": openapi.render().encode()}
    for name, data in files.items():
        write_atomically(project.artifacts / name, data, mode=0o644)
    write_atomically(project.artifacts / MARK, source.encode(), mode=0o644)
    return [Artifact(project.artifacts / name, len(data)) for name, data in files.items()]


def is_current(project: Project) -> bool:
    """Whether there is nothing to build. Artefacts that carry no mark were brought from elsewhere: they are taken."""
    if not all((project.artifacts / name).is_file() for name in ("openapi.json", *(f"{each}.zip" for each in APIS))):
        return False
    mark = project.artifacts / MARK
    return not mark.exists() or mark.read_text() == _source(project)


def _source(project: Project) -> str:
    """A hash of what is built from: our code, the requirements, and how it is built."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    digest.update((project.root / "requirements" / "lambda.txt").read_bytes())
    for name, path in sorted(_own_code()):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _install(requirements: Path, site: Path) -> None:
    """Unpack the wheels for Lambda's platform: by name and hash, and nothing is run."""
    command = [
        *(_uv(), "pip", "install", "--quiet", "--target", str(site)),
        *("--python-platform", PLATFORM, "--python-version", PYTHON, "--only-binary", ":all:"),
        *("--no-deps", "--require-hashes", "--link-mode", "copy", "-r", str(requirements)),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        words = " ".join(done.stderr.split())[-600:]
        raise UserError(f"the functions' packages cannot be had: {words}; check the way to the package index")


def _uv() -> str:
    beside = Path(sys.executable).parent
    found = shutil.which("uv", path=os.pathsep.join([str(beside), os.environ.get("PATH", os.defpath)]))
    if not found:
        raise UserError("uv is not installed here; run `make setup`")
    return found


def _contents(site: Path) -> Iterator[tuple[str, Path]]:
    """Name in the zip → file."""
    for path in site.rglob("*"):
        name = path.relative_to(site)
        if path.is_file() and _is_wanted(name):
            yield name.as_posix(), path
    yield from _own_code()


def _own_code() -> Iterator[tuple[str, Path]]:
    source = Path(gwctl.__file__).parent
    for folder in (source, *(source / name for name in OURS)):
        for path in folder.glob("*.py") if folder == source else folder.rglob("*.py"):
            yield f"gwctl/{path.relative_to(source).as_posix()}", path


def _is_wanted(name: Path) -> bool:
    parts = name.parts
    if parts[0] == "bin" or "__pycache__" in parts or name.suffix in {".pyc", ".pyi"}:
        return False
    if parts[0].endswith(".dist-info"):
        return name.name not in _LEFT_OUT
    if parts[:2] in {("botocore", "data"), ("boto3", "data")} and len(parts) > 3:
        return parts[2] in SERVICES
    return parts[:2] != ("boto3", "examples")


def _write_zip(path: Path, contents: dict[str, Path]) -> None:
    """In the order of names, with one time and one mode for all."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _WRITTEN_AT)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, contents[name].read_bytes(), zipfile.ZIP_DEFLATED, 9)
