"""Documents: what is accepted, and what the author is told about the rest."""

from pathlib import Path

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.core import regions
from gwctl.policy.errors import PolicyError
from gwctl.policy.loader import load_documents, located
from gwctl.policy.references import reference_problems
from gwctl.policy.validation import SECTIONS, validate_documents
from unit.policy.examples import KEY, documents, sections

ROUTE = {"id": "r", "targets": [{"provider": "openai", "model": name} for name in "ab"]}


def problems_of(**replaced: object) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        documents(**replaced)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("section", SECTIONS)
def test_an_unknown_field_is_refused_in_every_document(section: str):
    first, *_ = sections(keys=[KEY])[section]
    (problem,) = problems_of(**{section: [{**first, "surprise": 1}]})
    assert problem.startswith(f"{section}/")
    assert ": surprise: unknown field; known are " in problem


def test_a_misspelt_field_is_met_with_the_right_one():
    teams = [{"id": "search", "modells": ["fast"]}]
    assert problems_of(teams=teams) == ["teams/search: modells: unknown field; did you mean models?"]


def test_a_misspelt_field_deep_inside_a_document_is_met_with_the_right_one():
    routes = [{"id": "fast", "targets": [{"provider": "openai", "model": "m", "wieght": 2}]}]
    assert problems_of(routes=routes) == ["routes/fast: targets.0.wieght: unknown field; did you mean weight?"]


def test_an_unknown_section_is_refused():
    assert problems_of(budget=[]) == ["policy: budget: unknown section; did you mean budgets?"]


def test_a_missing_field_is_named():
    assert problems_of(clients=[{"id": "c"}]) == ["clients/c: team: is missing; add it"]


@pytest.mark.parametrize(
    ("section", "entry", "expected"),
    [
        ("teams", {"id": "Has Spaces"}, "id: 'Has Spaces' has characters or a length that are not allowed; use what"),
        ("pricing", {"provider": "openai", "model": "m", "input": -1, "output": 1}, "greater than or equal to 0"),
        ("pricing", {"provider": "openai", "model": "m", "input": 99_999, "output": 1}, "less than or equal to 10000"),
        ("pricing", {"provider": "openai", "model": "m", "input": "0.0000000001", "output": 1}, "decimal places"),
        ("routes", {**ROUTE, "circuit_breaker": {"failures": 0}}, "greater than or equal to 1"),
        ("routes", {**ROUTE, "circuit_breaker": {"open_second": 1}}, "did you mean open_seconds?"),
        ("routes", {**ROUTE, "targets": ROUTE["targets"][:1], "circuit_breaker": {}}, "no other target or fallback"),
        ("routes", {**ROUTE, "fallback_on": [], "circuit_breaker": {}}, "no other target or fallback"),
        ("budgets", {"id": "b", "period": "day"}, "needs exactly one of limit_usd, limit_tokens and limit_requests"),
        ("budgets", {"id": "b", "period": "day", "limit_usd": 1, "limit_tokens": 1}, "needs exactly one of"),
        ("budgets", {"id": "b", "period": "day", "limit_usd": 1, "team": "t", "client": "c"}, "the client only"),
        ("budgets", {"id": "b", "period": "day", "limit_usd": 1, "model": "fast"}, "belongs to a team"),
        ("budgets", {"id": "b", "period": "day", "limit_usd": 1, "timezone": "Mars/Olympus"}, "IANA database"),
        ("budgets", {"id": "b", "period": "day", "limit_usd": "NaN"}, "finite number"),
        ("providers", {"id": "p", "kind": "bedrock"}, "a bedrock provider needs a region"),
        ("providers", {"id": "p", "kind": "openai", "base_url": "http://user:pw@host"}, "must not carry credentials"),
        ("providers", {"id": "p", "kind": "openai", "base_url": "file:///etc/passwd"}, "must be an http://"),
        *(
            (
                "providers",
                {"id": "p", "kind": "openai", "base_url": url},
                "base_url: must be an http:// or https:// URL",
            )
            for url in ("http://[", "http://", "http://a b", "http://x:99999")
        ),
        ("routes", {"id": "r", "targets": []}, "targets: "),
        ("routes", {"id": 'r"];--', "targets": [{"provider": "openai", "model": "m"}]}, "not allowed"),
        ("scanner", {"id": "s", "action": "deny"}, "needs exactly one of pattern and bedrock_guardrail"),
    ],
)
def test_a_wrong_value_is_refused(section: str, entry: dict[str, object], expected: str):
    assert any(expected in problem for problem in problems_of(**{section: [entry]}))


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists)))
def test_whatever_is_given_it_is_a_policy_error_or_a_policy(given: dict[str, object]):
    try:
        validate_documents(given)
    except PolicyError as error:
        assert error.problems  # noqa: PT017 - most inputs are valid, and that is fine too


