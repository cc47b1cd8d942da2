"""What may be the address of a database, and what stays out of it."""

from pathlib import Path

import pytest

from gwctl.core.errors import UserError
from gwctl.stores.sql.address import parse


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mysql://db/gwctl", "begins with mysql:"),
        ("postgresql+psycopg://u@db.example.com", "names no database"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("gateway.sqlite3", "is none"),
        ("postgresql+psycopg://u@db.example.com/gwctl?sslmode=disable", "sslmode=disable"),
        ("postgresql+psycopg://u@db.example.com/gwctl?sslmode=prefer", "sslmode=prefer"),
        ("file:/no/such/file", "cannot be read"),
    ],
)
def test_what_is_no_address_is_refused_in_one_sentence(text: str, words: str):
    with pytest.raises(UserError, match=words):
        parse(text)


def test_a_password_in_a_setting_is_refused_and_not_repeated():
    with pytest.raises(UserError, match="file:PATH") as refused:
        parse("postgresql+psycopg://u:hunter2@127.0.0.1/gwctl")
    assert "hunter2" not in str(refused.value)


def test_a_password_comes_from_a_file_that_nobody_else_may_read(tmp_path: Path):
    file = tmp_path / "url"
    file.write_text("postgresql+psycopg://u:hunter2@127.0.0.1/gwctl\n")
    file.chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        parse(f"file:{file}")
    file.chmod(0o600)
    assert parse(f"file:{file}").password == "hunter2"


def test_to_another_machine_there_is_a_verified_tls_connection_unless_less_is_asked_for():
    remote = "postgresql+psycopg://u@db.example.com/gwctl"
    assert dict(parse(remote).query) == {"sslmode": "verify-full", "sslrootcert": "system"}
    assert dict(parse(f"{remote}?sslmode=require").query) == {"sslmode": "require"}
    own = parse(f"{remote}?sslrootcert=/etc/ca.pem").query
    assert dict(own) == {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}


@pytest.mark.parametrize("host", ["127.0.0.1/gwctl", "localhost/gwctl", "/gwctl?host=/run/postgresql"])
def test_to_this_machine_there_need_not_be_one(host: str):
    assert "sslmode" not in parse(f"postgresql+psycopg://u@{host}").query
