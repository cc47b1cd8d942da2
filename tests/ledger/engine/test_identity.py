"""An agent keeps its name across restarts, and no two processes have the same one at a time."""

from pathlib import Path

import pytest

from gwctl.agent.reserve.identity import IDENTITY_FILE, claimed_identity
from gwctl.core.errors import UserError


def test_a_new_agent_gets_a_fresh_name(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with claimed_identity(tmp_path) as one, claimed_identity(tmp_path / "other") as other:
        assert one.fresh
        assert one.agent != other.agent


def test_a_restarted_agent_has_its_old_name_and_a_new_writer(tmp_path: Path) -> None:
    with claimed_identity(tmp_path) as first:
        pass
    with claimed_identity(tmp_path) as second:
        assert (second.agent, second.fresh) == (first.agent, False)
        assert second.writer != first.writer


def test_a_second_process_in_the_same_directory_is_turned_away(tmp_path: Path) -> None:
    with claimed_identity(tmp_path), pytest.raises(UserError, match="already runs"), claimed_identity(tmp_path):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "7"])
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / IDENTITY_FILE).write_text(content)
    with pytest.raises(UserError, match="is damaged; delete it"), claimed_identity(tmp_path):
        pass
