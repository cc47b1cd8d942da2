"""`gwctl logs`: a part's name in, the end of its log out; with `--follow` also what comes after."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from gwctl.cli.options import data_dir_option
from gwctl.core.errors import UserError

if TYPE_CHECKING:
    from gwctl.local.data_dir import DataDir

NAMES = ("supervisor", "issuer", "sample", "gateway", "agent", "edge", "usage")
POLL_SECONDS = 0.2
CHUNK_BYTES = 64 * 1024


@click.command()
@click.argument("part", required=False, type=click.Choice(NAMES))
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--lines", "-n", type=click.IntRange(0), default=20, show_default=True, help="How much of each log.")
@data_dir_option
def command(part: str | None, follow: bool, lines: int, data: "DataDir") -> None:
    """Show the log of a part, or of all of them.

    `usage` is one line of JSON for each request that the edge has answered; it is shown only when asked for.
    """
    if not data.logs.is_dir():
        raise UserError(f"there are no logs in {data.root}; start a gateway with `{data.command('up')}`")
    names = [part] if part else [name for name in NAMES if name != "usage"]
    logs = [_Log(data.log_of(name), f"{name:<10} " if len(names) > 1 else "") for name in names]
    for log in logs:
        log.show(log.last(lines))
    while follow:
        time.sleep(POLL_SECONDS)
        for log in logs:
            log.show(log.new())


class _Log:
    """One log file; it may not exist yet, and may be replaced by a new one."""

    def __init__(self, path: Path, prefix: str) -> None:
        self._path = path
        self._prefix = prefix
        self._file: IO[bytes] | None = None
        self._rest = b""

    def show(self, lines: list[bytes]) -> None:
        for line in lines:
            click.echo(self._prefix + line.decode(errors="replace"))

    def last(self, count: int) -> list[bytes]:
        """The last lines that are there now."""
        if not self._open() or self._file is None:
            return []
        blocks: list[bytes] = []
        position = self._file.seek(0, 2)
        while position and sum(block.count(b"\n") for block in blocks) <= count:
            start = max(0, position - CHUNK_BYTES)
            self._file.seek(start)
            blocks.insert(0, self._file.read(position - start))
            position = start
        self._file.seek(0, 2)
        whole, _, self._rest = b"".join(blocks).rpartition(b"\n")
        return whole.split(b"\n")[-count:] if whole and count else []

    def new(self) -> list[bytes]:
        """The whole lines written since the last call."""
        lines = list(self._read())
        if self._file and self._replaced():
            self._file.close()
            self._file = None
            lines += self._read()
        return lines

    def _read(self) -> Iterator[bytes]:
        if self._open() and self._file:
            *whole, self._rest = (self._rest + self._file.read()).split(b"\n")
            yield from whole

    def _replaced(self) -> bool:
        assert self._file
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        mine = os.fstat(self._file.fileno())
        return (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino)

    def _open(self) -> bool:
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except FileNotFoundError:
                return False
        return True
