"""What holds between environments. In: all of them. Out: every problem that no single file shows.

Address ranges must not overlap, or two environments can never reach one network.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations

from gwctl.core.yaml import Yaml
from gwctl.environments.file.checks import network
from gwctl.environments.file.loading import load
from gwctl.environments.file.model import Environment
from gwctl.environments.file.problems import EnvironmentFileError, Problem
from gwctl.environments.project import Project, shown

EXAMPLE_ACCOUNTS = frozenset({"000000000000", "111122223333", "444455556666", "777788889999", "123456789012"})
"""Accounts of AWS's own examples."""


def load_all(project: Project) -> dict[str, Environment]:
    """All environments by name. Raises EnvironmentFileError with the problems of all files, and those between them."""
    problems: list[Problem] = []
    environments: dict[str, Environment] = {}
    for name in project.names():
        try:
            environments[name] = load(project.place(name))
        except EnvironmentFileError as error:
            problems += error.problems
    problems += between(environments, project)
    if problems:
        raise EnvironmentFileError(problems)
    return environments


def between(environments: Mapping[str, Environment], project: Project) -> Iterator[Problem]:
    """What is wrong between environments. Emulated ones are on a machine of their own."""
    real = {name: each for name, each in environments.items() if not each.emulated}
    for (first, one), (second, other) in combinations(real.items(), 2):
        file = shown(project.place(second).yaml)
        if network(one.network.cidr).overlaps(network(other.network.cidr)):
            line, column = Yaml.parse(project.place(second).yaml.read_text()).position(["network", "cidr"])
            message = f"{other.network.cidr} overlaps {one.network.cidr} of {first}"
            fix = f"choose another range, for example {free_range(environments)}"
            yield Problem(file, line, "network.cidr", message, fix, column)


def free_range(environments: Mapping[str, Environment]) -> str:
    """A /16 in 10.0.0.0/8 that no environment overlaps."""
    taken = [network(each.network.cidr) for each in environments.values()]
    ranges = (network(f"10.{second}.0.0/16") for second in range(10, 256, 10))
    return str(next((each for each in ranges if not any(each.overlaps(other) for other in taken)), "172.16.0.0/16"))


def examples_left(environment: Environment) -> list[str]:
    """What still stands there from an example: nothing real can be built before it is replaced."""
    if environment.emulated:
        return []
    left = []
    if environment.account_id in EXAMPLE_ACCOUNTS:
        left.append(f"account_id {environment.account_id}")
    for name, image in environment.images.model_dump().items():
        if len(set(image.rpartition(":")[2])) == 1:
            left.append(f"images.{name} {image.rpartition('@')[2][:19]}…")
    hosts = (environment.domain.gateway, environment.domain.admin or "") if environment.domain else ()
    left += [f"domain {host}" for host in hosts if host.endswith((".example.com", ".example.org"))]
    left += [f"observability.emails {email}" for email in environment.observability.emails if "@example." in email]
    if environment.github and environment.github.repository.owner.startswith("example-"):
        left.append(f"github.repository.owner {environment.github.repository.owner}")
    return left
