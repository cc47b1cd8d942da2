"""Plans, made once for the session: one of all modules' examples together, one for each example of the root."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwctl.environments.terraform import mirrors
from plan.kit.examples import Example, module_examples, root_examples
from plan.kit.sessions import ModulePlans, RootPlans
from plan.kit.stubs import caller_identity
from plan.kit.terraform import ACCOUNT, environment, find_terraform, has_provider, write_cli_config
from plan.kit.tfplan import Plan
from support.requirements import require

SECONDS = 300
"""For one test: the first that asks for a plan waits for it, on a machine that others use too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives the tests of this directory their time limit."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(SECONDS))


@pytest.fixture(scope="session")
def terraform_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of every Terraform run; skips where Terraform or the provider is missing."""
    require(find_terraform() is not None, "terraform 1.11 or later on the PATH (mise install terraform)")
    require(
        has_provider() or not mirrors.find(),
        "the AWS provider for this machine, in a mirror that has it for others: "
        "terraform providers mirror -platform=<os>_<arch> DIR, then GWCTL_PROVIDER_MIRROR=DIR",
    )
    return environment(write_cli_config(tmp_path_factory.mktemp("terraform")))


@pytest.fixture(scope="session")
def sts_url() -> Iterator[str]:
    """An STS that says we are the account of the examples."""
    with caller_identity(ACCOUNT) as url:
        yield url


@pytest.fixture(scope="session")
def module_plans(terraform_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> ModulePlans:
    """The plans of the modules' examples."""
    return ModulePlans(tmp_path_factory.mktemp("modules"), terraform_env)


@pytest.fixture(scope="session")
def root_plans(terraform_env: dict[str, str], sts_url: str, tmp_path_factory: pytest.TempPathFactory) -> RootPlans:
    """The plans of the root's examples."""
    return RootPlans(tmp_path_factory.mktemp("root"), {**terraform_env, "AWS_ENDPOINT_URL_STS": sts_url})


@pytest.fixture(params=[*module_examples(), *root_examples()], ids=lambda example: example.name, scope="session")
def example(request: pytest.FixtureRequest) -> Example:
    """Each example in turn."""
    return request.param


@pytest.fixture(scope="session")
def plan(example: Example, module_plans: ModulePlans, root_plans: RootPlans) -> Plan:
    """The plan of the example."""
    plans = root_plans if example.readme.parent.name == "infrastructure" else module_plans
    return plans.of(example)
