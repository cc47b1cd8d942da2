"""`gwctl import`: another gateway's configuration in, policy documents out, and a list of what has no equivalent."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gwctl.core.errors import UserError


@click.group()
def command() -> None:
    """Turn another gateway's configuration into policy documents."""


@command.command("litellm")
@click.argument("file", type=click.Path(path_type=Path), metavar="CONFIG.YAML")
@click.option(
    "--output", "-o", default="-", show_default=True, metavar="DIR|-", help="A directory for one file a section."
)
@click.option("--model", "models", multiple=True, metavar="NAME", help="A model that a wildcard serves. Repeatable.")
@click.option(
    "--teams",
    "team_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What LiteLLM's GET /team/list answers, as JSON: its teams and their budgets.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
def litellm(*, file: Path, output: str, models: tuple[str, ...], team_file: Path | None, force: bool) -> None:
    """Turn a LiteLLM proxy configuration into documents that compile.

    stdout gets the documents, stderr what has no equivalent here: its path and the reason. Keys in the file are left
    out; a comment says which variable each belongs into. `os.environ/…` is read from this shell where it is no secret.

    \b
    Example: gwctl import litellm config.yaml > policy.yaml
    """
    import os
    from datetime import UTC, datetime

    from gwctl.importing import render
    from gwctl.importing.litellm import convert
    from gwctl.policy.errors import PolicyError

    config = _with_includes(file)
    teams = _team_list(team_file)
    try:
        imported = convert(config, dict(os.environ), datetime.now(UTC).date(), models, teams)
    except PolicyError as error:
        raise UserError(f"what {file} says does not compile here:\n  " + str(error).replace("\n", "\n  ")) from None
    if output == "-":
        click.echo(render.whole_file(imported, file.name), nl=False)
    else:
        _write(Path(output), render.files(imported, file.name), force=force)
    for finding in imported.findings:
        click.echo(str(finding), err=True)
    counted = ", ".join(f"{len(each)} {name}" for name, each in imported.sections.items())
    click.echo(f"Made: {counted}. Not, or not fully, taken over: {len(imported.findings)}.", err=True)


def _with_includes(file: Path) -> dict[str, Any]:
    """The configuration with the files that `include` names: lists are joined, else the file itself wins."""
    config = _read(file)
    for name in config.pop("include", None) or ():
        for key, value in _read(file.parent / str(name)).items():
            own = config.get(key)
            if isinstance(own, list) and isinstance(value, list):
                config[key] = [*own, *value]
            elif isinstance(own, Mapping) and isinstance(value, Mapping):
                config[key] = {**value, **own}
            else:
                config.setdefault(key, value)
    return config


def _read(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise UserError(f"{file}{line}: is not readable YAML; correct the YAML") from None
    if not isinstance(content, dict):
        raise UserError(f"{file} is not a LiteLLM configuration: it has no model_list")
    return content


def _team_list(file: Path | None) -> list[Any]:
    import json

    if file is None:
        return []
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read ({getattr(error, 'strerror', None) or 'not JSON'})") from None
    teams = content.get("teams") if isinstance(content, dict) else content
    if not isinstance(teams, list):
        raise UserError(f"{file} is not a list of teams; save what GET /team/list answers")
    return teams


def _write(folder: Path, files: Mapping[str, str], *, force: bool) -> None:
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        raise UserError(f"{folder} has {', '.join(there)} already; name another directory, or say --force")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error.strerror})") from None
