"""The clients and the key that the local issuer keeps."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gwctl.core import scopes
from gwctl.local.issuer.store import (
    Client,
    ClientFile,
    Clients,
    StateError,
    add_client,
    digest,
    load_or_create_key,
    new_secret,
    revoke_client,
)


def one_client() -> Clients:
    return add_client({}, "ci", "first-secret", [scopes.INVOKE])


def test_a_client_has_its_secret_and_no_other():
    client = one_client()["ci"]
    assert client.has_secret("first-secret")
    assert not client.has_secret("another-secret")


def test_adding_changes_nothing_in_what_it_was_given():
    before: Clients = {}
    add_client(before, "ci", "s", [scopes.INVOKE])
    assert before == {}


def test_adding_an_existing_client_is_refused():
    with pytest.raises(StateError, match="client 'ci' exists already"):
        add_client(one_client(), "ci", "s", [scopes.INVOKE])


@pytest.mark.parametrize("client_id", ["", "a b", "-x", "x" * 129, "é", "a\n", 'a"b'])
def test_a_malformed_client_id_is_refused(client_id: str):
    with pytest.raises(StateError, match="must be letters"):
        add_client({}, client_id, "s", [scopes.INVOKE])


@pytest.mark.parametrize("asked", [[], ["gateway/everything"], [scopes.INVOKE, "openid"]])
def test_unknown_or_no_scopes_are_refused(asked: list[str]):
    with pytest.raises(StateError, match="needs one or more scopes"):
        add_client({}, "ci", "s", asked)


def test_a_client_with_two_secrets_has_both():
    client = Client("ci", (digest("old"), digest("new")), ())
    assert [client.has_secret(secret) for secret in ("old", "new", "other")] == [True, True, False]


def test_a_revoked_client_is_gone():
    assert revoke_client(one_client(), "ci") == {}


def test_changing_a_client_that_does_not_exist_names_it():
    with pytest.raises(StateError, match="no client 'nobody'"):
        revoke_client(one_client(), "nobody")


def test_new_secrets_are_long_and_never_repeat():
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) == 51


def test_the_file_gives_back_what_was_put_in(tmp_path: Path):
    ClientFile(tmp_path).change(lambda clients: {**clients, **one_client()})
    assert ClientFile(tmp_path).read() == one_client()


def test_a_missing_file_holds_no_clients(tmp_path: Path):
    assert ClientFile(tmp_path / "nowhere").read() == {}


def test_the_file_holds_no_secret_and_is_private(tmp_path: Path):
    file = ClientFile(tmp_path)
    file.change(lambda clients: {**clients, **one_client()})
    assert "first-secret" not in file.path.read_text()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path):
    file = ClientFile(tmp_path)
    file.change(lambda clients: {**clients, **one_client()})
    with pytest.raises(StateError):
        file.change(lambda clients: revoke_client(clients, "nobody"))
    assert file.read() == one_client()


def test_changes_made_at_the_same_time_are_all_kept(tmp_path: Path):
    def add(name: str) -> None:
        ClientFile(tmp_path).change(lambda clients: add_client(clients, name, "s", [scopes.INVOKE]))

    names = {f"client-{number}" for number in range(16)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, names))
    assert set(ClientFile(tmp_path).read()) == names


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"clients": []}', '{"clients": {"ci": {}}}'])
def test_a_damaged_client_file_is_named(tmp_path: Path, text: str):
    file = ClientFile(tmp_path)
    file.path.write_text(text)
    with pytest.raises(StateError, match=r"clients\.json is not a client list"):
        file.read()


def test_the_key_is_made_once_and_is_private(tmp_path: Path):
    first, second = load_or_create_key(tmp_path), load_or_create_key(tmp_path)
    assert first.as_dict(private=True) == second.as_dict(private=True)
    assert stat.S_IMODE((tmp_path / "issuer-key.json").stat().st_mode) == 0o600


def test_the_key_has_2048_bits_and_its_thumbprint_as_kid(tmp_path: Path):
    key = load_or_create_key(tmp_path)
    assert key.raw_value.key_size == 2048
    assert key.kid == key.thumbprint()


@pytest.mark.parametrize("document", ["nonsense", {}, {"kty": "oct", "k": "AAAA"}, "public"])
def test_a_damaged_key_file_is_named(tmp_path: Path, document: object):
    if document == "public":
        document = load_or_create_key(tmp_path).as_dict(private=False)
    (tmp_path / "issuer-key.json").write_text(json.dumps(document))
    with pytest.raises(StateError, match=r"issuer-key\.json is not a private RSA key"):
        load_or_create_key(tmp_path)
