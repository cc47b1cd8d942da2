"""The names of AWS provider 6.25.0, for a machine that has only 5.x: blocks and arguments of every resource we use.

They are in `provider_names.json`, taken from the package that HashiCorp generated from that provider. To take them
again, for example after a new kind of resource:

    pip download --no-deps cdktf-cdktf-provider-aws==21.22.1
    PYTHONPATH=tests:. .venv/bin/python -m plan.provider_names cdktf_cdktf_provider_aws-21.22.1-py3-none-any.whl

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
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

from plan.kit.terraform import MODULES, ROOT
from tools.docs.reading.hcl import blocks

FILE: Final = Path(__file__).with_suffix(".json")
WHEEL: Final = "cdktf_cdktf_provider_aws-21.22.1-py3-none-any.whl"
SHA256: Final = "603c647c4de622ed0a2b5e0f1518d81a89b31eed84b67d23410840041e7df924"
COMMAND: Final = f"PYTHONPATH=tests:. .venv/bin/python -m plan.provider_names {WHEEL}"
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


def _unknown(body: str, names: Names, path: str, meta: set[str] | frozenset[str] = frozenset()) -> Iterator[str]:
    for name, inside in _members(body):
        if name not in names and name not in meta:
            yield f"{path}.{name}"
        elif inside is not None and isinstance(names.get(name), dict):
            yield from _unknown(inside, names[name], f"{path}.{name}")


def _members(body: str) -> Iterator[tuple[str, str | None]]:
    """Arguments (name, None) and blocks (name, their inside) of a formatted body; `dynamic` ones by their own name."""
    lines = body.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        block = re.match(r'( +)(?:dynamic "(\w+)"|(\w+)(?: "[^"]*")*) \{(.*)$', line)
        argument = re.match(r"( +)(\w+) += (.*)$", line)
        at += 1
        if block and block[4].strip() == "}":
            yield block[2] or block[3], ""
        elif block:
            end = next(index for index in range(at, len(lines)) if lines[index] == f"{block[1]}}}")
            inside = "\n".join(lines[at:end])
            at = end + 1
            if block[2]:
                inside = next(text or "" for name, text in _members(inside) if name == "content")
            yield block[2] or block[3], inside
        elif argument:
            yield argument[2], None
            at = _end_of(lines, at - 1, len(argument[1]))


def _end_of(lines: list[str], at: int, indent: int) -> int:
    """The line after an argument's value: what is indented further belongs to it, and its closing bracket."""
    here = re.search(r"<<-?(\w+)$", lines[at])
    if here:
        return next(index for index in range(at + 1, len(lines)) if lines[index].strip() == here[1]) + 1
    at += 1
    while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent):
        at += 1
    return at + 1 if at < len(lines) and re.match(r"^ *[\])}]", lines[at]) else at


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
