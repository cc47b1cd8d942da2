"""The watched policy file: compiled, published, and left alone when it is wrong."""

import json
import stat
from pathlib import Path

import pytest

from gwctl.errors import UserError
from gwctl.local.policy_file import Additions, PolicyFile
from gwctl.local.providers import detect, sample_offers
from gwctl.policy.errors import PolicyError
from gwctl.policy.snapshot import Snapshot

POLICY = """
routes:
  - id: a
    targets: [{provider: sample-openai, model: sample-gpt}]
teams:
  - id: default
clients:
  - {id: local, team: default}
"""
ADDITIONS = Additions(sample_offers(4000), {}, {})


@pytest.fixture
def file(tmp_path: Path) -> PolicyFile:
    (tmp_path / "policy.yaml").write_text(POLICY)
    return PolicyFile(tmp_path / "policy.yaml", tmp_path / "snapshot.json", tmp_path / "secrets.json")


def again(file: PolicyFile) -> PolicyFile:
    """The file as the next process sees it."""
    folder = file.path.parent
    return PolicyFile(file.path, folder / "snapshot.json", folder / "secrets.json")


def published(file: PolicyFile) -> Snapshot:
    return Snapshot.from_json((file.path.parent / "snapshot.json").read_bytes())


def test_the_first_policy_has_version_1(file: PolicyFile):
    file.publish(file.compile(ADDITIONS))
    assert published(file).version == 1


def test_a_changed_policy_has_the_next_version_also_after_a_restart(file: PolicyFile):
    file.publish(file.compile(ADDITIONS))
    file.path.write_text(POLICY.replace("id: a", "id: b"))
    restarted = again(file)
    restarted.publish(restarted.compile(ADDITIONS))
    assert published(file).version == 2


def test_a_file_that_says_the_same_keeps_its_version(file: PolicyFile):
    file.publish(file.compile(ADDITIONS))
    file.path.write_text(POLICY + "# a comment\n")
    file.publish(file.compile(ADDITIONS))
    assert published(file).version == 1


def test_an_unchanged_policy_is_not_written_again(file: PolicyFile):
    file.publish(file.compile(ADDITIONS))
    before = (file.path.parent / "snapshot.json").stat().st_mtime_ns
    file.publish(file.compile(ADDITIONS))
    assert (file.path.parent / "snapshot.json").stat().st_mtime_ns == before


def test_a_moved_sample_provider_is_a_change(file: PolicyFile):
    file.publish(file.compile(ADDITIONS))
    file.publish(file.compile(Additions(sample_offers(4001), {}, {})))
    assert published(file).providers["sample-openai"].base_url == "http://127.0.0.1:4001/v1"


def test_secrets_are_written_for_the_owner_alone_and_not_into_the_snapshot(file: PolicyFile):
    offers = [*sample_offers(4000), *detect({"OPENAI_API_KEY": "sk-canary"}, 8080)]
    file.publish(file.compile(Additions(offers, {}, {})))
    secrets = file.path.parent / "secrets.json"
    assert json.loads(secrets.read_text())["openai"] == {"api_key": "sk-canary"}
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert b"sk-canary" not in (file.path.parent / "snapshot.json").read_bytes()


def test_a_policy_that_does_not_compile_changes_nothing(file: PolicyFile):
    file.publish(file.compile(ADDITIONS))
    file.path.write_text(POLICY.replace("team: default", "team: nobody"))
    with pytest.raises(PolicyError, match="clients/local: team"):
        file.compile(ADDITIONS)
    assert published(file).clients["local"].team == "default"


def test_an_upstream_that_does_not_fit_is_an_error(file: PolicyFile):
    with pytest.raises(UserError, match="no provider nope"):
        file.compile(Additions(sample_offers(4000), {"nope": "http://127.0.0.1:1"}, {}))


def test_a_file_is_changed_until_it_was_compiled(file: PolicyFile):
    assert file.changed()
    file.compile(ADDITIONS)
    assert not file.changed()


def test_a_broken_file_is_not_read_again_until_it_changes(file: PolicyFile):
    file.path.write_text("routes: [")
    with pytest.raises(PolicyError):
        file.compile(ADDITIONS)
    assert not file.changed()


def test_an_edit_of_the_same_length_is_a_change(file: PolicyFile):
    file.compile(ADDITIONS)
    file.path.write_text(POLICY.replace("id: a", "id: b"))
    assert file.changed()


def test_a_replaced_file_is_a_change(file: PolicyFile):
    file.compile(ADDITIONS)
    other = file.path.with_name("new")
    other.write_text(POLICY)
    other.replace(file.path)
    assert file.changed()


def test_a_new_file_in_a_policy_directory_is_a_change(tmp_path: Path):
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "10.yaml").write_text(POLICY)
    file = PolicyFile(folder, tmp_path / "snapshot.json", tmp_path / "secrets.json")
    file.compile(ADDITIONS)
    (folder / "20.yaml").write_text("teams: [{id: other}]")
    assert file.changed()
    assert set(file.compile(ADDITIONS).snapshot.teams) == {"default", "other"}


def test_a_spoilt_snapshot_is_no_obstacle(file: PolicyFile):
    (file.path.parent / "snapshot.json").write_text("{")
    restarted = again(file)
    restarted.publish(restarted.compile(ADDITIONS))
    assert published(file).version == 1