def test_a_directory_of_files_is_one_policy(tmp_path: Path):
    (tmp_path / "teams.yaml").write_text("teams:\n- id: search\n")
    (tmp_path / "more-teams.yaml").write_text("teams:\n- id: platform\n")
    assert [team.id for team in load_documents(tmp_path).teams] == ["platform", "search"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"teams: [", "line "),
        (b"", "holds no document"),
        (b"# nothing but comments\nroutes:\nteams: []\n", "holds no document"),
        (b"- a list", "is not a mapping of sections"),
        (b"teams: 5", "must be a list of documents"),
        (b"teams: []\nteams: []", "the key 'teams' stands twice"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"a: !!python/object/apply:os.system [id]", "could not determine a constructor"),
    ],
)
def test_a_broken_file_is_one_clear_problem(tmp_path: Path, content: bytes, expected: str):
    file = tmp_path / "policy.yaml"
    file.write_bytes(content)
    with pytest.raises(PolicyError) as caught:
        load_documents(file)
    (problem,) = caught.value.problems
    assert problem.document == str(file)
    assert expected in str(problem)


def test_a_missing_file_says_so(tmp_path: Path):
    with pytest.raises(PolicyError, match="cannot be read \\(No such file or directory\\)"):
        load_documents(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("teams:\n- id: search\n  models: fast\n", "3:3: teams/search: models: 'fast' is no list; write [fast]"),
        ("teams:\n- {id: a, models: [x, Has Space]}\n", "2:23: teams/a: models.1: 'Has Space' has characters"),
        ("teams:\n- id: a\n  enabled: maybe\n", "3:3: teams/a: enabled: 'maybe' is neither true nor false; write true"),
        ("teams: [{id: 7}]\n", "1:10: teams/#1: id: 7 is no text; write it in quotes"),
        ("tems: [{id: a}]\n", "1:1: tems: unknown section; did you mean teams?"),
        ("teams:\n- {modles: x, id: a}\n", "2:4: teams/a: modles: unknown field; did you mean models?"),
        (
            "budgets: [{id: b, period: day, limit_usd: 1, action: blok}]\n",
            "1:46: budgets/b: action: 'blok' is not allowed; did you mean block?",
        ),
        (
            "budgets: [{id: b, period: day, limit_usd: 1, timezone: Berlin}]\n",
            "1:46: budgets/b: timezone: 'Berlin' is not a time zone of the IANA database; did you mean Europe/Berlin?",
        ),
        (
            "budgets: [{id: b, period: day, limit_usd: 1, timezone: Europe/Berln}]\n",
            "1:46: budgets/b: timezone: 'Europe/Berln' is not a time zone of the IANA database; did you mean Europe/",
        ),
        (
            "pricing: [{provider: p, model: m, input: 0.0000025, output: 1}]\n",
            "1:35: pricing/p/m: input: 0.0000025 looks like the price of one token; prices are for a "
            "million tokens: write 2.5",
        ),
        (
            "providers:\n- {id: b, kind: bedrock, region: eu-centrl-1}\n",
            "2:3: providers/b: region eu-centrl-1 is no AWS region; did you mean eu-central-1?",
        ),
        (
            "providers:\n- {id: v, kind: vertex-ai, project: acme, region: eu-central-1}\n",
            "2:3: providers/v: region eu-central-1 is no region of Google Cloud; write its code, such as europe-west4",
        ),
        ("teams:\n- id: a\n\tname: b\n", "line 3: column 1: "),
    ],
)
def test_a_problem_is_told_with_line_column_value_and_the_right_word(tmp_path: Path, text: str, expected: str):
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(PolicyError) as caught:
        load_documents(file)
    (problem,) = caught.value.problems
    assert expected in str(problem)
    assert str(problem).startswith(str(file))


def test_a_tab_is_named_as_such(tmp_path: Path):
    file = tmp_path / "policy.yaml"
    file.write_text("teams:\n- id: a\n\tname: b\n")
    with pytest.raises(PolicyError, match="indent with spaces, not with tabs"):
        load_documents(file)


def test_a_reference_to_nothing_is_found_in_the_file_that_makes_it(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("teams:\n- id: search\n")
    (tmp_path / "b.yaml").write_text("clients:\n- id: web\n  team: serch\n")
    (problem,) = reference_problems(load_documents(tmp_path))
    (told,) = located(tmp_path, [problem])
    assert str(told) == (
        f"{tmp_path / 'b.yaml'}:3:3: clients/web: team: there is no team 'serch'; did you mean search?"
    )


def test_the_regions_of_aws_are_those_that_its_sdk_knows():
    session = botocore.session.Session()
    known = {name for part in ("aws", "aws-cn", "aws-us-gov") for name in session.get_available_regions("ec2", part)}
    assert known == regions.AWS
