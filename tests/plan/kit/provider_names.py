"""The names of AWS provider 6.25.0, for a machine that has only 5.x: blocks and arguments of every resource we use.

They are in `provider_names.json`, taken from the package that HashiCorp generated from that provider. To take them
again, for example after a new kind of resource:

    pip download --no-deps cdktf-cdktf-provider-aws==21.22.1
    PYTHONPATH=tests:. .venv/bin/python -m plan.kit.provider_names cdktf_cdktf_provider_aws-21.22.1-py3-none-any.whl

The package itself is no requirement: it has 228 MB, and of those this file needs 60 KB.

In: Terraform files. Out: what the provider does not know, as `file: type.block.argument`.
"""

import hashlib
import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any, Final, TypeAlias

from plan.kit.terraform import MODULES, ROOT
from tools.docs.reading.hcl import blocks

FILE: Final = Path(__file__).with_suffix(".json")
WHEEL: Final = "cdktf_cdktf_provider_aws-21.22.1-py3-none-any.whl"
SHA256: Final = "603c647c4de622ed0a2b5e0f1518d81a89b31eed84b67d23410840041e7df924"
COMMAND: Final = f"PYTHONPATH=tests:. .venv/bin/python -m plan.kit.provider_names {WHEEL}"
OTHERS: Final = ("resource aws_lb_listener_rule",)
"""What no module uses, but a decision speaks of: docs/adr/0007-provider-version-and-the-jwt-rule.md"""
META: Final = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"}
"""Terraform's own, in every resource. CDKTF's packages have a name for each, too."""

Names: TypeAlias = dict[str, Any]
"""Argument or block → None, the names inside of a block, or "any" for one whose inside the package does not tell."""


def used() -> list[str]:
    """`resource aws_x` or `data aws_x` for everything that root and modules have."""
    directories = [ROOT, *(path.parent for path in MODULES.glob("*/versions.tf"))]
    return sorted(
        {f"{each.kind} {each.labels[0]}" for path in directories for each in blocks(path, "data", "resource")}
    )


def unknown(directory: Path, names: Names) -> list[str]:
    """What a directory's files name that is not among the provider's names."""
    return [
        f"{block.file.name}: {path}"
        for block in blocks(directory, "data", "resource")
        for path in _unknown(block.body, names.get(f"{block.kind} {block.labels[0]}", {}), block.labels[0], META)
    ]


def _unknown(body: Names, names: Names, path: str, meta: Set[str] = frozenset()) -> Iterator[str]:
    members = [(name, value) for name, value in body.items() if name != "dynamic"]
    for dynamic in body.get("dynamic", []):
        members += [(name, block["content"]) for name, block in dynamic.items()]
    for name, value in members:
        known = names.get(name)
        if name not in names and name not in meta:
            yield f"{path}.{name}"
        elif isinstance(known, dict) and isinstance(value, list):
            for inside in value:
                yield from _unknown(inside, known, f"{path}.{name}")


def extract(wheel: Path) -> Names:
    """The names of what is used. Raises ValueError: it is another file, or it does not know a resource."""
    content = wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{wheel} is not {WHEEL}: its digest is another")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inner = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(archive.read(inner)), mode="r:gz") as package:
            described = package.extractfile("package/.jsii")
            assert described is not None
            types: dict[str, Any] = json.load(described)["types"]
    configs = {}
    for fqn, each in types.items():  # of a resource the top alone has what every resource has
        link = re.search(r"/docs/(resource|data)(?:s|-sources)/(\w+)[#}]", json.dumps(each.get("properties", [])[:1]))
        if link and any(base.endswith(".TerraformMetaArguments") for base in each.get("interfaces", [])):
            configs[f"{link[1]} aws_{link[2]}"] = fqn
    return {kind: _names(types, configs[kind]) for kind in sorted({*used(), *OTHERS})}


def _names(types: dict[str, Any], fqn: str) -> Names:
    found: Names = {}
    for each in types[fqn].get("properties", []):
        link = re.search(r"#(\w+) ", json.dumps(each["docs"]))
        if link:
            inner = re.findall(r'"fqn": "(@cdktf/provider-aws\.[^"]+)"', json.dumps(each["type"]))
            any_ = each["type"].get("primitive") == "any"
            found[link[1]] = "any" if any_ else _names(types, inner[0]) if inner else None
    return found


if __name__ == "__main__":
    lines = (
        f"{json.dumps(kind)}: {json.dumps(names, sort_keys=True)}" for kind, names in extract(Path(sys.argv[1])).items()
    )
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
