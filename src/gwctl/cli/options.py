"""Options that several commands have, so that they are called and work the same everywhere."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gwctl.local.data_dir import DataDir


def data_dir_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--data-dir DIR`: passes `data`, a `DataDir`."""
    return click.option(
        "--data-dir",
        "data",
        metavar="DIR",
        envvar="GWCTL_DATA_DIR",
        show_envvar=True,
        callback=_find,
        help="Where the gateway keeps its files. Default: the nearest .gwctl/local upwards from here.",
    )(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`: passes `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout and nothing else.")(function)


def _find(_: click.Context, __: click.Parameter, value: str | None) -> "DataDir":
    from gwctl.local.data_dir import DataDir

    return DataDir.find(value)
