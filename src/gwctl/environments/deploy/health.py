"""Waits until the new tasks serve. In: cluster, service, an ECS client. Out: nothing, or a UserError that says why not.

A deployment is well when ECS says that its rollout is complete: by then the load balancer finds the tasks healthy.
One that has failed ECS never tries again by itself, and an apply that changes nothing of it does not either.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gwctl.core.errors import UserError
from gwctl.stores.aws.clients import AWS_ERRORS

TIMEOUT_SECONDS: Final = 15 * 60.0
POLL_SECONDS: Final = 5.0
_EVENTS_SHOWN: Final = 3


@dataclass(frozen=True)
class Health:
    """What a service is like. `state`: well, on its way, failed."""

    state: str
    running: int
    desired: int
    why: str = ""

    def __str__(self) -> str:
        return f"{self.running} of {self.desired} tasks run{f'; {self.why}' if self.why else ''}"


def judge(service: Mapping[str, Any], past: frozenset[str] = frozenset()) -> Health:
    """What one entry of DescribeServices says; deployments with the ids `past` have failed before, and do not count."""
    deployments = [each for each in service.get("deployments", []) if each.get("id") not in past]
    primary = next((each for each in deployments if each.get("status") == "PRIMARY"), {})
    running, desired = int(primary.get("runningCount", 0)), int(primary.get("desiredCount", 0))
    rollout = primary.get("rolloutState", "IN_PROGRESS")
    if service.get("status") != "ACTIVE":
        return Health("failed", running, desired, f"the service is {service.get('status', 'missing').lower()}")
    if rollout == "FAILED" or any(each.get("rolloutState") == "FAILED" for each in deployments):
        failed = next(each for each in deployments if each.get("rolloutState") == "FAILED")
        return Health("failed", running, desired, failed.get("rolloutStateReason", "the rollout failed"))
    if rollout == "COMPLETED" and running >= desired and len(deployments) == 1:
        return Health("well", running, desired)
    failures = int(primary.get("failedTasks", 0))
    return Health("on its way", running, desired, f"{failures} ended early" if failures else "")


def try_again(ecs: Any, cluster: str, service: str) -> frozenset[str]:
    """Begin a new deployment when the last one has failed; returns the ids of the failed ones, none if all is well."""
    deployments = _describe(ecs, cluster, service).get("deployments", [])
    failed = frozenset(str(each["id"]) for each in deployments if each.get("rolloutState") == "FAILED")
    if not any(each["id"] in failed for each in deployments if each.get("status") == "PRIMARY"):
        return frozenset()
    try:
        ecs.update_service(cluster=cluster, service=service, forceNewDeployment=True)
    except AWS_ERRORS as error:
        raise UserError(
            f"the last rollout of {service} has failed, and ECS begins no new one ({error}); "
            "deploy with a role that has ecs:UpdateService"
        ) from error
    return failed


def wait(
    ecs: Any,
    cluster: str,
    service: str,
    told: Callable[[Health], None],
    *,
    past: frozenset[str] = frozenset(),
    seconds: float = TIMEOUT_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Health:
    """Wait until the service is well. Raises UserError: it failed, or it took too long; why, as ECS says it."""
    deadline = clock() + seconds
    while True:
        description = _describe(ecs, cluster, service)
        health = judge(description, past)
        told(health)
        if health.state == "well":
            return health
        if health.state == "failed" or clock() >= deadline:
            late = f" after {seconds / 60:g} minutes" if health.state != "failed" else ""
            causes = [*_events(description), *_stopped(ecs, cluster, service)]
            raise UserError(
                f"the service {service} is not healthy{late}: {health}"
                + "".join(f"\n         {cause}" for cause in causes)
                + "\n       The last healthy tasks go on serving. Look at the log groups of the environment "
                "(`gwctl outputs`), correct the cause, and deploy again."
            )
        sleep(POLL_SECONDS)


def _describe(ecs: Any, cluster: str, service: str) -> dict[str, Any]:
    try:
        answer = ecs.describe_services(cluster=cluster, services=[service])
    except AWS_ERRORS as error:
        raise UserError(f"ECS does not tell how {service} is ({error}); check it in the console") from error
    return next(iter(answer["services"]), {})


def _events(description: Mapping[str, Any]) -> list[str]:
    return [str(each.get("message", "")) for each in description.get("events", [])[:_EVENTS_SHOWN]]


def _stopped(ecs: Any, cluster: str, service: str) -> list[str]:
    """Why the latest tasks ended, with their containers' reasons."""
    try:
        arns = ecs.list_tasks(cluster=cluster, serviceName=service, desiredStatus="STOPPED", maxResults=5)["taskArns"]
        tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    except AWS_ERRORS:
        return []
    reasons: dict[str, None] = {}
    for task in tasks:
        if task.get("stoppedReason"):
            reasons[f"task: {task['stoppedReason']}"] = None
        for container in task.get("containers", []):
            if container.get("reason") or container.get("exitCode"):
                code = f" ended with {container['exitCode']}" if container.get("exitCode") else ""
                reasons[f"{container.get('name', '?')}{code}: {container.get('reason', 'see its log')}"] = None
    return list(reasons)[:5]
