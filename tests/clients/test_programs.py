"""Claude Code, Codex and OpenCode from npm, configured by `gwctl connect … --write`, through the running gateway.

Each program runs with a prompt of its own; the sample provider repeats the prompt, so the answer proves the way there
and back.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from clients.client_programs import ClaudeCode, Codex, OpenCode, Program, Run
from support.gateway import Gateway

CLAUDE_CODE = ClaudeCode()
PROGRAMS = (CLAUDE_CODE, Codex(), OpenCode())


@dataclass(frozen=True)
class Visit:
    """A program after its visit to the gateway. `mark` is a position in the usage events, before it."""

    program: Program
    prompt: str
    run: Run
    home: Path
    variables: Mapping[str, str]
    mark: int


@pytest.fixture(scope="module")
def visit_of(running_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Program], Visit]:
    """A program's visit, once a module."""

    @cache
    def visit(program: Program) -> Visit:
        home = tmp_path_factory.mktemp(program.name)
        running_gateway.command("connect", program.name, "--write", home=home)
        variables = {"GWCTL_TOKEN": running_gateway.token()} if isinstance(program, OpenCode) else {}
        prompt = f"Say {uuid.uuid4()}."
        mark = running_gateway.usage_mark()
        run = program.ask(prompt, home, variables)
        assert run.returncode == 0, run.said
        return Visit(program, prompt, run, home, variables, mark)

    return visit


@pytest.fixture(params=PROGRAMS, ids=lambda program: program.name)
def visit(request: pytest.FixtureRequest, visit_of: Callable[[Program], Visit]) -> Visit:
    return visit_of(request.param)


def test_the_answer_arrives(visit: Visit):
    assert visit.prompt in visit.program.answer(visit.run), visit.run.said


def test_it_contacts_nothing_but_the_gateway(visit: Visit):
    assert visit.run.contacted == []


def test_its_usage_is_metered_as_it_shows_it(visit: Visit, running_gateway: Gateway):
    shown = visit.program.tokens(visit.run)

    event, *_ = running_gateway.usage_since(
        visit.mark,
        **{
            "api": visit.program.api,
            "outcome": "served",
            "estimated": False,
            "gen_ai.request.stream": True,
            "gen_ai.usage.input_tokens": shown.input,
            "gen_ai.usage.output_tokens": shown.output,
        },
    )

    assert event["cost_nano_usd"] > 0


def test_a_model_that_does_not_exist_ends_it_with_a_reason(visit: Visit):
    run = visit.program.ask("Hello.", visit.home, visit.variables, model="no-such-model")

    assert run.returncode != 0
    assert "no-such-model" in run.stdout + run.stderr, run.said


def test_claude_code_gets_the_answer_piece_by_piece(visit_of: Callable[[Program], Visit]):
    visit = visit_of(CLAUDE_CODE)
    pieces = CLAUDE_CODE.pieces(visit.run)

    assert len(pieces) > 5
    assert visit.prompt in "".join(pieces)
