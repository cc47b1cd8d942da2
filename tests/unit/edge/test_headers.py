"""The patterns that keep all headers but a few from Portkey and from clients."""

import re
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gwctl.edge.envoy.headers import FROM_PORTKEY, TO_PORTKEY, all_but, except_for

NAMES = st.text("abc-", min_size=1, max_size=4)
LISTS = [pytest.param(TO_PORTKEY, id="to Portkey"), pytest.param(FROM_PORTKEY, id="from Portkey")]


@given(st.lists(NAMES, min_size=1, max_size=6), NAMES)
@example(["a-b", "a"], "a-")
def test_it_fits_every_name_but_those_given(names: list[str], name: str):
    assert (re.fullmatch(except_for(tuple(names)), name) is None) == (name in names)


@pytest.mark.parametrize("names", LISTS)
def test_it_fits_what_is_nearly_a_name(names: tuple[str, ...]):
    pattern = re.compile(except_for(names))
    near = {
        changed for name in names for changed in (name[:-1], name + "s", "x-" + name, name[1:], name[:3] + name[4:])
    }

    assert {each for each in near if not pattern.fullmatch(each)} <= set(names)


@pytest.mark.parametrize("names", LISTS)
@pytest.mark.parametrize("pseudo", [":path", ":status", ":method"])
def test_it_fits_no_pseudo_header(names: tuple[str, ...], pseudo: str):
    assert not re.fullmatch(except_for(names), pseudo)


def test_the_order_of_the_names_does_not_matter():
    assert all_but(("b", "a-c")) == all_but(("a-c", "b"))


def test_it_is_a_pattern_of_whole_names():
    mutation = cast("dict[str, Any]", all_but(("date",)))

    assert mutation["remove_on_match"]["key_matcher"]["safe_regex"]["regex"] == except_for(("date",))
