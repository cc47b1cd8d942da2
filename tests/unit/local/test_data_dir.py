"""Where a gateway keeps its files."""

import stat
from pathlib import Path

import pytest

from gwctl.core.errors import UserError
from gwctl.local.data_dir import DataDir


def test_a_given_directory_is_taken_and_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert DataDir.find("x/y").root == tmp_path / "x/y"


def test_by_default_it_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert DataDir.find(None).root == tmp_path / ".gwctl/local"


def test_from_a_folder_below_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".gwctl/local").mkdir(parents=True)
    (tmp_path / ".gwctl/local/connection.json").touch()
    (tmp_path / "src/deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "src/deep")
    assert DataDir.find(None).root == tmp_path / ".gwctl/local"


def test_it_is_the_owners_alone_and_not_for_version_control(tmp_path: Path):
    data = DataDir(tmp_path / "data")
    data.create()
    folders = [data.root, *(each for each in data.root.rglob("*") if each.is_dir())]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    assert (data.root / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("where", ["file", "file/below", "/proc/gwctl"])
def test_one_that_cannot_be_used_is_one_sentence_that_names_it(tmp_path: Path, where: str):
    (tmp_path / "file").touch()
    with pytest.raises(UserError) as refusal:
        DataDir(tmp_path / where).create()
    assert str(refusal.value).startswith(f"the data directory {tmp_path / where} cannot be used (")
    assert str(refusal.value).endswith("; choose another one with --data-dir")
