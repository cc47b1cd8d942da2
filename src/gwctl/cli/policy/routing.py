"""`gwctl routing`: model aliases and what serves them, by which lane, and which targets are skipped now."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from gwctl.cli.admin.admin_options import Admin, admin_options
from gwctl.cli.environments.deployment import dry_run_option
from gwctl.cli.policy.changing import store
from gwctl.cli.policy.resource_group import resource_group
from gwctl.policy.kinds import ROUTING

if TYPE_CHECKING:
    from gwctl.cli.admin.admin_client import Stored
    from gwctl.policy.snapshot import Snapshot


def _more(admin: Admin, stored: "Stored") -> Sequence[str]:
    return [*_lanes(admin, stored), *_circuits(admin, stored)]


def _lanes(admin: Admin, stored: "Stored") -> Sequence[str]:
    """Which lane each API of the route takes and why, by the snapshot that is in force here.

    For a deployment `GET /v1/models` says which, to a token that may also read the admin API.
    """
    from gwctl.policy.snapshot import Snapshot, SnapshotError

    if admin.environment:
        return ()
    try:
        snapshot = Snapshot.from_json(admin.data.snapshot.read_bytes())
    except (OSError, SnapshotError):
        return ()
    return lanes_of(snapshot, stored.document.get("id", ""))


def lanes_of(snapshot: "Snapshot", route: str) -> list[str]:
    """A line for each API of the route and each reason; teams under other content rules may have other lanes."""
    told = {
        f"lane of {api}: {choice.lane}, because {choice.reason}": None
        for variant in snapshot.variants.values()
        if variant.route == route
        for api, choice in variant.lanes.items()
    }
    return sorted(told)


def _circuits(admin: Admin, stored: "Stored") -> Sequence[str]:
    """Which of the route's targets are skipped at this moment, as the agent of this machine's gateway says.

    The agents of a deployment tell this as a metric, not here.
    """
    if admin.environment:
        return ()
    try:
        status = json.loads(admin.data.agent_status.read_text())
        return skipped(stored.document, status.get("open_targets"))
    except (OSError, ValueError, AttributeError):
        return ()


def skipped(route: Mapping[str, Any], open_targets: Any) -> list[str]:
    """A line for each open circuit of the route, its fallbacks' targets among them; see `gwctl.edge.breaker`.

    `open_targets` is a list of names or of mappings, or a mapping from names to mappings; what cannot be read is passed
    over. A name is `<route>/<provider>/<model>`, or of one of the route's own targets without the route.
    """
    own = {f"{target.get('provider')}/{target.get('model')}" for target in route.get("targets", ())}
    lines: dict[str, None] = {}
    for name, details in _entries(open_targets):
        target = name.removeprefix(f"{route.get('id')}/")
        if target != name or target in own:
            lines[f"skipped now: {target}{_details(details)}"] = None
    return list(lines)


def _entries(open_targets: Any) -> Iterable[tuple[str, Mapping[str, Any]]]:
    if isinstance(open_targets, Mapping):
        for name, details in open_targets.items():
            yield str(name), details if isinstance(details, Mapping) else {}
    elif isinstance(open_targets, list):
        for each in open_targets:
            if isinstance(each, str):
                yield each, {}
            elif isinstance(each, Mapping):
                named = each.get("target") or f"{each.get('provider')}/{each.get('model')}"
                yield str(named), each


def _details(details: Mapping[str, Any]) -> str:
    told = [f"{word} {details[name]}" for name, word in (("until", "until"), ("since", "since")) if details.get(name)]
    if details.get("reason"):
        told.append(str(details["reason"]))
    return f" ({', '.join(told)})" if told else ""


command = resource_group(ROUTING, "Model aliases and what serves them.", more=_more)


@command.command("add")
@click.argument("alias", metavar="MODEL")
@click.argument("targets", metavar="PROVIDER/MODEL...", nargs=-1, required=True)
@click.option("--weighted", is_flag=True, help="Share the requests between the targets, not one after the other.")
@dry_run_option
@admin_options
def add(*, alias: str, targets: tuple[str, ...], weighted: bool, dry_run: bool, admin: Admin) -> None:
    """Make a route, or add targets to the end of one: the first serves, the next ones when it fails.

    \b
    Example: gwctl routing add fast openai/gpt-4o-mini anthropic/claude-haiku-4-5
    """
    from gwctl.core.errors import UserError

    named = [target.partition("/") for target in targets]
    for provider, slash, model in named:
        if not (provider and slash and model):
            raise UserError(f"{provider!r} is no target; write PROVIDER/MODEL, for example openai/gpt-4o-mini")
    admin.announce()
    path = ROUTING.path_of(alias)
    stored = admin.client.find(path)
    document = dict(stored.document) if stored else {"id": alias, "targets": []}
    added = [{"provider": provider, "model": model} for provider, _, model in named]
    document["targets"] = [*document["targets"], *added]
    if weighted:
        document["strategy"] = "weighted"
    store(admin, path, document, stored, dry_run=dry_run)
