"""The line that a deployed edge writes to its log group, and the saved queries that read it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import ISSUER, Issuer
from gateway.edge.kit.policies import SECRETS, policy
from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import OPENAI_CHAT, PATHS
from support.processes import wait_until
from support.replay_provider import Answer, ReplayProvider

QUERIES = Path(__file__).resolve().parents[3] / "modules" / "observability" / "queries.tf"
WORDS = {
    "and", "as", "asc", "avg", "by", "count", "desc", "fields", "filter", "ispresent", "limit", "like", "or", "pct",
    "sort", "stats",
}  # fmt: skip
"""Of the language of CloudWatch Logs Insights, as far as the queries use it."""
PROMPT = "the words of the conversation"


def saved_queries() -> dict[str, str]:
    """Name → query, of those that read what the edge wrote about requests."""
    found = re.findall(r"^    ([\w-]+) = \{\n.*?<<-EOT\n(.*?)EOT", QUERIES.read_text(), re.DOTALL | re.MULTILINE)
    return {name: text for name, text in found if "@message" not in text}


def fields_of(query: str) -> set[str]:
    """What a query reads of a line, dots between the names of nested values."""
    made = set(re.findall(r"\bas (\w+)", query))
    names = set(re.findall(r"(?<![@\w.])[a-z][\w.]*", query))
    return names - made - WORDS


def names_in(line: Any, prefix: str = "") -> Iterator[str]:
    """The names by which CloudWatch finds the values of a line."""
    for key, value in line.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from names_in(value, f"{prefix}{key}.")


@pytest.fixture
def lines(
    issuer: Issuer, portkey: Portkey, provider: ReplayProvider, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """What an edge writes of a request that is served and of one that is refused."""
    provider.on(PATHS["chat"], Answer.json(OPENAI_CHAT))
    settings = {"log_requests": True}
    with Edge(tmp_path_factory.mktemp("edge"), ISSUER, issuer.jwks_url, portkey.port, **settings) as edge:
        edge.apply(policy(provider.url), SECRETS)
        edge.start()
        headers = {"authorization": f"Bearer {issuer.token('search-api')}"}
        with httpx.Client(base_url=edge.url, headers=headers, timeout=10, trust_env=False) as client:
            for model, status in (("fast", 200), ("unheard-of", 404)):
                body = {"model": model, "messages": [{"role": "user", "content": PROMPT}]}
                assert client.post(PATHS["chat"], json=body).status_code == status
        process = edge.process
        assert process is not None

        def written() -> list[dict[str, Any]]:
            found = [json.loads(each) for each in process.output.splitlines() if each.startswith("{")]
            return found if len(found) == 2 else []

        found = wait_until(written, "two lines on the standard output")
        token = headers["authorization"].removeprefix("Bearer ")
        assert PROMPT not in process.output
        assert token not in process.output
        return found


def test_saved_queries_read_fields_that_the_edge_writes(lines: list[dict[str, Any]]):
    known = {name for line in lines for name in names_in(line)}
    queries = saved_queries()
    assert queries.keys() == {"errors", "refusals", "requests-by-team-and-model", "slowest-requests"}
    assert {name: unknown for name, text in queries.items() if (unknown := fields_of(text) - known)} == {}


def test_a_line_says_who_asked_whom_and_not_what_it_used(lines: list[dict[str, Any]]):
    served, refused = lines
    assert (served["status"], served["gw"]["decision"]["team"], served["served"]["provider"]) == (
        200,
        "search",
        "openai",
    )
    assert (refused["status"], refused["gw"]["refusal"]) == (404, "model_not_found")
    assert not {"usage", "quota", "upstream"} & served.keys()
