"""Data flows and trust boundaries. In: `docs/auditors/flows.yaml`. Out: models and what does not exist in them."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gwctl.core.errors import UserError
from tools.docs.problem import Problem, replace_or_look
from tools.docs.reading import hcl, tests_index

FLOWS: Final = "docs/auditors/flows.yaml"
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Boundary(_Model):
    """A zone of trust: what is inside it trusts each other, what comes in from outside is checked."""

    id: Name
    name: str
    words: str


class Part(_Model):
    """Something that sends, receives or keeps data, inside a boundary."""

    id: Name
    name: str
    boundary: Name
    store: bool = False


class Flow(_Model):
    """Data that goes from one part to another: what it is, who it is, how it is protected, and what shows it."""

    source: Name
    target: Name
    data: str
    identity: str
    protection: str
    evidence: tuple[str, ...] = Field(description="Test ids or Terraform addresses")


class Flows(_Model):
    """The file `flows.yaml`. The diagram shows its parts and flows in this order."""

    boundaries: tuple[Boundary, ...]
    parts: tuple[Part, ...]
    flows: tuple[Flow, ...]

    def part(self, name: str) -> Part:
        """A part by its id; one in no boundary if there is none, which `problems` tells."""
        for part in self.parts:
            if part.id == name:
                return part
        return Part(id=name, name=name, boundary="nowhere")

    def crosses(self, flow: Flow) -> bool:
        """Whether it leaves a zone of trust."""
        return self.part(flow.source).boundary != self.part(flow.target).boundary


def flows(root: Path) -> Flows:
    """Read the file. Raises UserError if it has another form."""
    try:
        return _parsed((root / FLOWS).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{FLOWS} is missing; `git checkout {FLOWS}` brings it back") from error
    except (yaml.YAMLError, ValidationError) as error:
        raise UserError(f"{FLOWS}: {error}") from error


@lru_cache(maxsize=8)
def _parsed(text: str) -> Flows:
    return Flows.model_validate(yaml.safe_load(text))


def problems(root: Path) -> list[Problem]:
    """Parts, boundaries and evidence that do not exist."""
    known = flows(root)
    parts, boundaries = {each.id for each in known.parts}, {each.id for each in known.boundaries}
    edit = f"${{EDITOR:-vi}} {FLOWS}"
    found = [
        Problem(FLOWS, f"the part {part.id} is in {part.boundary}, which is no boundary", edit)
        for part in known.parts
        if part.boundary not in boundaries
    ]
    for flow in known.flows:
        where = f"{FLOWS} {flow.source} → {flow.target}"
        found += [
            Problem(where, f"there is no part {each}", edit) for each in (flow.source, flow.target) if each not in parts
        ]
        if not flow.evidence:
            found.append(Problem(where, "nothing shows it", edit))
        for each in flow.evidence:
            if each.startswith("tests/"):
                if not tests_index.exists(root, each):
                    file = each.partition("::")[0]
                    look = f".venv/bin/pytest --collect-only -q {file if (root / file).exists() else 'tests'}"
                    fix = replace_or_look(FLOWS, each, tests_index.known(root, file), look)
                    found.append(Problem(where, f"there is no test {each}", fix))
            elif hcl.find(root, each) is None:
                fix = replace_or_look(
                    FLOWS, each, hcl.addresses(root / "infrastructure"), "grep -rh '^resource' infrastructure modules"
                )
                found.append(Problem(where, f"there is no resource {each}", fix))
    return found
