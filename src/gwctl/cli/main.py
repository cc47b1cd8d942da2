"""`gwctl`: arguments in, an exit code out: 0 done, 1 the user can mend it (one sentence on stderr), 70 a bug."""

import importlib
import os
import sys
from collections.abc import Sequence

import click

from gwctl.core.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_USER, REPORT, UserError

COMMANDS = {
    **dict.fromkeys(("up", "down", "status", "logs", "token", "connect", "chat", "database"), "gateway"),
    **dict.fromkeys(("apply", "teams", "keys", "budgets", "routing", "scanner", "pricing"), "policy"),
    "usage": "show",
    "requests": "show",
    "policy": "policy",
    "audit": "show",
    "import": "policy",
    **dict.fromkeys(("environments", "render", "plan", "deploy", "destroy"), "environments"),
    **dict.fromkeys(("outputs", "bootstrap", "build", "images"), "environments"),
    "doctor": "environments",
    "docs": "environments",
    "completion": "gateway",
    "version": "gateway",
}
"""In the order of `--help`: each command and its folder. NAME is the function `command` of `gwctl.cli.FOLDER.NAME`."""

MODULES = {"import": "importing"}
"""Commands whose names no module can have."""


def module_of(name: str) -> str:
    """The module of a command."""
    return f"gwctl.cli.{COMMANDS.get(name, 'gateway')}.{MODULES.get(name, name)}"


class _LazyGroup(click.Group):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(module_of(cmd_name)).command
        _name_variables(cmd_name, command)
        return command


def _name_variables(name: str, command: click.Command) -> None:
    """Give each option its variable: GWCTL_COMMAND_OPTION, with the option's long name."""
    if isinstance(command, click.Group):
        for subname, subcommand in command.commands.items():
            _name_variables(f"{name}_{subname}", subcommand)
    for option in command.params:
        if isinstance(option, click.Option) and not option.envvar:
            long = max(option.opts, key=len).lstrip("-")
            option.envvar = f"GWCTL_{name}_{long}".upper().replace("-", "_")


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Each option of a command can also be set by a variable: GWCTL_COMMAND_OPTION, for example GWCTL_UP_PORT. "
    "GWCTL_DATA_DIR holds for all commands.",
)
@click.version_option(package_name="gwctl", message="gwctl %(version)s")
def cli() -> None:
    """Run an AI gateway: one URL, every model provider, with your teams' models, limits and budgets.

    \b
    gwctl up                     start the gateway on this machine
    gwctl connect claude-code    what to put where, for one of the programs that call it
    """


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code. Errors go to stderr."""
    try:
        code = cli.main(list(arguments), prog_name="gwctl", standalone_mode=False, color=_color())
    except click.Abort:
        return EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True, color=_color())
        return EXIT_USER
    except click.ClickException as error:
        return _complain(_with_help(error))
    except UserError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except SystemExit:  # click's way to end when the reader of a pipe went away: `gwctl logs | head`
        return 0
    except Exception:  # noqa: BLE001 - everything else is a bug, and this is where bugs are told
        import traceback

        traceback.print_exc()
        click.echo(REPORT, err=True)
        return EXIT_BUG
    return code if isinstance(code, int) else 0


def main() -> None:
    """The entry point."""
    sys.exit(run(sys.argv[1:]))


def _complain(sentence: str) -> int:
    from gwctl.cli.prose import fitted

    head, rest = fitted(f"Error: {sentence}").split(" ", 1)
    click.echo(f"{click.style(head, fg='red')} {rest}", err=True, color=_color())
    return EXIT_USER


def _color() -> bool | None:
    """False where nobody wants colours (https://no-color.org), None where click is to look for a terminal."""
    return False if os.environ.get("NO_COLOR") else None


def _with_help(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    if isinstance(error, click.UsageError) and error.ctx:
        return f"{message}; see `{error.ctx.command_path} --help`"
    return message


if __name__ == "__main__":
    main()
