"""The rendered configuration as it is in the tree, so that a change of it is seen; and real Envoy takes it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gwctl.local.supervisor.programs import find_envoy
from unit.edge import golden


@pytest.fixture(scope="module", autouse=True)
def _update() -> None:
    golden.update()


@pytest.mark.parametrize("name", sorted(golden.rendered()))
def test_the_file_in_the_tree_is_what_is_rendered(name: str):
    path = golden.FOLDER / name

    assert path.is_file(), f"{path} is missing; run: {golden.COMMAND}"
    assert path.read_text() == golden.rendered()[name], f"{path} is out of date; run: {golden.COMMAND}"


def test_there_is_no_file_more():
    assert {path.name for path in golden.FOLDER.iterdir()} == set(golden.rendered())


def static() -> dict[str, Any]:
    """The golden files as one static configuration, because validation reads no dynamic files."""
    bootstrap = golden.read("bootstrap.json")
    resources = bootstrap["static_resources"]
    resources["clusters"] += [without_type(each) for each in golden.read("clusters.json")["resources"]]
    resources["secrets"] = [without_type(each) for each in golden.read("credentials.json")["resources"]]
    files = golden.files()
    scripts = {
        script["name"]: script["typed_config"]
        for content in (files.keys, files.policy)
        for script in json.loads(content)["resources"]
    }
    del bootstrap["dynamic_resources"]
    http = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    for each in http["http_filters"]:
        if each["name"] in scripts:
            del each["config_discovery"]
            each["typed_config"] = scripts[each["name"]]
        if each["name"] == "credentials":
            del each["typed_config"]["credential"]["typed_config"]["credential"]["sds_config"]
    return bootstrap


def without_type(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "@type"}


def validate(bootstrap: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "envoy.json"
    file.write_text(json.dumps(bootstrap))
    return subprocess.run(
        [find_envoy(), "--mode", "validate", "-c", file, "--log-level", "error"],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def bootstrap(tmp_path: Path) -> dict[str, Any]:
    """The golden configuration with paths that exist here."""
    text = (
        json.dumps(static())
        .replace("/run/gwctl", str(tmp_path))
        .replace("/etc/ssl/certs/ca-certificates.crt", str(tmp_path / "ca.pem"))
    )
    import ssl

    pem = ssl.DER_cert_to_PEM_cert(ssl.create_default_context().get_ca_certs(binary_form=True)[0])
    (tmp_path / "ca.pem").write_text(pem)
    (tmp_path / "xds").mkdir()
    (tmp_path / "xds" / "pressure").write_text("0")
    return json.loads(text)


def test_envoy_takes_it(bootstrap: dict[str, Any], tmp_path: Path):
    done = validate(bootstrap, tmp_path)

    assert done.returncode == 0, done.stderr
    assert "OK" in done.stdout


def test_envoy_would_say_if_it_did_not(bootstrap: dict[str, Any], tmp_path: Path):
    bootstrap["static_resources"]["clusters"][0]["typo"] = 1

    assert validate(bootstrap, tmp_path).returncode != 0
