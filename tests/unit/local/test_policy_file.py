"""The watched policy file: when it has changed, what it says, and that a wrong one is told once."""

from pathlib import Path

import pytest

from gwctl.core.errors import UserError
from gwctl.local.policy.policy_file import Additions, PolicyFile
from gwctl.local.policy.providers import detect, sample_offers, secret_variable
from gwctl.policy.errors import PolicyError

POLICY = """
providers:
  - {id: mine, kind: openai}
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
    return PolicyFile(tmp_path / "policy.yaml")


def test_the_documents_are_those_of_the_file_and_providers_are_apart(file: PolicyFile):
    content = file.load(ADDITIONS).content
    assert [route.id for route in content.documents.routes] == ["a"]
    assert content.documents.providers == ()
    assert {provider.id for provider in content.providers} == {"mine", "sample-openai", "sample-anthropic"}


def test_providers_know_where_the_sample_provider_is(file: PolicyFile):
    providers = {each.id: each for each in file.load(Additions(sample_offers(4001), {}, {})).content.providers}
    assert providers["sample-openai"].base_url == "http://127.0.0.1:4001/v1"


def test_secrets_are_beside_what_the_file_says_and_not_in_it(file: PolicyFile):
    offers = [*sample_offers(4000), *detect({"OPENAI_API_KEY": "sk-canary"}, 8080)]
    loaded = file.load(Additions(offers, {}, {secret_variable("mine"): "sk-mine"}))
    assert loaded.secrets["openai"] == {"api_key": "sk-canary"}
    assert loaded.secrets["mine"] == {"api_key": "sk-mine"}
    assert "sk-" not in loaded.content.model_dump_json() + repr(loaded)


def test_what_is_no_policy_is_an_error(file: PolicyFile):
    file.path.write_text(POLICY + "routs: []\n")
    with pytest.raises(PolicyError, match="routs"):
        file.load(ADDITIONS)


def test_an_upstream_that_does_not_fit_is_an_error(file: PolicyFile):
    with pytest.raises(UserError, match="no provider nope"):
        file.load(Additions(sample_offers(4000), {"nope": "http://127.0.0.1:1"}, {}))


def test_a_file_is_changed_until_it_was_loaded(file: PolicyFile):
    assert file.changed()
    file.load(ADDITIONS)
    assert not file.changed()


def test_a_file_that_is_forgotten_is_changed_again(file: PolicyFile):
    file.load(ADDITIONS)
    file.forget()
    assert file.changed()


def test_a_broken_file_is_not_read_again_until_it_changes(file: PolicyFile):
    file.path.write_text("routes: [")
    with pytest.raises(PolicyError):
        file.load(ADDITIONS)
    assert not file.changed()


def test_an_edit_of_the_same_length_is_a_change(file: PolicyFile):
    file.load(ADDITIONS)
    file.path.write_text(POLICY.replace("id: a", "id: b"))
    assert file.changed()


def test_a_replaced_file_is_a_change(file: PolicyFile):
    file.load(ADDITIONS)
    other = file.path.with_name("new")
    other.write_text(POLICY)
    other.replace(file.path)
    assert file.changed()


def test_a_new_file_in_a_policy_directory_is_a_change(tmp_path: Path):
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "10.yaml").write_text(POLICY)
    file = PolicyFile(folder)
    file.load(ADDITIONS)
    (folder / "20.yaml").write_text("teams: [{id: other}]")
    assert file.changed()
    assert {team.id for team in file.load(ADDITIONS).content.documents.teams} == {"default", "other"}
