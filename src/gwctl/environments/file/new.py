"""A new environment. In: a name and a few answers. Out: a commented `environment.yaml` that can be rendered at once."""

from gwctl.core.errors import UserError
from gwctl.core.templates import text_templates
from gwctl.environments.file.fleet import free_range, load_all
from gwctl.environments.file.loading import read
from gwctl.environments.file.model import LONGEST_NAME
from gwctl.environments.project import NAME, Place, Project


def create(project: Project, name: str, *, account_id: str, region: str, production: bool) -> Place:
    """Write the file. Raises UserError: the name or a value cannot be, or there is such an environment."""
    if not NAME.match(name):
        raise UserError(
            f"{name} cannot be an environment's name; use lower-case letters, digits and hyphens, "
            f"and with the prefix gwctl- {LONGEST_NAME} characters at most"
        )
    place = Place(project, name)
    if place.yaml.exists():
        raise UserError(f"there is an environment {name} already; edit {place.yaml}, or choose another name")
    known = load_all(project)
    text = text_templates("gwctl.environments.file", trim=False).get_template("environment.yaml.j2").render(
        account_id=account_id,
        cidr=free_range(known),
        name=name,
        production=production,
        region=region,
    )  # fmt: skip
    made = not place.directory.exists()
    place.directory.mkdir(parents=True, exist_ok=True)
    place.yaml.write_text(text, encoding="utf-8")
    try:
        read(place.yaml, name)
    except UserError:
        place.yaml.unlink()
        if made:
            place.directory.rmdir()
        raise
    return place
