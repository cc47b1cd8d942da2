"""The command line as data. In: a click group. Out: every command with its usage, words and options."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc

import click


@dataclass(frozen=True)
class Option:
    """One option: how it is written, its words, its variable."""

    names: str
    words: str
    variable: str
    required: bool


@dataclass(frozen=True)
class Command:
    """One command: `path` is what is typed, "gwctl environments new"."""

    path: str
    usage: str
    words: str
    options: tuple[Option, ...]
    group: bool

    @property
    def lacks(self) -> list[str]:
        """What nobody has described: the command itself, or options."""
        return ([] if self.words else [self.path]) + [
            f"{self.path} {each.names}" for each in self.options if not each.words
        ]


def walk(group: click.Group, path: str = "gwctl", parent: click.Context | None = None) -> Iterator[Command]:
    """All commands below a group, in its order, each before its own subcommands. Hidden ones are left out."""
    context = click.Context(group, info_name=path.rpartition(" ")[2], parent=parent)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        pieces = " ".join(command.collect_usage_pieces(inner))
        yield Command(
            path=f"{path} {name}",
            usage=f"{path} {name} {pieces}".rstrip(),
            words=cleandoc((command.help or "").replace("\b", "").split("\f")[0]).strip(),
            options=tuple(_option(each, inner) for each in command.params if isinstance(each, click.Option)),
            group=isinstance(command, click.Group),
        )
        if isinstance(command, click.Group):
            yield from walk(command, f"{path} {name}", context)


def _option(option: click.Option, context: click.Context) -> Option:
    record = option.get_help_record(context)
    names, words = record or (" / ".join(option.opts), option.help or "")
    variable = option.envvar if isinstance(option.envvar, str) else ""
    return Option(names, words if option.help else "", variable, option.required)
