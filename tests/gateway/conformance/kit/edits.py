"""Edits of a running gateway's policy file. In: changes of the documents. Out: seconds until they are in force."""

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from gateway.conformance.kit.lab import Lab
from support.processes import wait_until

IN_FORCE_SECONDS = 10.0
"""When to give up; what is promised is 2 s."""


class PolicyEditor:
    """Edits the policy of a lab, as a person with an editor does."""

    def __init__(self, lab: Lab):
        self._lab = lab
        self.path: Path = lab.gateway.data.policy
        self._original = self.path.read_text()
        self.documents: dict[str, Any] = yaml.safe_load(self._original)

    def write(self, text: str, *, in_place: bool = False) -> None:
        """Replace the file by rename, as most editors do, or write into it."""
        if in_place:
            self.path.write_text(text)
            return
        new = self.path.with_name("policy.yaml.new")
        new.write_text(text)
        new.rename(self.path)

    def apply(self, change: Callable[[dict[str, Any]], None], *, in_place: bool = False) -> None:
        """Change the documents and write them."""
        documents = copy.deepcopy(self.documents)
        change(documents)
        self.documents = documents
        self.write(yaml.safe_dump(documents, sort_keys=False), in_place=in_place)

    def seconds_until(self, condition: Callable[[], bool], what: str) -> float:
        """Seconds from now until the condition holds."""
        began = time.monotonic()
        wait_until(condition, what, IN_FORCE_SECONDS)
        return time.monotonic() - began

    def serves(self, alias: str) -> bool:
        """Whether the edge, as far as callers see, knows the model."""
        answer = self._lab.caller.client.get(f"/v1/models/{alias}", headers=self._lab.gateway.headers())
        assert answer.status_code in {200, 404}, answer.text
        return answer.status_code == 200

    def restore(self) -> None:
        """Put back what was there, and wait until it is in force."""
        self.documents = yaml.safe_load(self._original)
        self.write(self._original)
        wait_until(self._original_in_force, "the original policy in force", IN_FORCE_SECONDS)

    def _original_in_force(self) -> bool:
        policy = self._lab.gateway.status.policy
        if policy.problems or policy.applied != policy.label:
            return False
        answer = self._lab.caller.client.get("/v1/models", headers=self._lab.gateway.headers())
        if answer.status_code != 200:
            return False
        return {model["id"] for model in answer.json()["data"]} == {each["id"] for each in self.documents["routes"]}
