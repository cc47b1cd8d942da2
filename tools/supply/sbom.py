"""The software bill of materials of the source. In: the lock files. Out: CycloneDX 1.5 JSON on stdout, with every hash.

    python tools/supply/sbom.py [--output FILE]

Syft makes the one of the image; this one needs nothing but the lock files, and the same files give the same bytes.
"""

import argparse
import base64
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYTHON_LOCKS = ("requirements/runtime.txt", "requirements/agent.txt", "requirements/lambda.txt")
NPM_LOCKS = ("portkey/package-lock.json",)
_PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_ALGORITHMS = {"sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}

Component = dict[str, Any]


def _python(lock: str) -> Iterator[Component]:
    for line in re.split(r"(?<!\\)\n", (ROOT / lock).read_text().replace("\\\n", " ")):
        pin = _PIN.match(line)
        if pin:
            name = re.sub(r"[-_.]+", "-", pin[1]).lower()
            # A wheel and an sdist have a hash each; the component is any of them.
            hashes = [{"alg": "SHA-256", "content": each} for each in _HASH.findall(line)]
            yield _component(f"pkg:pypi/{name}@{pin[2]}", name, pin[2], hashes)


def _npm(lock: str) -> Iterator[Component]:
    for path, entry in json.loads((ROOT / lock).read_text())["packages"].items():
        if path:
            name = entry.get("name") or path.rpartition("node_modules/")[2]
            algorithm, _, digest = entry["integrity"].partition("-")
            hashes = [{"alg": _ALGORITHMS[algorithm], "content": base64.b64decode(digest).hex()}]
            yield _component(f"pkg:npm/{name.replace('@', '%40')}@{entry['version']}", name, entry["version"], hashes)


def _component(purl: str, name: str, version: str, hashes: list[dict[str, str]]) -> Component:
    return {"type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": version, "hashes": hashes}


def document() -> dict[str, Any]:
    """The CycloneDX document: each package once, in order; its serial number is made of its content."""
    found = [each for lock in PYTHON_LOCKS for each in _python(lock)] + [
        each for lock in NPM_LOCKS for each in _npm(lock)
    ]
    components = list({each["bom-ref"]: each for each in sorted(found, key=lambda each: each["bom-ref"])}.values())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"pkg:pypi/{project['name']}@{project['version']}",
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": components,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Print the bill of materials of the source.")
    parser.add_argument("--output", type=Path)
    output: Path | None = parser.parse_args().output
    text = json.dumps(document(), indent=1) + "\n"
    if output:
        output.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
