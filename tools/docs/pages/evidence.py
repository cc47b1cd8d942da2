"""Pages for auditors and readers of decisions: controls, flows, decisions, modules."""

import os
import re
from pathlib import Path
from typing import Any

from tools.docs import adr, controls, flows
from tools.docs.flows import Flows
from tools.docs.reading import hcl, markdown
from tools.docs.render import page


def _link(here: Path, target: Path, text: str) -> str:
    return f"[{text}]({Path(os.path.relpath(target, here.parent)).as_posix()})"


def _test(root: Path, here: Path, test_id: str) -> str:
    path, _, name = test_id.partition("::")
    short = name or path
    return _link(here, root / path.partition("[")[0], f"`{short}`")


def _resource(root: Path, here: Path, address: str) -> str:
    file = hcl.find(root, address)
    return _link(here, file, f"`{address}`") if file else f"`{address}`"


def matrix(root: Path, here: Path) -> str:
    """Every control with its evidence, and every requirement with the controls that serve it."""
    records = {each.number: each for each in map(adr.read, adr.records(root))}
    frameworks = controls.frameworks(root)
    rows: list[dict[str, Any]] = []
    for control in controls.controls(root):
        evidence = control.evidence
        runbooks = [root / "docs" / "runbooks" / f"{name}.md" for name in evidence.runbooks]
        rows.append(
            {
                "control": control,
                "requirements": [
                    f"{frameworks[name].name} {', '.join(each)}"
                    for name, each in control.frameworks.items()
                    if name in frameworks
                ],
                "tests": [_test(root, here, each) for each in evidence.tests],
                "resources": [_resource(root, here, each) for each in evidence.resources],
                "adrs": [
                    _link(here, records[number].file, f"{number} {records[number].title}")
                    for number in evidence.adrs
                    if number in records
                ],
                "runbooks": [_link(here, file, _title(file)) for file in runbooks if file.is_file()],
            }
        )
    served = {
        name: {
            requirement: [row["control"].id for row in rows if requirement in row["control"].frameworks.get(name, ())]
            for requirement in framework.requirements
        }
        for name, framework in frameworks.items()
    }
    areas: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        areas.setdefault(row["control"].area, []).append(row)
    source = f"{controls.CONTROLS} and frameworks.yaml"
    return page("controls", source, areas=areas, frameworks=frameworks, served=served, count=len(rows))


def _title(file: Path) -> str:
    return markdown.title(file.read_text(encoding="utf-8")) or file.stem


def diagrams(root: Path, here: Path) -> str:
    """Data flows and trust boundaries as Mermaid, and as tables with their evidence."""
    known = flows.flows(root)
    rows = [
        {
            "number": number,
            "flow": flow,
            "source": known.part(flow.source).name,
            "target": known.part(flow.target).name,
            "crosses": known.crosses(flow),
            "evidence": [
                (_test if each.startswith("tests/") else _resource)(root, here, each) for each in flow.evidence
            ],
        }
        for number, flow in enumerate(known.flows, 1)
    ]
    return page("data-flow", flows.FLOWS, flows=rows, known=known, parts=_parts(known), crossings=_crossings(known))


def _crossings(known: Flows) -> dict[tuple[str, str], list[int]]:
    """Numbers of the flows from one boundary into another."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, flow in enumerate(known.flows, 1):
        if known.crosses(flow):
            pair = known.part(flow.source).boundary, known.part(flow.target).boundary
            found.setdefault(pair, []).append(number)
    return found


def _parts(known: Flows) -> dict[str, list[str]]:
    """Mermaid's nodes by boundary: stores are cylinders."""
    return {
        boundary.id: [
            f'{part.id}[("{part.name}")]' if part.store else f'{part.id}["{part.name}"]'
            for part in known.parts
            if part.boundary == boundary.id
        ]
        for boundary in known.boundaries
    }


def decisions(root: Path) -> str:
    """The index of decision records."""
    return page("adr", "docs/adr/*.md", records=[adr.read(file) for file in adr.records(root)])


def runbooks(root: Path) -> str:
    """The index of runbooks: each with its first sentence."""
    found = []
    for file in sorted((root / "docs" / "runbooks").glob("*.md")):
        if file.name != "README.md":
            text = file.read_text(encoding="utf-8")
            body = re.sub(r"^<!--.*?-->\s*", "", text, flags=re.DOTALL).split("\n\n")
            lead = next((each for each in body if each.strip() and not each.startswith(("#", "|", "```"))), "")
            found.append({"file": file.name, "title": _title(file), "lead": " ".join(lead.split())})
    return page("runbooks", "docs/runbooks/*.md", runbooks=found)


def _first_sentence(text: str) -> str:
    """What something is; that it is opt-in says too little alone."""
    rest = text.removeprefix("Opt-in. ")
    return text[: len(text) - len(rest)] + rest.split(". ")[0].rstrip(".:") + "."


def modules(root: Path, here: Path) -> str:
    """Every Terraform module: what it makes, what it takes, what it gives."""
    rows = []
    for directory in [
        root / "infrastructure",
        *sorted(file.parent for file in (root / "modules").glob("*/versions.tf")),
    ]:
        readme = directory / "README.md"
        text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
        lead = next((each for each in text.split("\n\n")[1:] if not each.startswith("#")), "")
        lead = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(lead.split()))
        rows.append(
            {
                "name": directory.relative_to(root).as_posix(),
                "link": _link(here, readme, directory.name),
                "words": _first_sentence(lead),
                "resources": [
                    (block.address, _link(here, block.file, block.file.name))
                    for block in hcl.blocks(directory, "resource", "module")
                ],
                "inputs": [(block.labels[0], block.text("description")) for block in hcl.blocks(directory, "variable")],
                "outputs": [(block.labels[0], block.text("description")) for block in hcl.blocks(directory, "output")],
            }
        )
    return page("modules", "infrastructure/*.tf and modules/*/*.tf", modules=rows)


def files(root: Path) -> dict[Path, str]:
    """The pages of this module by their paths."""
    docs = root / "docs"
    matrix_file, flow_file, module_file = (
        docs / "auditors/controls.md",
        docs / "auditors/data-flow.md",
        docs / "reference/modules.md",
    )
    return {
        docs / "adr/README.md": decisions(root),
        docs / "runbooks/README.md": runbooks(root),
        matrix_file: matrix(root, matrix_file),
        flow_file: diagrams(root, flow_file),
        module_file: modules(root, module_file),
    }
