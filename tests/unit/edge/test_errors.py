"""The table of refusals."""

import re

import pytest

from gwctl.edge.envoy.local_replies import local_replies
from gwctl.edge.errors import REFUSALS, Refusal

ALL = list(REFUSALS.values())


@pytest.mark.parametrize("refusal", ALL, ids=list(REFUSALS))
def test_a_refusal_has_both_shapes(refusal: Refusal):
    assert refusal.openai() == {
        "error": {"message": refusal.message, "type": refusal.openai_type, "param": None, "code": refusal.code}
    }
    assert refusal.anthropic() == {
        "type": "error",
        "error": {"type": refusal.anthropic_type, "message": refusal.message},
    }


@pytest.mark.parametrize("refusal", ALL, ids=list(REFUSALS))
def test_a_refusal_is_said_in_plain_words(refusal: Refusal):
    assert re.fullmatch(r"[a-z_]+", refusal.code)
    assert 400 <= refusal.status <= 504
    assert not re.search("envoy|portkey|lua", refusal.message, re.IGNORECASE)


def test_envoy_has_one_refusal_for_a_status():
    statuses = [refusal.status for refusal in ALL if refusal.envoy]

    assert len(statuses) == len(set(statuses))


def test_every_reply_of_envoys_own_has_a_shape():
    """The last mapper catches every error that the others do not."""
    mappers = local_replies()["mappers"]

    assert isinstance(mappers, list)
    assert "'op': 'GE', 'value': {'default_value': 400" in str(mappers[-1])
    assert all("body_format_override" in str(mapper) for mapper in mappers[1:])
