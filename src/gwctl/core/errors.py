"""The two ways a command can fail, the exit codes that stand for them, and what a check says of a value."""

from typing import Final

EXIT_USER: Final = 1
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130
REPORT: Final = "This is a bug in gwctl. Please report it, with the lines above, as an issue of the gwctl repository."


class UserError(Exception):
    """Something that the user can mend: one sentence that names the value and says what to do. Exit code 1.

    Everything else that a command raises is a bug: it prints its traceback and `REPORT`, exit code 70.
    """


class InvalidError(ValueError):
    """A value that a check refuses. `message` follows the field's name and value; `fix` says what to write instead.

    A check of a whole mapping names the fields in the message; `at` is the one on whose line the problem is told.
    """

    def __init__(self, message: str, fix: str, at: str = "") -> None:
        super().__init__(message)
        self.fix = fix
        self.at = at
