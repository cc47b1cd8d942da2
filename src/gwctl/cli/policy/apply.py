"""`gwctl apply`: files with policy documents of any kind in, a policy as they say out."""

import click

from gwctl.cli.admin.admin_options import Admin, admin_options
from gwctl.cli.environments.deployment import dry_run_option, yes_option
from gwctl.cli.policy.resource_group import apply_files, files_option
from gwctl.policy.kinds import KINDS


@click.command()
@files_option
@click.option(
    "--prune",
    is_flag=True,
    help="Delete what the files do not name, in the sections of which they name something; never clients.",
)
@yes_option
@dry_run_option
@admin_options
def command(*, files: tuple[str, ...], prune: bool, yes: bool, dry_run: bool, admin: Admin) -> None:
    """Create or change policy documents, all of them together or none.

    Shows in words what changes, and asks. Nothing is deleted without --prune. Running it again says
    `nothing to change`. A change that somebody else makes meanwhile is never overwritten.

    \b
    Example: gwctl apply -f policy.yaml --dry-run
    """
    apply_files(admin, files, KINDS, default=None, yes=yes, dry_run=dry_run, prune=prune)
