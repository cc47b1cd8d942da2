"""Ports on loopback: free, taken, the same again."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwctl.core.errors import UserError
from gwctl.local.ports import Ports, is_free, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_is_free_unless_somebody_listens(taken: int):
    assert not is_free(taken)


def test_a_port_of_connections_that_have_ended_is_free():
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            listener.accept()[0].close()  # this side goes into TIME_WAIT
    assert is_free(port)


def test_a_taken_port_is_one_sentence_that_names_the_holder_and_the_option(taken: int):
    with pytest.raises(UserError, match=rf"port {taken} is in use by .* \(pid {os.getpid()}\); .* with --port$"):
        require_free(taken, "--port")


def test_a_part_gets_the_same_port_at_the_next_run(tmp_path: Path):
    first = Ports(tmp_path / "ports.json").choose("issuer")
    assert Ports(tmp_path / "ports.json").choose("issuer") == first


def test_a_part_gets_another_port_when_its_old_one_is_taken(tmp_path: Path, taken: int):
    path = tmp_path / "ports.json"
    path.write_text(f'{{"issuer": {taken}}}')
    assert Ports(path).choose("issuer") != taken


def test_parts_get_different_ports(tmp_path: Path):
    ports = Ports(tmp_path / "ports.json")
    assert len({ports.choose(part) for part in "abcdefgh"}) == 8


def test_a_forgotten_port_is_not_given_again(tmp_path: Path, taken: int):
    ports = Ports(tmp_path / "ports.json")
    ports.choose("issuer", fixed=taken)
    ports.forget("issuer")
    assert ports.choose("issuer") != taken


def test_a_spoilt_file_is_no_obstacle(tmp_path: Path):
    path = tmp_path / "ports.json"
    path.write_text("[")
    assert Ports(path).choose("issuer") > 0
