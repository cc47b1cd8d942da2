"""A small checkout for tests: the files that gwctl looks for, and an environment that is in order.

In: a directory. Out: a `Project` in it; text of `environment.yaml` with some of it replaced.
"""

from pathlib import Path

from gwctl.environments.file.loading import load
from gwctl.environments.file.model import Environment
from gwctl.environments.project import Place, Project
from gwctl.environments.terraform.workspace import Target

REPOSITORY = Path(__file__).resolve().parents[3]
DIGEST = "sha256:" + "0123456789abcdef" * 4

YAML = f"""\
account_id: "123456789013"
region: eu-central-1
availability_zones: [eu-central-1a, eu-central-1b]
production: false
state:
  bucket: team-state
alb:
  certificate_arn: arn:aws:acm:eu-central-1:123456789013:certificate/1
images:
  agent: registry.example.net/agent@{DIGEST}
  collector: registry.example.net/collector@{DIGEST}
  edge: registry.example.net/edge@{DIGEST}
  gateway: registry.example.net/gateway@{DIGEST}
network:
  cidr: 10.1.0.0/16
"""


def make_project(root: Path, **environments: str) -> Project:
    """A checkout with these environments: name → text of environment.yaml."""
    (root / "infrastructure").mkdir(parents=True)
    (root / "modules").mkdir()
    (root / "terragrunt.hcl").write_text("")
    project = Project(root)
    for name, text in environments.items():
        directory = project.environments / name
        directory.mkdir(parents=True)
        (directory / "environment.yaml").write_text(text)
    return project


def replaced(old: str, new: str, text: str = YAML) -> str:
    """The text with a part of it replaced; the part must be there."""
    assert old in text
    return text.replace(old, new)


def environment_of(project: Project, name: str) -> Environment:
    """The environment."""
    return load(project.place(name))


def emulated_target(root: Path, endpoint: str | None = None) -> Target:
    """An environment in moto's account."""
    text = replaced("123456789013", "123456789012")
    project = make_project(root, dev=f"{text}emulated: true\n")
    place = Place(project, "dev")
    return Target(place, load(place), endpoint)
