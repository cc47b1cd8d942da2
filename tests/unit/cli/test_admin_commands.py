"""The commands for the admin API and reports: each shows an example, and the tables fit."""

from collections.abc import Iterator

import click
import pytest

from gwctl.cli import main
from gwctl.cli.tables import Column, fields, plain, print_table, table_lines

GROUPS = ("apply", "teams", "budgets", "routing", "scanner", "pricing", "usage", "import")


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for subname, subcommand in command.commands.items():
            yield from commands(subcommand, f"{name} {subname}")
    else:
        yield name, command


def all_commands() -> list[tuple[str, click.Command]]:
    found = [(name, main.cli.get_command(click.Context(main.cli), name)) for name in GROUPS]
    return [each for name, command in found if command for each in commands(command, name)]


@pytest.mark.parametrize(("name", "command"), all_commands())
def test_every_command_shows_an_example_of_itself(name: str, command: click.Command):
    assert f"Example: gwctl {name}" in (command.help or "")


@pytest.mark.parametrize(("name", "command"), all_commands())
def test_every_option_says_what_it_does(name: str, command: click.Command):
    assert [each.name for each in command.params if isinstance(each, click.Option) and not each.help] == []


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_has_what_was_promised(group: str):
    command = main.cli.get_command(click.Context(main.cli), group)
    if group in {"teams", "budgets", "routing", "scanner", "pricing"}:
        assert isinstance(command, click.Group)
        assert {"list", "show", "apply", "delete"} <= command.commands.keys()


COLUMNS = (
    Column("NAME", lambda row: row["name"]),
    Column("AMOUNT", lambda row: row["amount"], 1, right=True),
    Column("NOTE", lambda row: row["note"], 2),
)
ROWS = [{"name": "a", "amount": "1", "note": "x" * 60}, {"name": "b" * 20, "amount": "1000", "note": ""}]


def test_a_table_without_a_terminal_shows_everything():
    lines = table_lines(COLUMNS, ROWS, None)
    assert lines[0] == "NAME                  AMOUNT  NOTE"
    assert lines[1].endswith("x" * 60)
    assert lines[2] == f"{'b' * 20}    1000"


@pytest.mark.parametrize("width", range(8, 120, 7))
def test_a_table_is_never_wider_than_the_terminal(width: int):
    assert max(map(len, table_lines(COLUMNS, ROWS, max(width, 22)))) <= max(width, 22)


def test_what_matters_least_is_left_out_first():
    assert table_lines(COLUMNS, ROWS, 60)[0].split() == ["NAME", "AMOUNT", "NOTE"]
    assert table_lines(COLUMNS, ROWS, 34)[0].split() == ["NAME", "AMOUNT"]


def test_what_is_left_out_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("COLUMNS", "34")
    print_table(COLUMNS, ROWS)
    assert capsys.readouterr().err == "Not shown, for 34 columns are too few: NOTE.\n"
    monkeypatch.setenv("COLUMNS", "120")
    print_table(COLUMNS, ROWS)
    assert capsys.readouterr().err == ""


def test_fields_that_say_nothing_are_left_out_and_long_ones_are_broken():
    assert fields([("a", "1"), ("empty", ""), ("long", "x" * 30)], 26) == [
        "a     1",
        f"long  {'x' * 20}",
        f"      {'x' * 10}",
    ]


def test_numbers_keep_all_their_digits():
    from decimal import Decimal

    values = [Decimal("250"), Decimal("0.1"), Decimal("0.12345678901234567890")]
    assert plain(values) == [250, 0.1, "0.12345678901234567890"]
