"""Answers that Portkey hands on unchanged, read as the edge reads them, come out as the table says."""

import pytest

from metering.recorded import Case, assert_as_expected, cases, metered


@pytest.mark.parametrize("case", [case for case in cases() if case.handed_on_unchanged], ids=lambda case: case.id)
def test_the_answer_is_metered_as_the_table_says(case: Case):
    assert_as_expected(case, metered(case, b"".join(case.pieces()), case.status))
