"""Snapshot → Lua tables: evaluated in LuaJIT they hold exactly the snapshot's strings, whatever these are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.edge.policy_tables import filled, lua_string, lua_value, policy_tables
from gwctl.policy.snapshot import ClientEntry, Profile, Snapshot, TeamEntry
from unit.edge.program import SETTINGS, lua_runtime, python
from unit.policy.examples import compiled

HOSTILE = [
    '"',
    "'",
    "\\",
    "\\\\",
    '"; os.execute("id") --',
    "]]",
    "]==]",
    "[[",
    "--",
    "--[[",
    "\n",
    "\r\n",
    "\0",
    "a\0b",
    "\\0",
    "\\n",
    "end",
    "\u2028",
    "ü",
    "日本",
    "😀",
    "%s",
    "${x}",
    "{}",
    "a" * 100_000,
    "\\" * 1_001,
    "\x7f\x80\xff",
    "1\\0011",
    "",
]
strings = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(HOSTILE)


def evaluated(source: str) -> Any:
    return lua_runtime().execute(source.encode())


@given(strings)
def test_a_string_is_itself_again(value: str):
    assert evaluated(f"return {lua_string(value)}") == value.encode()


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value)[:20])
def test_a_hostile_string_is_itself_again(value: str):
    assert evaluated(f"return {lua_string(value)}") == value.encode()


@given(strings)
def test_only_plain_characters_are_written(value: str):
    literal = lua_string(value)

    assert literal.isascii()
    assert literal.isprintable()
    assert '"' not in literal[1:-1]


@given(
    st.recursive(
        strings | st.booleans() | st.integers(-(2**53), 2**53),
        lambda each: st.dictionaries(strings, each, min_size=1, max_size=3),
    )
)
def test_a_value_is_itself_again(value: Any):
    assert python(evaluated(f"return {lua_value(value)}")) == value


@given(st.lists(strings, max_size=5))
def test_a_list_is_itself_again(value: list[str]):
    found = python(evaluated(f"return {lua_value(value)}"))

    assert (found or []) == value


def hostile_snapshot(names: list[str]) -> Snapshot:
    """A snapshot whose every name is hostile; the documents' own checks are left out."""
    base = compiled()
    variant = next(iter(base.variants))
    return base.model_copy(
        update={
            "clients": {
                name: ClientEntry.model_construct(team=name, enabled=i % 2 == 0) for i, name in enumerate(names)
            },
            "teams": {
                name: TeamEntry.model_construct(profile=name, enabled=i % 3 == 0) for i, name in enumerate(names)
            },
            "profiles": {
                name: Profile.model_construct(models={other: {"chat": name} for other in names}) for name in names
            },
            "variants": dict.fromkeys(names, base.variants[variant]),
        }
    )


def tables_of(snapshot: Snapshot) -> Any:
    names = ("CLIENTS", "CLIENTS_OFF", "TEAMS", "TEAMS_OFF", "PROFILES", "VARIANTS")
    source = policy_tables(snapshot, SETTINGS) + "return {" + ",".join(f"{name}={name}" for name in names) + "}"
    return evaluated(source)


def plain(table: Any) -> Any:
    return {key.decode(): value.decode() if isinstance(value, bytes) else value for key, value in table.items()}


@given(st.lists(strings, unique=True, max_size=6))
def test_the_tables_hold_the_snapshots_strings(names: list[str]):
    snapshot = hostile_snapshot(names)

    found = tables_of(snapshot)

    assert plain(found[b"CLIENTS"]) == {name: entry.team for name, entry in snapshot.clients.items()}
    assert set(plain(found[b"CLIENTS_OFF"])) == {name for name, entry in snapshot.clients.items() if not entry.enabled}
    assert plain(found[b"TEAMS"]) == {name: entry.profile for name, entry in snapshot.teams.items()}
    assert set(plain(found[b"TEAMS_OFF"])) == {name for name, entry in snapshot.teams.items() if not entry.enabled}
    assert set(plain(found[b"VARIANTS"])) == set(snapshot.variants)
    profiles = {
        name: {alias: plain(apis) for alias, apis in plain(models).items()}
        for name, models in plain(found[b"PROFILES"]).items()
    }
    assert profiles == {
        name: {alias: dict(apis) for alias, apis in p.models.items()} for name, p in snapshot.profiles.items()
    }


def test_nothing_in_data_becomes_code():
    name = '"]=1 BROKEN=true --'
    lua = lua_runtime()

    lua.execute(policy_tables(hostile_snapshot([name]), SETTINGS).encode())

    assert lua.globals()[b"BROKEN"] is None


def test_more_entries_than_a_function_may_hold_constants_are_chunked():
    rows = [(f"client-{number:026d}", f"team-{number}") for number in range(70_000)]

    found = evaluated("\n".join(filled("local T", rows)) + "\nreturn T")

    assert len(list(found)) == 70_000
    assert found[b"client-00000000000000000000069999"] == b"team-69999"


def test_the_shortest_entries_fit_too():
    """A constant for each key and value, each as short as can be."""
    rows = [(chr(0x100 + number), str(number)) for number in range(40_000)]

    found = evaluated("\n".join(filled("local T", rows)) + "\nreturn T")

    assert len(list(found)) == 40_000


def test_more_profiles_than_a_function_may_have_locals_are_loaded():
    names = [f"p{number}" for number in range(300)]
    base = compiled()

    found = tables_of(base.model_copy(update={"profiles": {name: Profile(models={}) for name in names}}))

    assert len(list(found[b"PROFILES"])) == 300
