"""The edge and Portkey read a request alike: what the edge's reader accepts, Node reads the same way.

A request whose `max_tokens` or `stream` they read differently would be metered wrongly.
"""

import base64
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gwctl.local.supervisor.programs import find_node
from support.session.profile import examples
from unit.edge.program import Program
from unit.policy.examples import compiled

# As Portkey does it: the body's bytes through TextDecoder, then JSON.parse.
SCRIPT = """
const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  let read = null;
  try {
    const body = JSON.parse(new TextDecoder().decode(Buffer.from(line, "base64")));
    read = { stream: false };
    for (const name of ["model", "stream", "max_tokens", "n"]) if (body[name] != null) read[name] = body[name];
  } catch {}
  console.log(JSON.stringify(read));
});
"""


class Node:
    """A Node that reads bodies. Use it as a context manager."""

    def __enter__(self) -> "Node":
        self._process = subprocess.Popen(
            [find_node(), "-e", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        return self

    def read(self, body: bytes) -> dict[str, Any] | None:
        """The members that the edge reads too, None when it is no JSON to Node."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(base64.b64encode(body) + b"\n")
        return json.loads(self._process.stdout.readline())

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with Node() as running:
        yield running


@pytest.fixture(scope="module")
def program() -> Program:
    routes = [{"id": "fast", "targets": [{"provider": "openai", "model": "m"}]}]
    return Program(
        compiled(
            routes=routes,
            teams=[{"id": "search"}],
            clients=[{"id": "search-api", "team": "search"}],
            budgets=[],
            scanner=[],
            pricing=[],
        )
    )


keys = st.sampled_from(["model", "stream", "max_tokens", "n", "x", "mod\\u0065l", "Model", "n ", "__proto__"])
numbers = st.sampled_from(
    ["0", "-0", "1", "1.0", "1e2", "1E2", "1e-2", "10e-1", "1e400", "9007199254740993", "01", "0x1"]
)
literals = st.one_of(
    numbers,
    st.integers(-5, 2**54).map(str),
    st.sampled_from(
        ["true", "false", "null", '"true"', '"fast"', '"f\\u0061st"', '"fast\\u0000"', "[]", "{}", '["fast"]']
    ),
    st.sampled_from(['{"model":"fast","model":"x"}', '"\\ud800"', "'fast'", "NaN", "", "undefined"]),
)
members = st.lists(st.tuples(keys, literals), max_size=4).map(
    lambda pairs: ",".join(f'"{key}":{value}' for key, value in [("model", '"fast"'), *pairs])
)
bodies = st.builds(
    lambda inner, before, after: (before + "{" + inner + "}" + after).encode("utf-8", "surrogatepass"),
    members,
    st.sampled_from(["", " ", "\n", "\ufeff", "\0", "\u00a0"]),
    st.sampled_from(["", " ", "\n", "x", "{}", "\0", "//"]),
)


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies, st.binary(max_size=1), st.integers(0, 80))
def test_what_the_edge_reads_node_reads(program: Program, node: Node, body: bytes, piece: bytes, at: int):
    changed = body[:at] + piece + body[at + len(piece) :]

    outcome = program.request(body=changed)

    if outcome.went_on:
        assert node.read(changed) == outcome.decision["request"]


def test_node_takes_the_last_of_two_equal_keys_and_the_edge_refuses_them(program: Program, node: Node):
    body = b'{"model":"fast","max_tokens":1,"max_tokens":1000000}'

    assert node.read(body) == {"model": "fast", "stream": False, "max_tokens": 1_000_000}
    assert program.request(body=body).refusal == "duplicate_key"


def test_node_overlooks_a_byte_order_mark_and_the_edge_refuses_it(program: Program, node: Node):
    body = b'\xef\xbb\xbf{"model":"fast"}'

    assert node.read(body) == {"model": "fast", "stream": False}
    assert program.request(body=body).refusal == "malformed_json"


def test_node_replaces_bytes_that_are_not_utf8_and_the_edge_refuses_them(program: Program, node: Node):
    body = b'{"model":"fast","x":"\xff"}'

    assert node.read(body) == {"model": "fast", "stream": False}
    assert program.request(body=body).refusal == "malformed_json"
