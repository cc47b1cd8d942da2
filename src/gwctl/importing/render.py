"""`Imported` → YAML with comments. In: sections. Out: the text of one file, or of one for each section."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import yaml

from gwctl.core.templates import text_templates
from gwctl.importing.litellm import Imported

SECTIONS: Final = ("providers", "routes", "teams", "budgets", "scanner", "pricing")


class _Dumper(yaml.SafeDumper):
    """Lists inside documents on one line, strings quoted only where needed."""


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = f"{value.normalize():f}"
    kind = "tag:yaml.org,2002:float" if "." in text else "tag:yaml.org,2002:int"
    return dumper.represent_scalar(kind, text)


_Dumper.add_representer(Decimal, _decimal)


def whole_file(imported: Imported, source: str) -> str:
    """All sections in one text."""
    return _render(imported, imported.sections, source, "this-file")


def files(imported: Imported, source: str) -> dict[str, str]:
    """File name → text: one file a section, and the findings as Markdown."""
    found = {
        f"{name}.yaml": _render(imported, {name: imported.sections[name]}, source, "this-directory")
        for name in SECTIONS
        if name in imported.sections
    }
    return found | {
        "IMPORT.md": text_templates("gwctl.importing")
        .get_template("findings.md.j2")
        .render(imported=imported, source=source)
    }


def _render(imported: Imported, sections: Mapping[str, Any], source: str, place: str) -> str:
    documents = {name: [_document(each) for each in sections[name]] for name in SECTIONS if name in sections}
    return (
        text_templates("gwctl.importing")
        .get_template("policy.yaml.j2")
        .render(
            sections=documents,
            ids=_ids(sections),
            keys=imported.keys,
            source=source,
            place=place,
            has_providers="providers" in imported.sections,
            told=_told(imported),
        )
    )


def _told(imported: Imported) -> dict[str, list[str]]:
    """`<section>/<id>` → what has to be known of a document that was made."""
    told: dict[str, list[str]] = {}
    for finding in imported.findings:
        told.setdefault(finding.path, []).append(finding.reason)
    return told


def _ids(sections: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [str(each.get("id", "")) for each in documents] for name, documents in sections.items()}


def _document(document: Mapping[str, Any]) -> str:
    """One document as an entry of a list, without the dash; deeper things in flow style."""
    lines: list[str] = []
    for name, value in document.items():
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            lines.append(f"{name}:")
            lines += [f"  - {_flow(each)}" for each in value]
        else:
            lines.append(f"{name}: {_flow(value)}")
    return "\n    ".join(lines)


def _flow(value: Any) -> str:
    text = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return text.removesuffix("\n").removesuffix("\n...").strip()
