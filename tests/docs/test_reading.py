"""Markdown, Terraform and tests are read as GitHub, Terraform and pytest read them."""

from pathlib import Path

import pytest

from gwctl.core.errors import UserError
from support.scripts import ROOT
from tools.docs.reading import hcl, markdown, tests_index


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Down: what then?", "down-what-then"),
        ("`gwctl up` and down", "gwctl-up-and-down"),
        ("A [link](x.md) in it", "a-link-in-it"),
        ("snake_case stays", "snake_case-stays"),
        ("0040: Lua", "0040-lua"),
    ],
)
def test_a_heading_has_githubs_anchor(heading: str, anchor: str):
    assert markdown.slug(heading) == anchor


def test_a_heading_that_comes_twice_is_numbered():
    assert markdown.anchors("# One\n## Two\n## Two\n") == {"one", "two", "two-1"}


def test_links_in_code_are_none():
    text = "[a](b.md) `[c](d.md)`\n```\n[e](f.md)\n```\n[g]: h.md\n![i](<j k.png>)\n"
    assert [link.target for link in markdown.links(text)] == ["b.md", "h.md", "j k.png"]


def test_a_block_ends_where_its_fence_does():
    blocks = markdown.blocks("````text\n```\nx\n```\n````\n~~~shell a reason\ny\n~~~\n")
    assert [(block.language, block.note, block.text) for block in blocks] == [
        ("text", "", "```\nx\n```\n"),
        ("shell", "a reason", "y\n"),
    ]


def test_an_address_goes_through_modules_of_modules():
    file = hcl.resolve(ROOT / "infrastructure", "module.audit_log.module.records.aws_s3_bucket.this")
    assert file == ROOT / "modules" / "bucket" / "bucket.tf"


def test_the_key_of_an_instance_does_not_matter():
    assert hcl.resolve(ROOT / "infrastructure", 'module.fallback_routing[0].aws_cloudwatch_metric_alarm.fallbacks["x"]')


@pytest.mark.parametrize("address", ["aws_lb.this", "module.networking.aws_lb.that", "module.nothing", "networking"])
def test_an_address_that_nothing_defines_is_not_found(address: str):
    assert hcl.resolve(ROOT / "infrastructure", address) is None


@pytest.mark.parametrize(
    "test_id",
    [
        "tests/docs/test_reading.py::test_a_heading_has_githubs_anchor",
        "tests/docs/test_reading.py::test_a_heading_has_githubs_anchor[0040: Lua-0040-lua]",
        "tests/docs/test_reading.py",
        "tests/docs",
    ],
)
def test_what_pytest_has_exists(test_id: str):
    assert tests_index.exists(ROOT, test_id)


@pytest.mark.parametrize(
    "test_id",
    [
        "tests/docs/test_reading.py::test_that_nobody_wrote",
        "tests/docs/test_reading.py::test_links_in_code_are_none[case]",
        "tests/docs/test_reading.py::ROOT",
        "tests/docs/nothing.py",
        "tests/nowhere",
        "src/gwctl",
        "tests/docs/conftest.py",
    ],
)
def test_what_pytest_does_not_have_does_not_exist(test_id: str):
    assert not tests_index.exists(ROOT, test_id)


def test_tests_that_cannot_be_collected_are_told(tmp_path: Path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text("import nothing_of_this_name\n")
    with pytest.raises(UserError, match=r"pytest cannot collect .*nothing_of_this_name"):
        tests_index.exists(tmp_path, "tests/test_x.py::test_y")
