"""`gwctl apply`: files with policy documents of any kind in, a policy as they say out."""

import click

from gwctl.cli.environments.deployment import dry_run_option, yes_option
from gwctl.cli.policy.admin_options import Admin, admin_options
from gwctl.cli.policy.kinds import KINDS
from gwctl.cli.policy.resource_group import apply_files, files_option


@click.command()
@files_option
@yes_option
@dry_run_option
@admin_options
def command(*, files: tuple[str, ...], yes: bool, dry_run: bool, admin: Admin) -> None:
    """Create or change policy documents; nothing is deleted.

    Shows in words what changes, asks, and writes the documents in an order in which each one finds what it names.
    Running it again says `nothing to change`. A change that somebody else makes meanwhile is never overwritten.

    \b
    Example: gwctl apply -f policy.yaml --dry-run
    """
    apply_files(admin, files, KINDS, default=None, yes=yes, dry_run=dry_run)
