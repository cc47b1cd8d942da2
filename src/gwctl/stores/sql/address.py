"""The address of a database: `database_url` in, a checked URL out.

    sqlite:///state/gateway.sqlite3                    a file of this machine
    postgresql+psycopg://gateway@db.example.com/gwctl   a server; what libpq knows may stand behind `?`
    file:/run/secrets/database-url                      a file that has one of these, with the password in it

A password stands in such a file, or where libpq looks for it (PGPASSFILE, `?passfile=`), and never in a setting or on
a command line. To a server that is not on this machine the connection has to be encrypted.
"""

import stat
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from gwctl.core.errors import UserError
from gwctl.core.http_client import LOOPBACK

FILE: Final = "file:"
SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql+psycopg"
ENCRYPTED: Final = {"require", "verify-ca", "verify-full"}


def parse(text: str) -> URL:
    """The URL that a setting means. Raises UserError, with nothing secret in it."""
    if text.startswith(FILE):
        return _checked(_read(Path(text.removeprefix(FILE))), f"the URL in {text.removeprefix(FILE)}")
    url = _checked(text, "the database URL")
    if url.password is not None:
        raise UserError(
            "the database URL has a password in it, which others could read; write the URL into a file of mode 0600 "
            "and give file:PATH instead"
        )
    return url


def _read(path: Path) -> str:
    try:
        if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
            raise UserError(f"{path} has a database URL and others may read it; run `chmod 600 {path}`")
        return path.read_text().strip()
    except OSError as error:
        raise UserError(f"{path}, which has the database URL, cannot be read ({error.strerror})") from None


def _checked(text: str, what: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UserError(f"{what} is none; write sqlite:///FILE or {POSTGRESQL}://USER@HOST/DATABASE") from None
    if url.drivername == SQLITE:
        if not url.database or url.database == ":memory:":
            raise UserError(f"{what} names no file; write sqlite:///FILE")
        return url
    if url.drivername != POSTGRESQL:
        raise UserError(f"{what} begins with {url.drivername}:, which is none of sqlite:, {POSTGRESQL}: and dynamodb:")
    if not url.database:
        raise UserError(f"{what} names no database; write {POSTGRESQL}://USER@HOST/DATABASE")
    return _encrypted(url, what)


def _encrypted(url: URL, what: str) -> URL:
    """The URL with TLS switched on; a server on this machine needs none."""
    host = url.host or url.query.get("host") or ""
    if isinstance(host, tuple) or (host and host not in LOOPBACK and not host.startswith("/")):
        mode = url.query.get("sslmode")
        if mode is None:
            root = {} if "sslrootcert" in url.query else {"sslrootcert": "system"}
            return url.update_query_dict({"sslmode": "verify-full", **root})
        if mode not in ENCRYPTED:
            raise UserError(
                f"{what} has sslmode={mode}, and the server is not on this machine; leave it out, or say "
                f"{', '.join(sorted(ENCRYPTED))}"
            )
    return url
