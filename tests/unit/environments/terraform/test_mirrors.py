"""Where Terraform finds providers without its registry."""

from pathlib import Path

import pytest

from gwctl.environments.terraform import mirrors

SYSTEM = "linux_amd64"


def mirror(folder: Path, provider: str = "hashicorp/aws", system: str = SYSTEM, *, packed: bool = False) -> Path:
    place = folder / mirrors.REGISTRY / provider
    if packed:
        place.mkdir(parents=True)
        (place / f"terraform-provider-aws_5.100.0_{system}.zip").write_bytes(b"")
    else:
        (place / "5.100.0" / system).mkdir(parents=True)
    return folder


def test_a_mirror_that_is_named_comes_first(tmp_path: Path):
    named = mirror(tmp_path / "named")
    home = mirror(tmp_path / "home" / ".terraform.d" / "plugins")
    found = mirrors.find({"HOME": str(tmp_path / "home"), mirrors.VARIABLE: str(named), "XDG_DATA_DIRS": ""})
    assert found[:2] == [named, home]


def test_a_directory_without_providers_is_no_mirror(tmp_path: Path):
    assert tmp_path not in mirrors.find({"HOME": str(tmp_path), mirrors.VARIABLE: str(tmp_path)})


@pytest.mark.parametrize("packed", [True, False])
def test_what_a_mirror_has_for_this_machine_is_found(tmp_path: Path, packed: bool):
    folder = mirror(tmp_path, packed=packed)
    assert mirrors.providers([folder], SYSTEM) == ["hashicorp/aws"]
    assert mirrors.providers([folder], "darwin_arm64") == []


def test_the_registry_is_not_asked_for_what_a_mirror_has(tmp_path: Path):
    written = mirrors.configuration([mirror(tmp_path)], SYSTEM)
    assert f'path    = "{tmp_path}"' in written
    assert written.count('["registry.terraform.io/hashicorp/aws"]') == 2
    assert "exclude" in written


def test_without_a_mirror_everything_comes_from_the_registry(tmp_path: Path):
    assert mirrors.configuration([], SYSTEM) == "disable_checkpoint = true\n"
    assert mirrors.configuration([mirror(tmp_path, system="darwin_arm64")], SYSTEM) == "disable_checkpoint = true\n"


def test_a_persons_own_configuration_wins(tmp_path: Path):
    own = tmp_path / "own.rc"
    own.write_text("")
    assert mirrors.configure(tmp_path, {mirrors.CONFIGURATION: str(own)}) == own


def test_a_configuration_that_is_not_there_is_passed_over(tmp_path: Path):
    path = mirrors.configure(tmp_path, {mirrors.CONFIGURATION: str(tmp_path / "nothing"), "HOME": str(tmp_path)})
    assert path == tmp_path / "terraform.rc"
    assert "disable_checkpoint" in path.read_text()
