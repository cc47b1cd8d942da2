"""`gwctl up` with a policy that does not know the client of this machine: what is said is what works."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from gateway.local.local_place import Place, place

POLICY = """
providers:
  - {id: ours, kind: anthropic}
  - {id: lost, kind: openai, base_url: "http://no-such-host.invalid/v1"}
routes:
  - id: ours
    targets: [{provider: ours, model: claude-sonnet-4-5}]
  - id: fast
    targets: [{provider: sample-openai, model: sample-gpt}]
teams:
  - id: search
    models: [fast, ours]
clients:
  - id: other
    team: search
"""
OWN = "  - id: local\n    team: search\n"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("policy")) as found:
        (found.folder / "policy.yaml").write_text(POLICY)
        yield found


def up(here: Place, *options: str) -> subprocess.CompletedProcess[str]:
    return here.up("--policy", here.folder / "policy.yaml", *options)


def test_a_first_request_that_fails_leaves_nothing_running(here: Place):
    done = up(here, "--try")
    assert done.returncode == 1
    assert "the policy has no client local; add it to the policy file under clients" in done.stderr
    assert "the gateway is stopped again" in done.stderr
    assert here.processes() == []


def test_no_call_is_suggested_that_would_be_refused_and_the_doctor_goes_on(here: Place):
    done = up(here)
    assert done.returncode == 0, done.stderr
    assert "There is no first request to send: the policy has no client local" in done.stdout
    assert "curl" not in done.stdout
    assert "connect" not in done.stdout
    doctor = here.gwctl("doctor")
    assert "spend canary" in doctor.stdout
    assert "the policy has no client local" in " ".join(doctor.stdout.split())


def test_the_providers_of_the_policy_file_are_shown_and_checked(here: Place):
    status = here.gwctl("status").stdout
    assert "  ours (policy.yaml): has no key now" in status
    assert "  lost (policy.yaml)" in status
    found = {each["what"]: each for each in json.loads(here.gwctl("doctor", "--json").stdout)}
    assert found["provider sample-openai"]["state"] == "ok"
    assert found["provider ours"]["state"] == "warning"
    assert found["provider ours"]["fix"] == "set GWCTL_PROVIDER_OURS_API_KEY and start the gateway again"
    assert found["provider lost"]["state"] == "failed"
    assert "its host no-such-host.invalid cannot be found from here" in found["provider lost"]["detail"]


def test_what_is_suggested_is_a_model_that_the_client_may_use(here: Place):
    here.gwctl("down")
    (here.folder / "policy.yaml").write_text(POLICY + OWN)
    done = up(here, "--try")
    assert done.returncode == 0, done.stderr
    assert '"model": "fast"' in done.stdout
    assert here.processes()
