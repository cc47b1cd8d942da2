"""`gwctl bootstrap`: an environment's name in, what has to be there before its first deploy out."""

import click

from gwctl.cli.environments.deployment import dry_run_option, name_argument, yes_option
from gwctl.cli.options import json_option


@click.command()
@name_argument
@yes_option
@dry_run_option
@json_option
def command(name: str, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Make what an environment's first deploy needs: the bucket of its state, and API Gateway's log role.

    The bucket is versioned, encrypted, reached by TLS alone, closed to the public. The role is the account's: one that
    is there stays. Running it again repairs what is not as it should be, and otherwise changes nothing.
    """
    import json

    from gwctl.cli.environments import deployment
    from gwctl.environments.deploy import emulator
    from gwctl.environments.file.loading import load
    from gwctl.environments.project import Project
    from gwctl.environments.terraform import account_role, aws
    from gwctl.environments.terraform.state_bucket import bootstrap
    from gwctl.environments.terraform.workspace import Target

    project = Project.find()
    place = project.place(name)
    environment = load(place)
    deployment.banner(name, environment, "Bootstrap")
    target = Target(place, environment, emulator.start(project).url if environment.emulated else None)
    aws.check_account(target)
    bucket = environment.state.bucket
    steps = [
        f"{bucket} is {'' if each.startswith('made') else 'made '}{each}" for each in bootstrap(target, dry_run=True)
    ]
    steps += account_role.ensure(target, dry_run=True)
    for step in steps if not as_json else []:
        deployment.said(f"  {step}")
    if steps and not dry_run:
        deployment.confirm(f"Do this in account {environment.account_id}?", yes=yes)
        bootstrap(target)
        account_role.ensure(target)
    if as_json:
        click.echo(json.dumps({"bucket": bucket, "steps": steps, "changed": bool(steps) and not dry_run}))
    elif not steps:
        deployment.said(f"{name} is as it should be; nothing was changed.")
    else:
        deployment.said("Nothing was changed: --dry-run." if dry_run else f"{name} is ready. Next: gwctl deploy {name}")
