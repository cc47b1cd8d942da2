"""Each kind of error that `gwctl docs check` looks for is found where it is planted, with a command that mends it."""

import subprocess
from pathlib import Path

import click
import pytest

from gwctl.cli.main import cli
from support.checkout import planted, without
from tools.docs import build
from tools.docs.check import claims, problems

CONTROLS = "docs/auditors/controls.yaml"
FLOWS = "docs/auditors/flows.yaml"
ADR = "docs/adr/0040-lua-policy.md"


@pytest.fixture(scope="module")
def known(copied: Path) -> set[str]:
    """What is wrong before anything is planted: another test's business. Generated pages are current."""
    build.write(copied, cli)
    return {str(each) for each in claims(copied, cli)}


def new(root: Path, known: set[str], group: click.Group = cli) -> list[str]:
    """What is claimed and not there beyond what was known."""
    return [str(each) for each in claims(root, group) if str(each) not in known]


@pytest.mark.parametrize(
    ("file", "old", "wrong", "said"),
    [
        (
            CONTROLS,
            "test_tokens.py",
            "test_tokenz.py",
            "there is no test tests/gateway/conformance/access/test_tokenz.py",
        ),
        (
            CONTROLS,
            "::test_a_model_outside_the_profile_is_not_found",
            "::test_a_model_outside_the_profile_is_never_found",
            "there is no test tests/gateway/conformance/access/test_permissions.py::test_a_model_outside",
        ),
        (
            CONTROLS,
            "[root_production-no_action_is_a_wildcard]",
            "[root_production-no_action_is_wild]",
            "there is no test tests/plan/rules/test_security.py",
        ),
        (
            CONTROLS,
            "module.auth.aws_cognito_user_pool.this",
            "module.auth.aws_cognito_user_pools.this",
            "there is no resource module.auth.aws_cognito_user_pools.this",
        ),
        (
            CONTROLS,
            "module.networking.module.web_acl",
            "module.networking.module.firewall",
            "there is no resource module.networking.module.firewall",
        ),
        (CONTROLS, 'adrs: ["0040"]', 'adrs: ["0099"]', "there is no decision 0099"),
        (CONTROLS, "runbooks: [ledger-down]", "runbooks: [ledger-dawn]", "there is no runbook ledger-dawn"),
        (CONTROLS, "CC6.1, CC6.6]", "CC6.1, CC6.99]", "frameworks.yaml has no soc2 CC6.99"),
        (CONTROLS, "id: AC-02", "id: AC-01", "the id is used twice"),
        (FLOWS, "module.networking.aws_lb_listener.https", "module.networking.aws_lb_listener.tls", "no resource"),
        (FLOWS, "    target: alb\n", "    target: elb\n", "there is no part elb"),
        (ADR, "## Decision drivers", "## What drives us", "the section 'Decision drivers' is missing or empty"),
        (ADR, "status: accepted", "status: agreed", "the status 'agreed' is none of"),
        (ADR, "date: 2026-", "date: 26-", "is not YYYY-MM-DD"),
        (ADR, "tests/unit/edge/lua/test_policy.py", "tests/unit/edge/test_policies.py", "is no test"),
        (ADR, "# 0040: ", "# 0400: ", "its heading does not begin with '# 0040: '"),
        ("README.md", "docs/cursed-knowledge.md", "docs/cursed-wisdom.md", "leads nowhere"),
        ("docs/cursed-knowledge.md", "", "\n[x](adr/0015-envoy-edge.md#nowhere)\n", "has no such heading"),
        ("docs/cursed-knowledge.md", "", "\n[x](../../outside.md)\n", "leads nowhere"),
        ("docs/cursed-knowledge.md", "", "\nRun `gwctl budgetz list`.\n", "there is no command `gwctl budgetz`"),
        ("docs/cursed-knowledge.md", "", "\n```shell\ngwctl docs biuld\n```\n", "no command `gwctl docs biuld`"),
        ("docs/flow.md", "[`parse_call`]", "[`parse_calls`]", "call.py does not define parse_calls"),
        ("docs/flow.md", "### `gwctl up`: ", "### `gwctl up`: 1", "goes through"),
        ("docs/reference/cli.md", "## gwctl docs check", "## docs check", "`gwctl docs check` is not documented"),
    ],
)
def test_a_planted_error_is_found(copied: Path, known: set[str], file: str, old: str, wrong: str, said: str):
    with planted(copied, file, old, wrong):
        found = new(copied, known)
    assert [each for each in found if said in each and "\n    fix: " in each], found or "nothing was found"


def test_a_decision_that_is_gone_is_missed(copied: Path, known: set[str]):
    with without(copied / ADR):
        assert any("there is no decision 0040" in each for each in new(copied, known))


def test_a_page_that_somebody_edited_is_not_current(copied: Path, known: set[str]):
    with planted(copied, "docs/auditors/controls.md", "## ", "## Mind: "):
        found = [each for each in problems(copied, cli) if each.where == "docs/auditors/controls.md"]
    assert [(each.what, each.fix) for each in found] == [("is not what would be generated", "gwctl docs build")]


@pytest.mark.parametrize(
    ("name", "command"),
    [("openapi.json", "gwctl.admin.api.openapi"), ("environment.schema.json", "gwctl environments schema")],
)
def test_a_schema_that_somebody_edited_is_not_current(copied: Path, known: set[str], name: str, command: str):
    with planted(copied, f"docs/reference/{name}", '"type": "string"', '"type": "strings"'):
        found = [each for each in problems(copied, cli) if each.where == f"docs/reference/{name}"]
    assert len(found) == 1
    assert command in found[0].fix


def test_a_generated_page_that_is_missing_is_missed(copied: Path, known: set[str]):
    with without(copied / "docs" / "reference" / "events.md"):
        assert any(each.where == "docs/reference/events.md" for each in problems(copied, cli))


def test_a_new_command_has_to_be_documented(copied: Path, known: set[str]):
    class WithOneMore(type(cli)):
        def list_commands(self, ctx: click.Context) -> list[str]:
            return [*cli.list_commands(ctx), "sing"]

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            return click.Command("sing") if cmd_name == "sing" else cli.get_command(ctx, cmd_name)

    found = new(copied, known, WithOneMore())
    assert any("`gwctl sing` is not documented" in each for each in found)
    assert any("`gwctl sing` says not what it does" in each for each in found)


def test_the_printed_command_mends_a_misspelt_test(copied: Path, known: set[str]):
    with planted(
        copied, CONTROLS, "test_a_model_outside_the_profile_is_not_found", "test_a_model_outside_is_not_found"
    ):
        wrong = [each for each in claims(copied, cli) if "there is no test" in each.what and str(each) not in known]
        assert len(wrong) == 1
        subprocess.run(wrong[0].fix, shell=True, cwd=copied, check=True)  # nosemgrep: subprocess-list # as printed
        assert [each for each in new(copied, known) if "there is no test" in each] == []


def test_the_printed_command_mends_a_dead_link(copied: Path, known: set[str]):
    with planted(copied, "README.md", "(docs/cursed-knowledge.md)", "(docs/cursed-knowlege.md)"):
        wrong = [each for each in claims(copied, cli) if "leads nowhere" in each.what and str(each) not in known]
        subprocess.run(wrong[0].fix, shell=True, cwd=copied, check=True)  # nosemgrep: subprocess-list # as printed
        assert new(copied, known) == []
