"""`environment.yaml` → `terraform.tfvars`. In: an environment. Out: the text, and whether the file has it.

Pure but for `write`. Every value in force is written, defaults included, so that a change of a default shows.
"""

from typing import Any

from gwctl.core.templates import text_templates
from gwctl.environments.file import hcl
from gwctl.environments.file.model import Environment
from gwctl.environments.project import Place


def variables(environment: Environment, name: str) -> dict[str, Any]:
    """The root module's variables, in alphabetical order. What is left out of the file is left to the modules."""
    values = environment.model_dump(exclude_none=True, exclude={"state", "providers_known"})
    # These have defaults that only some kinds of provider have a use for.
    values["providers_known"] = [each.model_dump(exclude_unset=True) for each in environment.providers_known]
    if environment.github:  # its roles reach the state, and nothing else does
        values["state_bucket"] = environment.state.bucket
    return dict(sorted({**values, "environment": name}.items()))


def tfvars(environment: Environment, name: str) -> str:
    """The text of `terraform.tfvars`."""
    templates = text_templates("gwctl.environments.file", trim=False)
    templates.filters["attributes"] = hcl.attributes
    # One mapping for each run of lines that `terraform fmt` aligns: a blank line is not needed, the values do it.
    return templates.get_template("terraform.tfvars.j2").render(name=name, variables=[variables(environment, name)])


def is_current(place: Place, environment: Environment) -> bool:
    """Whether the file beside `environment.yaml` is what would be rendered."""
    try:
        return place.tfvars.read_text(encoding="utf-8") == tfvars(environment, place.name)
    except (OSError, UnicodeDecodeError):
        return False


def write(place: Place, environment: Environment) -> bool:
    """Write the file if it is not current; says whether it was not."""
    if is_current(place, environment):
        return False
    place.tfvars.write_text(tfvars(environment, place.name), encoding="utf-8")
    return True
