"""The auditors' controls. In: `docs/auditors/controls.yaml` and `frameworks.yaml`. Out: models, and dead references."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gwctl.core.errors import UserError
from tools.docs import adr
from tools.docs.problem import Problem, replace_or_look
from tools.docs.reading import hcl, tests_index

CONTROLS: Final = "docs/auditors/controls.yaml"
FRAMEWORKS: Final = "docs/auditors/frameworks.yaml"
T = TypeVar("T", bound=BaseModel)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(_Model):
    """What shows that a control holds. Everything here is looked up."""

    tests: tuple[str, ...] = Field(default=(), description="Ids as pytest prints them, files, or folders of tests")
    resources: tuple[str, ...] = Field(default=(), description="Terraform addresses, from infrastructure/ down")
    adrs: tuple[str, ...] = Field(default=(), description="Numbers of decision records")
    runbooks: tuple[str, ...] = Field(default=(), description="Names in docs/runbooks, without .md")


class Control(_Model):
    """One thing that holds, which requirements it serves, and what shows it."""

    id: Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{2}$")]
    area: str
    text: Annotated[str, Field(min_length=20, max_length=600)]
    frameworks: dict[str, tuple[str, ...]]
    evidence: Evidence
    limits: str = Field(default="", description="What the control does not do, said to the auditor before he asks")


class Framework(_Model):
    """A framework and those of its requirements that controls refer to, each with a few words of ours."""

    name: str
    requirements: dict[str, str]


class Controls(_Model):
    """The file `controls.yaml`."""

    controls: tuple[Control, ...]


class Frameworks(_Model):
    """The file `frameworks.yaml`."""

    frameworks: dict[str, Framework]


def controls(root: Path) -> tuple[Control, ...]:
    """All controls, in the order of the file. Raises UserError if the file has another form."""
    return _load(root / CONTROLS, Controls, CONTROLS).controls


def frameworks(root: Path) -> dict[str, Framework]:
    """All frameworks by their short names. Raises UserError if the file has another form."""
    return _load(root / FRAMEWORKS, Frameworks, FRAMEWORKS).frameworks


@lru_cache(maxsize=8)
def _parsed(text: str) -> Any:
    return yaml.safe_load(text)


def _load(path: Path, model: type[T], name: str) -> T:
    try:
        return model.model_validate(_parsed(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UserError(f"{name} is missing; `git checkout {name}` brings it back") from error
    except yaml.YAMLError as error:
        raise UserError(f"{name} is no YAML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{name}: {where}: {first['msg']}; correct it there") from error


def problems(root: Path) -> list[Problem]:
    """Evidence and requirements that do not exist, numbers used twice, controls that nothing shows."""
    found: list[Problem] = []
    known = frameworks(root)
    records = [adr.read(file).number for file in adr.records(root)]
    runbooks = sorted(file.stem for file in (root / "docs" / "runbooks").glob("*.md") if file.name != "README.md")
    seen: set[str] = set()
    addresses: list[str] = []
    for control in controls(root):
        evidence = control.evidence

        def say(what: str, fix: str, control: Control = control) -> None:
            found.append(Problem(f"{CONTROLS} {control.id}", what, fix))

        if control.id in seen:
            say("the id is used twice", f"grep -n 'id: {control.id}' {CONTROLS}")
        seen.add(control.id)
        if not (evidence.tests or evidence.resources):
            say("neither a test nor a resource shows it", f"${{EDITOR:-vi}} {CONTROLS}")
        for test in evidence.tests:
            if not tests_index.exists(root, test):
                file = test.partition("::")[0]
                look = f".venv/bin/pytest --collect-only -q {file if (root / file).exists() else 'tests'}"
                say(f"there is no test {test}", replace_or_look(CONTROLS, test, tests_index.known(root, file), look))
        for address in evidence.resources:
            if hcl.find(root, address) is None:
                addresses = addresses or list(hcl.addresses(root / "infrastructure"))
                look = "grep -rhE '^(resource|module) ' infrastructure modules"
                say(f"there is no resource {address}", replace_or_look(CONTROLS, address, addresses, look))
        for number in evidence.adrs:
            if number not in records:
                say(f"there is no decision {number}", "ls docs/adr")
        for name in evidence.runbooks:
            if name not in runbooks:
                say(f"there is no runbook {name}", replace_or_look(CONTROLS, name, runbooks, "ls docs/runbooks"))
        for framework, requirements in control.frameworks.items():
            there = known[framework].requirements if framework in known else {}
            for requirement in requirements or ("",):
                if requirement not in there:
                    say(f"{FRAMEWORKS} has no {framework} {requirement}".strip(), f"${{EDITOR:-vi}} {FRAMEWORKS}")
    return found
