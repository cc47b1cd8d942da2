"""`gwctl keys`: virtual keys, through the admin API. A key is printed once, on stdout only."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from gwctl.cli.admin.admin_options import Admin, admin_options, output_option
from gwctl.cli.environments.deployment import dry_run_option, yes_option
from gwctl.cli.policy.changing import given, names, pairs, show_once, store
from gwctl.cli.policy.resource_group import delete_one, print_all, resource_group
from gwctl.policy.kinds import KEYS

if TYPE_CHECKING:
    from gwctl.cli.admin.admin_client import Written

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

command = resource_group(
    KEYS, "Virtual keys: for programs that cannot refresh a token, each with limits of its own.\n\nA key is shown once."
)


class _Duration(click.ParamType):
    """`90d`, `12h`, `30m` → timedelta."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        match = re.fullmatch(r"([1-9]\d{0,5})([smhd])", value) if isinstance(value, str) else None
        if match is None:
            if isinstance(value, timedelta):
                return value
            self.fail(f"{value!r} is no time such as 90d, 12h or 30m", param, ctx)
        return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


class _Moment(_Duration):
    """`90d` from now, or a date, which begins in UTC → text in ISO 8601."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = datetime.now(UTC) + super().convert(value, param, ctx)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0).isoformat()


def _limits(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what a key may do."""
    options = (
        click.option("--name", help="What it is for."),
        click.option("--owner", help="The person or project that has it."),
        click.option(
            "--models", callback=names, metavar="A,B", help="Routes it may use, of those of its team; * is all."
        ),
        click.option("--usd", type=float, help="What it may spend in a period, in dollars."),
        click.option("--period", type=click.Choice(["day", "month", "total"]), help="Of --usd. Default: month."),
        click.option("--rpm", type=int, help="Requests a minute."),
        click.option("--tpm", type=int, help="Tokens a minute."),
        click.option("--expires", type=_Moment(), metavar="90d|DATE", help="From then on it is refused."),
        click.option("--network", multiple=True, metavar="CIDR", help="Where it may be used from. Repeatable."),
        click.option("--tag", multiple=True, callback=pairs, metavar="NAME=VALUE", help="For chargeback. Repeatable."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The fields of a document that the options name."""
    return given(
        name=options["name"],
        owner=options["owner"],
        models=options["models"],
        limit_usd=options["usd"],
        period=options["period"],
        requests_per_minute=options["rpm"],
        tokens_per_minute=options["tpm"],
        expires=options["expires"],
        networks=list(options["network"]) or None,
        tags=options["tag"],
    )


@command.command("create")
@click.argument("team", metavar="TEAM")
@_limits
@dry_run_option
@output_option
@admin_options
def create(*, team: str, dry_run: bool, output: str, admin: Admin, **options: Any) -> None:
    """Make a key. It is printed this once; keep it where secrets are kept.

    \b
    Example: gwctl keys create search --name "nightly build" --usd 20 --expires 90d
    """
    admin.announce()
    _shown(admin.client.post(KEYS.collection, {"team": team, **_given(options)}, dry_run=dry_run), output)


@command.command("set")
@click.argument("key", metavar="KEY")
@_limits
@dry_run_option
@admin_options
def set_limits(*, key: str, dry_run: bool, admin: Admin, **options: Any) -> None:
    """Change what a key may do; what is not named stays.

    \b
    Example: gwctl keys set gwk_7h2k9m4x1q --usd 50 --models fast,smart
    """
    _change(admin, key, _given(options), dry_run=dry_run)


def _switch(name: str, text: str, *, enabled: bool) -> None:
    """`gwctl keys enable` and `disable`."""

    @command.command(name, help=f"{text}\n\n\b\nExample: gwctl keys {name} gwk_7h2k9m4x1q")
    @click.argument("key", metavar="KEY")
    @dry_run_option
    @admin_options
    def switch(*, key: str, dry_run: bool, admin: Admin) -> None:
        _change(admin, key, {"enabled": enabled}, dry_run=dry_run)


_switch("disable", "Refuse a key until it is enabled again.", enabled=False)
_switch("enable", "Accept a key that was disabled.", enabled=True)


@command.command("rotate")
@click.argument("key", metavar="KEY")
@click.option("--grace", type=_Duration(), metavar="12h", help="How long the old one stays good. Default: not at all.")
@yes_option
@dry_run_option
@output_option
@admin_options
def rotate(*, key: str, grace: timedelta | None, yes: bool, dry_run: bool, output: str, admin: Admin) -> None:
    """Give a key a new secret, which is printed this once.

    \b
    Example: gwctl keys rotate gwk_7h2k9m4x1q --grace 12h --yes
    """
    from gwctl.cli.environments.deployment import confirm

    admin.announce()
    if not dry_run and grace is None:
        confirm(f"Give key {key} a new secret? The old one is refused from now on.", yes=yes)
    seconds = int(grace.total_seconds()) if grace else 0
    _shown(admin.client.post(f"{KEYS.path_of(key)}/rotate?grace_seconds={seconds}", dry_run=dry_run), output)


@command.command("revoke")
@click.argument("key", metavar="KEY")
@yes_option
@dry_run_option
@admin_options
def revoke(*, key: str, yes: bool, dry_run: bool, admin: Admin) -> None:
    """End a key for good. Every edge refuses it within seconds.

    \b
    Example: gwctl keys revoke gwk_7h2k9m4x1q
    """
    delete_one(admin, KEYS, KEYS.path_of(key), key, yes=yes, dry_run=dry_run)


@command.command("list")
@click.option("--team", help="Only the keys of this team.")
@output_option
@admin_options
def list_keys(*, team: str | None, output: str, admin: Admin) -> None:
    """List keys, by id. Their secrets are nowhere to be read.

    \b
    Example: gwctl keys list --team search
    """
    wanted: dict[str, Any] = {"team": team} if team else {}
    print_all(KEYS, list(admin.client.listed(KEYS.collection, **wanted)), output)


def _change(admin: Admin, key: str, changes: dict[str, Any], *, dry_run: bool) -> None:
    from gwctl.core.errors import UserError

    if not changes:
        raise UserError("nothing to change: name what the key may do, for example --usd 50")
    admin.announce()
    path = KEYS.path_of(key)
    stored = admin.client.get(path)
    store(admin, path, {**stored.document, **changes}, stored, dry_run=dry_run)


def _shown(written: "Written", output: str) -> None:
    told = {"id": (written.document or {}).get("id"), "key": written.extra["key"]}
    show_once(written, told, str(told["key"]), output, what="It")
