"""The admin API's functions as zips: the same bytes twice, for Lambda's machine, with all that the functions import."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import gwctl
from gwctl.admin.api.operations import APIS
from gwctl.core.errors import UserError
from gwctl.environments.deploy import artifacts
from gwctl.environments.project import Project
from unit.environments.checkout import REPOSITORY, make_project

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A checkout in which they are built."""
    project = make_project(tmp_path_factory.mktemp("built"))
    (project.root / "requirements").mkdir()
    shutil.copy(REPOSITORY / "requirements" / "lambda.txt", project.root / "requirements")
    artifacts.build_lambda(project)
    return project


@pytest.fixture(scope="module")
def package(built: Project) -> zipfile.ZipFile:
    """One of the zips; they are all alike."""
    return zipfile.ZipFile(built.artifacts / "teams.zip")


def contents(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in project.artifacts.iterdir()}


def test_there_is_a_zip_for_each_path_and_the_document(built: Project):
    assert set(contents(built)) == {f"{name}.zip" for name in APIS} | {"openapi.json", artifacts.MARK}


def test_two_builds_are_the_same_bytes(built: Project):
    before = contents(built)
    os.utime(built.root / "requirements" / "lambda.txt")
    artifacts.build_lambda(built)
    assert contents(built) == before


def test_a_function_is_small(built: Project):
    """Below the 50 MB that can be sent to Lambda directly, with room; small ones start faster."""
    assert (built.artifacts / "teams.zip").stat().st_size < 10 * MEGABYTE


def test_native_code_is_for_the_functions_machine(package: zipfile.ZipFile):
    native = [name for name in package.namelist() if name.endswith(".so") or ".so." in name]
    assert native
    assert all("aarch64" in name and "313" in name for name in native)


def test_nothing_tells_when_or_where_it_was_built(package: zipfile.ZipFile):
    assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert not [name for name in package.namelist() if name.endswith((".pyc", "RECORD", "direct_url.json"))]


def test_the_services_that_are_called_are_described(package: zipfile.ZipFile):
    described = {
        name.split("/")[2] for name in package.namelist() if name.startswith("botocore/data/") and name.count("/") > 2
    }
    assert described <= artifacts.SERVICES
    assert {"cognito-idp", "dynamodb", "s3"} <= described


@pytest.mark.parametrize("name", sorted(APIS))
def test_a_function_finds_all_of_our_code_that_it_imports(built: Project, tmp_path: Path, name: str):
    """Ours from the zip; the other packages from here, because those in the zip are for another machine."""
    with zipfile.ZipFile(built.artifacts / f"{name}.zip") as archive:
        archive.extractall(tmp_path, [each for each in archive.namelist() if each.startswith("gwctl/")])
    others = Path(pytest.__file__).parents[1]
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(others)!r}]\n"
        f"from gwctl.admin.api.operations import on_{name}\n"
        "import gwctl.admin.service.runtime\n"
        "from gwctl.stores.aws import cognito, usage\n"
        "from gwctl.stores.aws.policy import documents, snapshots\n"
        f"assert gwctl.__file__.startswith({str(tmp_path)!r}), gwctl.__file__"
    )
    # -S: the editable installation of this checkout is not on the path.
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr


def test_they_are_built_anew_when_the_source_changed(built: Project):
    artifacts.build_lambda(built)
    assert artifacts.is_current(built)
    requirements = built.root / "requirements" / "lambda.txt"
    before = requirements.read_text()
    requirements.write_text(f"{before}\n# changed\n")
    try:
        assert not artifacts.is_current(built)
    finally:
        requirements.write_text(before)


def test_what_was_brought_from_elsewhere_is_taken(built: Project, tmp_path: Path):
    other = make_project(tmp_path / "other")
    shutil.copytree(built.artifacts, other.artifacts)
    (other.artifacts / artifacts.MARK).unlink()
    assert artifacts.is_current(other)


def test_a_package_that_cannot_be_had_is_told(tmp_path: Path):
    project = make_project(tmp_path)
    (project.root / "requirements").mkdir()
    wrong = "pydantic==2.12.0 --hash=sha256:" + "0" * 64
    (project.root / "requirements" / "lambda.txt").write_text(wrong)
    with pytest.raises(UserError, match="the functions' packages cannot be had"):
        artifacts.build_lambda(project)
    assert not project.artifacts.exists()


def test_our_packages_are_where_they_are_looked_for():
    assert all((Path(gwctl.__file__).parent / name).is_dir() for name in artifacts.OURS)
