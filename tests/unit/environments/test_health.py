"""Waiting for the service: when it is well, when to give up, and what is said then."""

from collections.abc import Iterator
from typing import Any

import pytest

from gwctl.core.errors import UserError
from gwctl.environments.deploy.health import judge, try_again, wait


def service(rollout: str = "COMPLETED", running: int = 2, deployments: int = 1, **more: Any) -> dict[str, Any]:
    primary = {"status": "PRIMARY", "rolloutState": rollout, "runningCount": running, "desiredCount": 2, **more}
    old = {"status": "ACTIVE", "rolloutState": "COMPLETED", "runningCount": 1, "desiredCount": 0}
    events = [{"message": f"event {number}"} for number in range(5)]
    return {"status": "ACTIVE", "deployments": [primary, *[old] * (deployments - 1)], "events": events}


@pytest.mark.parametrize(
    ("description", "state"),
    [
        (service(), "well"),
        (service(running=1), "on its way"),
        (service("IN_PROGRESS"), "on its way"),
        (service(deployments=2), "on its way"),
        (service("FAILED"), "failed"),
        ({**service(), "status": "INACTIVE"}, "failed"),
        ({}, "failed"),
    ],
)
def test_a_service_is_well_when_its_rollout_is_complete_and_alone(description: dict[str, Any], state: str):
    assert judge(description).state == state


def test_a_rollout_that_was_taken_back_has_failed():
    """The circuit breaker starts a new deployment of the old tasks; the failed one stays in the list."""
    description = service()
    description["deployments"].append(
        {"status": "ACTIVE", "rolloutState": "FAILED", "rolloutStateReason": "circuit breaker"}
    )
    assert judge(description).state == "failed"
    assert "circuit breaker" in str(judge(description))


class Ecs:
    """AWS's end: answers what it was given, one after the other."""

    def __init__(self, *descriptions: dict[str, Any]) -> None:
        self._answers: Iterator[dict[str, Any]] = iter(descriptions)
        self._last: dict[str, Any] = {}

    def describe_services(self, **_: Any) -> dict[str, Any]:
        self._last = next(self._answers, self._last)
        return {"services": [self._last]}

    def list_tasks(self, **_: Any) -> dict[str, Any]:
        return {"taskArns": ["arn"]}

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        containers = [{"name": "edge", "exitCode": 1}, {"name": "agent", "reason": "CannotPullContainerError"}]
        return {"tasks": [{"stoppedReason": "Essential container in task exited", "containers": containers}]}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def waited(ecs: Ecs) -> list[str]:
    clock, told = Clock(), []
    wait(ecs, "cluster", "gateway", lambda state: told.append(state.state), seconds=60, clock=clock, sleep=clock.sleep)
    return told


def test_it_is_waited_for_until_it_is_well():
    assert waited(Ecs(service("IN_PROGRESS", 0), service("IN_PROGRESS", 1), service())) == [
        "on its way",
        "on its way",
        "well",
    ]


def test_a_failure_is_told_with_why_tasks_ended():
    with pytest.raises(UserError) as raised:
        waited(Ecs(service("FAILED", rolloutStateReason="tasks failed to start")))
    said = str(raised.value)
    for part in ("tasks failed to start", "event 0", "edge ended with 1", "agent: CannotPullContainerError"):
        assert part in said
    assert "deploy again" in said


def test_after_the_time_that_it_has_it_is_told_what_it_was_like():
    with pytest.raises(UserError, match="is not healthy after 1 minutes: 0 of 2 tasks run; 4 ended early"):
        waited(Ecs(service("IN_PROGRESS", 0, failedTasks=4)))


class Cluster:
    """AWS's end after a failed first rollout: a forced deployment works, and the failed one stays in the list."""

    def __init__(self) -> None:
        failed = {"id": "1", "status": "PRIMARY", "rolloutState": "FAILED", "runningCount": 0, "desiredCount": 2}
        self.deployments: list[dict[str, Any]] = [failed]

    def describe_services(self, **_: Any) -> dict[str, Any]:
        return {"services": [{"status": "ACTIVE", "deployments": self.deployments}]}

    def update_service(self, **request: Any) -> None:
        assert request == {"cluster": "c", "service": "s", "forceNewDeployment": True}
        new = {"id": "2", "status": "PRIMARY", "rolloutState": "COMPLETED", "runningCount": 2, "desiredCount": 2}
        self.deployments = [new, {**self.deployments[0], "status": "ACTIVE"}]


def test_a_rollout_that_failed_is_begun_anew_before_anybody_waits_for_it():
    """Nothing of the tasks has changed, so Terraform's plan is empty and ECS tries nothing by itself."""
    cluster = Cluster()
    past = try_again(cluster, "c", "s")
    assert past == {"1"}
    assert wait(cluster, "c", "s", lambda _: None, past=past).state == "well"


def test_what_has_not_failed_is_left_alone():
    assert (
        try_again(Ecs({"status": "ACTIVE", "deployments": [{"id": "1", **service()["deployments"][0]}]}), "c", "s")
        == frozenset()
    )
