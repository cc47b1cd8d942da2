"""Every shell block of README and docs is run, in the order of its file, as a person would who copies it.

A block that cannot run here is fenced as `console`, and the rest of its fence's line says why. Blocks are run in a
folder that looks like the checkout and is thrown away, with a gateway of its own.
"""

import os
import random
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.environment import clean_environment
from support.scripts import ROOT
from tools.docs.reading import markdown

FILES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SECONDS = 90


def blocks(*languages: str) -> list[tuple[Path, markdown.Block]]:
    return [
        (file, block) for file in FILES for block in markdown.blocks(file.read_text()) if block.language in languages
    ]


def named(file: Path, block: markdown.Block) -> str:
    return f"{file.relative_to(ROOT).as_posix()}:{block.line}"


def runnable() -> dict[str, list[markdown.Block]]:
    found: dict[str, list[markdown.Block]] = {}
    for file, block in blocks("shell"):
        found.setdefault(file.relative_to(ROOT).as_posix(), []).append(block)
    # Those that start the gateway come first: the others find it running.
    return dict(sorted(found.items(), key=lambda each: (each[0] != "README.md", not starts(each[1]))))


def starts(blocks: list[markdown.Block]) -> bool:
    return any(re.search(r"make up|gwctl up", block.text) for block in blocks)


def mirror(real: Path, folder: Path, left_out: set[str]) -> None:
    """A folder with links to everything in another one."""
    folder.mkdir()
    for entry in real.iterdir():
        if entry.name not in left_out:
            (folder / entry.name).symlink_to(entry)


def steady_ports() -> list[int]:
    """Two free ports that no client's connection gets by chance while the gateway is down for a moment."""
    free: list[int] = []
    while len(free) < 2:
        port = random.randrange(21_000, 29_000)
        with socket.socket() as probe:
            if port not in free and probe.connect_ex(("127.0.0.1", port)) != 0:
                free.append(port)
    return free


class Person:
    """Somebody in a checkout: each script is a shell of its own, what it leaves behind is there for the next one."""

    def __init__(self, folder: Path, home: Path) -> None:
        home.mkdir()
        mirror(ROOT, folder, left_out={".git", ".gwctl", ".venv", "dist", "portkey"})
        # What is installed is newer than what it is made of, so that make installs nothing into the real checkout.
        mirror(ROOT / "portkey", folder / "portkey", left_out={"node_modules"})
        mirror(ROOT / ".venv", folder / ".venv", left_out={".build", ".runtime", ".dev"})
        for stamp in (".build", ".runtime"):
            (folder / ".venv" / stamp).touch()
        mirror(ROOT / "portkey" / "node_modules", folder / "portkey" / "node_modules", left_out=set())
        port, admin_port = steady_ports()
        self.folder = folder
        self._environment = {
            **clean_environment(home),
            "GWCTL_UP_PORT": str(port),
            "GWCTL_UP_ADMIN_PORT": str(admin_port),
        }

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        # Own session: nothing of a block may reach for the terminal of whoever runs the tests.
        return subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    folder = tmp_path_factory.mktemp("person")
    person = Person(folder / "gwctl", folder / "home")
    try:
        yield person
    finally:
        person.run("gwctl down")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", runnable())
def test_what_can_be_copied_works(person: Person, name: str):
    if not starts(runnable()[name]):
        up = person.run("gwctl status > /dev/null || gwctl up --detach")
        assert up.returncode == 0, up.stdout
    for block in runnable()[name]:
        done = person.run(block.text)
        assert done.returncode == 0, f"{name}:{block.line}\n{block.text}\nended with {done.returncode}:\n{done.stdout}"
        answers = block.text.count('eval "$(gwctl connect curl')
        assert done.stdout.count("data: [DONE]") >= answers, f"{name}:{block.line}\n{block.text}\n{done.stdout}"


def test_what_of_the_readme_is_not_run_is_this_alone():
    """Each with its reason; everything else of the README is run as it is printed."""
    assert {
        block.text.splitlines()[0].split("#")[0].strip(): block.note
        for file, block in blocks("console")
        if file == FILES[0]
    } == {
        "gwctl deploy local": "takes Terraform and some minutes; tests/emulated runs it",
        "gwctl environments new dev2 --account-id 111122223333 --region eu-central-1": "needs an AWS account",
    }


def test_what_is_not_run_says_why():
    assert [named(file, block) for file, block in blocks("console") if len(block.note.split()) < 3] == []


def test_there_is_no_third_kind_of_block_for_a_shell():
    assert [named(file, block) for file, block in blocks("sh", "bash", "zsh", "shell-session")] == []


def test_the_first_commands_of_the_readme_can_be_copied():
    assert (
        "make up"
        in next(block for block in markdown.blocks((ROOT / "README.md").read_text()) if block.language == "shell").text
    )


def test_no_block_holds_what_looks_like_a_secret():
    looks = re.compile(r"sk-[A-Za-z0-9]{16,}|AKIA[A-Z0-9]{16}|eyJ[A-Za-z0-9_-]{20,}")
    assert [named(file, block) for file, block in blocks("shell", "console", "text") if looks.search(block.text)] == []


def test_the_folder_is_not_the_checkout_itself(person: Person):
    assert person.folder != ROOT
    assert not (person.folder / ".git").exists()
    assert os.access(person.folder, os.W_OK)
