"""What the functions import: their package has the `lambda` dependencies and nothing else."""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gwctl.admin.api.operations import APIS

ROOT = Path(__file__).parents[3]
LOADED = """
import importlib, json, sys
getattr(importlib.import_module("gwctl.admin.api.operations"), "on_" + sys.argv[1])
import gwctl.admin.service.runtime
from gwctl.stores.aws import cognito, quotas, usage
from gwctl.stores.aws.policy import documents, snapshots
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def locked() -> set[str]:
    """The distributions of requirements/lambda.txt, normalised."""
    lines = (ROOT / "requirements" / "lambda.txt").read_text().splitlines()
    return {re.split(r"[=\s\[]", line)[0].lower().replace("_", "-") for line in lines if re.match(r"[a-z0-9]", line)}


@pytest.mark.parametrize("name", sorted(APIS))
def test_a_function_imports_only_what_its_package_has(name: str):
    done = subprocess.run([sys.executable, "-c", LOADED, name], capture_output=True, text=True, check=True)
    modules = set(json.loads(done.stdout))
    owners = importlib.metadata.packages_distributions()
    used = {owner.lower().replace("_", "-") for module in modules for owner in owners.get(module, [])}
    # The interpreter's own start-up (an editable install, for one) loads some that no function asks for.
    bare = subprocess.run([sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True)
    present = {owner.lower().replace("_", "-") for m in bare.stdout.split() for owner in owners.get(m, [])}
    assert used - present - {"gwctl"} <= locked()


def test_the_functions_package_is_resolved_from_its_group():
    group = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["lambda"]
    names = {re.split(r"[>=\[]", entry)[0] for entry in group}
    assert names <= locked()
