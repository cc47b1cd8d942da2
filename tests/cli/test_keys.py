"""`gwctl keys`: made, changed, rotated and revoked by one command each."""

import re

import pytest

from cli.conftest import Gwctl
from gwctl.core.keys import is_key


@pytest.fixture
def key(gw: Gwctl) -> str:
    gw("apply", "-f", "-", "--yes", stdin="teams:\n  - id: search\n").ok()
    created = gw("keys", "create", "search", "--name", "build", "--usd", "2.5", "--rpm", "9", "--tag", "cost=7").ok()
    assert is_key(created.out.strip())
    assert created.out.strip() not in created.err
    return created.out.strip()[:14]


def test_a_key_is_made_listed_and_shown_without_its_secret(gw: Gwctl, key: str):
    listed = gw("keys", "list", "--team", "search").ok().out
    assert key in listed
    assert "$2.5 a month, 9 requests a minute" in gw("keys", "show", key).ok().out
    document = gw("keys", "show", key, "-o", "json").json()["document"]
    assert (document["name"], document["tags"], document["enabled"]) == ("build", {"cost": "7"}, True)
    assert "sha256" not in str(document)
    assert gw("keys", "list", "--team", "none").ok().out == ""


def test_a_change_says_what_it_changes_and_leaves_the_rest(gw: Gwctl, key: str):
    assert f"key {key}: limit_usd from 2.5 to 7" in gw("keys", "set", key, "--usd", "7", "--expires", "30d").ok().out
    assert f"key {key}: enabled from yes to no" in gw("keys", "disable", key).ok().out
    document = gw("keys", "show", key, "-o", "json").json()["document"]
    assert (document["name"], document["limit_usd"], document["enabled"]) == ("build", 7, False)
    assert re.match(r"20\d\d-", document["expires"])
    assert "enabled from no to yes" in gw("keys", "enable", key).ok().out
    assert "nothing to change" in gw("keys", "enable", key).ok().out


def test_a_rotated_key_is_shown_and_a_revoked_one_is_gone(gw: Gwctl, key: str):
    rotated = gw("keys", "rotate", key, "--grace", "12h").ok()
    assert is_key(rotated.out.strip())
    assert "has a new secret; the old one is good until" in rotated.err
    gw("keys", "revoke", key, "--yes").ok()
    assert f"there is no key '{key}'" in gw("keys", "show", key).failed()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "nobody"), "there is no team 'nobody'"),
        (("create", "search", "--network", "10.0.0.1/8"), "is not a network; write one such as 10.0.0.0/8"),
        (("create", "search", "--expires", "soon"), "'soon' is no time such as 90d, 12h or 30m"),
        (("create", "search", "--tag", "cost"), "write NAME=VALUE"),
        (("set", "gwk_0000000000"), "nothing to change: name what the key may do"),
        (("rotate", "gwk_0000000000", "--yes"), "there is no key 'gwk_0000000000'"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(gw: Gwctl, key: str, arguments: tuple[str, ...], said: str):
    assert said in " ".join(gw("keys", *arguments).failed().split())


def test_a_file_with_keys_is_told_who_makes_them(gw: Gwctl, key: str):
    text = f"teams:\n  - id: other\nkeys:\n  - {{id: {key}, team: search, secrets: [{{sha256: '{'0' * 64}'}}]}}\n"
    assert "`gwctl keys` makes and changes them" in gw("apply", "-f", "-", "--yes", stdin=text).ok().err
