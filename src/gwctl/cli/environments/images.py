"""`gwctl images`: images/images.yaml in, their digests or their copies in an environment's own registry out."""

from pathlib import Path

import click

from gwctl.cli.environments.deployment import dry_run_option, name_argument
from gwctl.cli.options import json_option

FILE = Path("images") / "images.yaml"


@click.group()
def command() -> None:
    """List the images of a deployment, look up their digests, copy them into ECR."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the images with their digests, as images/images.yaml has them."""
    import json

    from gwctl.environments.images import catalogue

    images = catalogue.load(_file())
    if as_json:
        click.echo(json.dumps({name: image.model_dump() for name, image in images.items()}))
        return
    width = max(len(name) for name in images)
    for name, image in images.items():
        click.echo(f"{name:<{width}}  {image.repository}:{image.tag}  {image.digest or 'not pinned yet'}")


@command.command("refresh")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail where a tag stands for another digest now.")
def refresh_command(names: tuple[str, ...], check: bool) -> None:
    """Ask the registries what the tags stand for, and write the digests into images/images.yaml.

    Review them before you commit: compare with what upstream published.
    """
    from gwctl.core.errors import UserError
    from gwctl.environments.images import catalogue
    from gwctl.environments.images.crane import Crane
    from gwctl.environments.project import Project

    crane = Crane.find(Project.find())
    path = _file()
    images = catalogue.load(path)
    unknown = [name for name in names if name not in images]
    if unknown:
        raise UserError(f"there is no image {unknown[0]}; known are {', '.join(images)}")
    others: list[str] = []
    for name in names or images:
        image = images[name]
        digest = crane.digest(f"{image.repository}:{image.tag}")
        if digest == image.digest:
            continue
        others.append(name)
        click.echo(f"{name} {image.tag}: {image.digest or 'not pinned yet'} → {digest}", err=True)
        if not check:
            catalogue.write_digest(path, name, digest)
    if check and others:
        raise UserError(
            f"the tags stand for other digests than in images/images.yaml: {', '.join(others)}; "
            "look at what upstream changed, and run `gwctl images refresh`"
        )
    if not others:
        click.echo("All digests are what the tags stand for.", err=True)


@command.command("mirror")
@name_argument
@click.option("--image", "chosen", multiple=True, help="Only this one; can be given several times.")
@click.option("--to", "to", metavar="REGISTRY", help="Copy there instead of into the environment's ECR.")
@dry_run_option
@json_option
def mirror_command(name: str, chosen: tuple[str, ...], to: str | None, dry_run: bool, as_json: bool) -> None:
    """Copy the images by digest into the ECR repositories of an environment.

    `gwctl deploy NAME --repositories` makes the repositories. What is copied runs on the environment's tasks, is
    checked against its digest on the way, and keeps it: the lines that are printed at the end belong below `images:`
    in the environment's file. The agent's image is your own: `gwctl images push` has it from a release.
    """
    import json
    from contextlib import nullcontext

    from gwctl.environments.file.loading import load
    from gwctl.environments.images import catalogue, ecr, platforms
    from gwctl.environments.images.crane import Crane
    from gwctl.environments.project import Project
    from gwctl.environments.terraform.workspace import Target

    project = Project.find()
    target = Target(project.place(name), load(project.place(name)))
    environment = target.environment
    images = catalogue.load(_file())
    digests = {container: catalogue.pinned(images, container) for container in chosen or catalogue.CONTAINERS}
    host = to or ecr.host(environment.account_id, environment.region)
    places = {container: f"{host}/{environment.prefix}-{name}/{container}" for container in digests}
    references = {container: f"{places[container]}@{digest}" for container, digest in digests.items()}
    if dry_run:
        for container, place in places.items():
            click.echo(f"Would copy {images[container].repository}:{images[container].tag} to {place}.", err=True)
    else:
        crane = Crane.find(project)
        sources = {container: f"{images[container].repository}@{digest}" for container, digest in digests.items()}
        platforms.require(crane, sources, environment)
        with nullcontext(crane) if to else crane.logged_in(host, *ecr.login(target)) as crane:
            for container, place in places.items():
                image = images[container]
                click.echo(f"Copying {image.repository}:{image.tag} to {place} …", err=True)
                crane.copy(sources[container], f"{place}:{image.tag}", lambda line: click.echo(f"  {line}", err=True))
    if as_json:
        click.echo(json.dumps(references))
        return
    click.echo("images:")
    for container, reference in references.items():
        click.echo(f"  {container}: {reference}")


@command.command("push")
@name_argument
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tag", required=True, help="What to call it there, for example the release.")
@click.option("--to", "to", metavar="REGISTRY", help="Push there instead of into the environment's ECR.")
def push_command(name: str, files: tuple[Path, ...], tag: str, to: str | None) -> None:
    """Put the agent's image into the ECR repository of an environment, out of the files of a release.

    A release has a file for each platform, agent-image-arm64.tar.gz and agent-image-amd64.tar.gz, as `docker save`
    writes them. They become one image for all of them; the line that is printed belongs below `images:`.
    """
    from contextlib import nullcontext

    from gwctl.environments.file.loading import load
    from gwctl.environments.images import ecr, platforms
    from gwctl.environments.images.crane import Crane
    from gwctl.environments.project import Project
    from gwctl.environments.terraform.workspace import Target

    project = Project.find()
    target = Target(project.place(name), load(project.place(name)))
    environment = target.environment
    host = to or ecr.host(environment.account_id, environment.region)
    crane = Crane.find(project)
    with nullcontext(crane) if to else crane.logged_in(host, *ecr.login(target)) as crane:
        reference = crane.push(files, f"{host}/{environment.prefix}-{name}/agent", tag)
        platforms.require(crane, {"agent": reference}, environment)
    click.echo(f"images:\n  agent: {reference}")


def _file() -> Path:
    from gwctl.environments.project import Project

    return Project.find().root / FILE
