"""Root and modules name only blocks and arguments that AWS provider 6.25.0 has; plans here are made with 5.100."""

import json
import shutil
from pathlib import Path

import pytest

from plan.kit.provider_names import COMMAND, FILE, Names, unknown, used
from plan.kit.terraform import MODULES
from plan.module_tables import directories

NAMES: Names = json.loads(FILE.read_text())


def test_every_kind_of_resource_that_is_used_has_its_names() -> None:
    assert [kind for kind in used() if kind not in NAMES] == [], f"{FILE.name} is old: {COMMAND}"


@pytest.mark.parametrize("directory", directories(), ids=lambda path: path.name)
def test_the_provider_knows_every_name(directory: Path) -> None:
    assert unknown(directory, NAMES) == []


@pytest.mark.parametrize(
    ("module", "right", "wrong", "found"),
    [
        ("networking", "idle_timeout  ", "idle_timeouts ", "load_balancer.tf: aws_lb.idle_timeouts"),
        ("compute", "scale_in_cooldown ", "scale_in_cooldwn  ", ".scale_in_cooldwn"),
        (
            "audit_log",
            "open_x_json_ser_de {",
            "open_x_json_serde {",
            ".data_format_conversion_configuration.input_format_configuration.deserializer.open_x_json_serde",
        ),
    ],
)
def test_a_planted_mistake_is_found(module: str, right: str, wrong: str, found: str, tmp_path: Path) -> None:
    shutil.copytree(MODULES / module, tmp_path / module)
    for file in (tmp_path / module).glob("*.tf"):
        file.write_text(file.read_text().replace(right, wrong))
    mistakes = unknown(tmp_path / module, NAMES)
    assert mistakes
    assert all(each.endswith(found) for each in mistakes)


def test_the_rule_for_tokens_can_be_the_providers_own_from_6_22_on() -> None:
    """Decision 0007 says how to switch: these are the names to switch to."""
    assert NAMES["resource aws_lb_listener_rule"]["action"]["jwt_validation"] == {
        "additional_claim": {"format": None, "name": None, "values": None},
        "issuer": None,
        "jwks_endpoint": None,
    }
