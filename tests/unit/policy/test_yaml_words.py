"""YAML's words for yes and no are words, as in YAML 1.2: scanner rules and retries have a field `on`."""

from pathlib import Path

from gwctl.policy.loader import load_documents, parse_yaml


def test_a_field_called_on_is_read(tmp_path: Path):
    file = tmp_path / "policy.yaml"
    file.write_text("scanner:\n  - {id: a, action: deny, on: [input, output], pattern: x}\n")
    assert load_documents(file).scanner[0].on == ("input", "output")


def test_yes_and_no_are_still_understood_where_a_truth_is_wanted(tmp_path: Path):
    file = tmp_path / "policy.yaml"
    file.write_text(
        "teams: [{id: a, enabled: no}, {id: b, enabled: false}, {id: c, enabled: yes}, {id: d, enabled: true}]\n"
    )
    assert [team.enabled for team in load_documents(file).teams] == [False, False, True, True]


def test_several_documents_of_one_stream_are_told_apart():
    parts = parse_yaml("a: 1\n---\nb: on\n", "x")
    assert [part.content for part in parts] == [{"a": 1}, {"b": "on"}]


def test_a_date_is_a_word(tmp_path: Path):
    file = tmp_path / "policy.yaml"
    file.write_text("providers: [{id: a, kind: azure-openai, azure_resource: us, azure_api_version: 2024-10-21}]\n")
    assert load_documents(file).providers[0].azure_api_version == "2024-10-21"
