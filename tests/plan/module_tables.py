"""The tables of inputs and outputs in the modules' README files, in terraform-docs' form and between its marks.

    PYTHONPATH=tests .venv/bin/python -m plan.module_tables

writes them. In: variables.tf and outputs.tf. Out: Markdown.
"""

import json
import re
from pathlib import Path
from typing import Final

from plan.kit.terraform import MODULES, ROOT
from tools.docs.reading.hcl import Block, blocks_of

COMMAND: Final = "PYTHONPATH=tests .venv/bin/python -m plan.module_tables"
_SECTION: Final = re.compile(r"<!-- BEGIN_TF_DOCS -->\n.*?<!-- END_TF_DOCS -->\n", re.DOTALL)


def directories() -> list[Path]:
    """The root and all modules."""
    return [ROOT, *sorted(path.parent for path in MODULES.glob("*/versions.tf"))]


def section(directory: Path) -> str:
    """What belongs between the marks."""
    inputs = [
        f"| {each.name} | {_cell(each.text('description'))} | {_code(_type(each))} | {_default(each)} |"
        for each in blocks_of(directory / "variables.tf")
    ]
    outputs = [f"| {each.name} | {_cell(each.text('description'))} |" for each in blocks_of(directory / "outputs.tf")]
    lines = [
        "<!-- BEGIN_TF_DOCS -->",
        f"<!-- Generated from variables.tf and outputs.tf: {COMMAND} -->",
        "## Inputs",
        "",
        "| Name | Description | Type | Default |",
        "|---|---|---|---|",
        *inputs,
        "",
        "## Outputs",
        "",
        "| Name | Description |",
        "|---|---|",
        *outputs,
        "<!-- END_TF_DOCS -->",
    ]
    return "\n".join(lines) + "\n"


def with_section(readme: Path) -> str:
    """The README with current tables. Raises ValueError if it has no marks for them."""
    text = readme.read_text()
    if not _SECTION.search(text):
        raise ValueError(f"{readme} has no <!-- BEGIN_TF_DOCS --> and <!-- END_TF_DOCS -->")
    return _SECTION.sub(lambda _: section(readme.parent), text)


def _type(variable: Block) -> str:
    """The type without the defaults of optional fields. python-hcl2 quotes what is in objects; Terraform does not."""
    text, before = f'"{variable.text("type") or "any"}"', ""
    while text != before:
        text, before = re.sub(r'"\$\{((?:(?!"\$\{).)*?)\}"', r"\1", text), text
    for default in (r'"[^"]*"', r"-?[\d.]+", "true", "false", r"\{\}", r"\[[^]]*\]", r"\{[^}]*\}"):
        text = re.sub(rf", {default}\)", ")", text)
    return text.replace('": ', " = ").replace('"', "")


def _default(variable: Block) -> str:
    if "default" not in variable.body:
        return "required"
    text = json.dumps(variable.body["default"], ensure_ascii=False)
    return _code(text) if len(text) < 40 else "see variables.tf"


def _code(text: str) -> str:
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Writes all tables."""
    for directory in directories():
        readme = directory / "README.md"
        readme.write_text(with_section(readme))


if __name__ == "__main__":
    main()
