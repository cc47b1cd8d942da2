"""`gwctl render`: an environment's name in, its `terraform.tfvars` out, or the news that it is not current."""

import click


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 when a file is not current.")
def command(names: tuple[str, ...], check: bool) -> None:
    """Write environments/NAME/terraform.tfvars from its environment.yaml.

    Without a name it is all environments. Nothing is written while one of their files has a problem.
    """
    from gwctl.core.errors import UserError
    from gwctl.environments.file import fleet, render
    from gwctl.environments.project import Project, shown

    project = Project.find()
    for name in names:
        project.place(name)
    environments = fleet.load_all(project)
    stale = []
    for name in names or project.names():
        place, environment = project.place(name), environments[name]
        if render.is_current(place, environment):
            click.echo(f"{shown(place.tfvars)} is current.", err=True)
        elif check:
            stale.append(name)
        else:
            render.write(place, environment)
            click.echo(f"{shown(place.tfvars)} has been written.", err=True)
    if stale:
        files = " and ".join(shown(project.place(name).tfvars) for name in stale)
        raise UserError(f"{files} not current; run `gwctl render {' '.join(stale)}`")
