"""The two ways a command can fail, and the exit codes that stand for them."""

from typing import Final

EXIT_USER: Final = 1
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130
REPORT: Final = "This is a bug in gwctl. Please report it, with the lines above, as an issue of the gwctl repository."


class UserError(Exception):
    """Something that the user can mend: one sentence that names the value and says what to do. Exit code 1.

    Everything else that a command raises is a bug: it prints its traceback and `REPORT`, exit code 70.
    """
