"""What runs. Container definitions that hold something AWS decides are unknown until apply; the example of
modules/compute is the plan in which they are known."""

import re
from typing import Any, Final

from plan.kit.tfplan import Plan

_DIGEST: Final = re.compile(r".+@sha256:[0-9a-f]{64}")
_SECRET: Final = re.compile(r"(?i)(api[_-]?key|secret|password|token)$")


def _containers(plan: Plan) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for task in plan.of("aws_ecs_task_definition"):
        definitions = task.get("container_definitions")
        if isinstance(definitions, list):
            found += [(f"{task.address} {each['name']}", each) for each in definitions]
    return found


def images_are_pinned(plan: Plan) -> list[str]:
    """By digest: a tag can be moved."""
    return [f"{where}: {each['image']}" for where, each in _containers(plan) if not _DIGEST.fullmatch(each["image"])]


def root_file_systems_are_read_only(plan: Plan) -> list[str]:
    """What a container writes goes to its volumes and to /tmp in memory."""
    return [where for where, each in _containers(plan) if each.get("readonlyRootFilesystem") is not True]


def nobody_is_root(plan: Plan) -> list[str]:
    """The user is a number, and not 0."""
    return [
        f"{where}: {each.get('user')}"
        for where, each in _containers(plan)
        if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", str(each.get("user")))
    ]


def capabilities_are_dropped(plan: Plan) -> list[str]:
    """All of them, and none is added."""

    def fine(container: dict[str, Any]) -> bool:
        capabilities = container.get("linuxParameters", {}).get("capabilities", {})
        return capabilities.get("drop") == ["ALL"] and not capabilities.get("add") and not container.get("privileged")

    return [where for where, each in _containers(plan) if not fine(each)]


def provider_keys_are_not_in_the_environment(plan: Plan) -> list[str]:
    """A container's environment is in the task definition, for everybody who may describe it."""
    return [
        f"{where}: {variable['name']}"
        for where, each in _containers(plan)
        for variable in each.get("environment", [])
        if _SECRET.search(variable["name"])
    ]


def nobody_opens_a_shell(plan: Plan) -> list[str]:
    """ECS Exec is off."""
    return [each.address for each in plan.of("aws_ecs_service") if each.get("enable_execute_command") is not False]


def repositories_are_immutable_and_scanned(plan: Plan) -> list[str]:
    """And encrypted with a key of ours."""
    return [
        each.address
        for each in plan.of("aws_ecr_repository")
        if each.get("image_tag_mutability") != "IMMUTABLE"
        or each.block("image_scanning_configuration").get("scan_on_push") is not True
        or each.block("encryption_configuration").get("encryption_type") != "KMS"
    ]
