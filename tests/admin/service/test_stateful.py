"""Any sequence of writes from several processes, against a plain dictionary: hypothesis looks for one that differs."""

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from admin.place import OPERATOR, PROVIDERS, Place, today
from gwctl.admin.service.changes import Expected
from gwctl.admin.service.errors import AdminError
from gwctl.audit.policy_changes import verify
from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Budget, Client, Documents, Route, ScannerRule, Target, Team
from gwctl.policy.errors import PolicyError
from gwctl.policy.state import MODELS, Section
from support.session.profile import examples

names = st.sampled_from(["a", "b", "c"])
SUPPRESSED = [HealthCheck.too_slow, HealthCheck.filter_too_much]
sections = st.sampled_from(["routes", "teams", "clients", "budgets", "scanner"])
some = st.lists(names, max_size=2, unique=True).map(tuple)


def routes(name: str, others: tuple[str, ...], flag: bool) -> Route:
    provider = "openai" if flag else "anthropic"
    return Route(id=name, targets=(Target(provider=provider, model="claude-sonnet-4-5"),), fallbacks=others)


BUILD: dict[str, Any] = {
    "routes": routes,
    "teams": lambda name, others, flag: Team(id=name, models="*" if flag else others),
    "clients": lambda name, others, flag: Client(id=name, team=(*others, "a")[0], enabled=flag),
    "budgets": lambda name, others, flag: Budget(
        id=name, team=(*others, "a")[0], limit_requests=10 + flag, period="day"
    ),
    "scanner": lambda name, others, flag: ScannerRule(
        id=name, action="deny", pattern="x" if flag else "y", teams=others
    ),
}


class Writes(RuleBasedStateMachine):
    """`place_url` is set by the test."""

    aws_url = ""

    @initialize()
    def empty(self) -> None:
        self.place = Place.create(self.aws_url, self.aws_url, uuid.uuid4().hex[:12])
        self.processes = [self.place.runtime(), self.place.runtime()]
        self.model: dict[tuple[Section, str], Any] = {}
        self.changes = 0

    def documents(self, content: dict[tuple[Section, str], Any]) -> Documents:
        chosen = {section: tuple(d for (s, _), d in content.items() if s == section) for section in MODELS}
        return Documents(providers=PROVIDERS, **chosen)

    def compiles(self, content: dict[tuple[Section, str], Any]) -> bool:
        try:
            compile_policy(self.documents(content), version=1, on=today())
        except PolicyError:
            return False
        return True

    @rule(section=sections, name=names, others=some, flag=st.booleans(), process=st.integers(0, 1), dry=st.booleans())
    def put(self, section: Section, name: str, others: tuple[str, ...], flag: bool, process: int, dry: bool) -> None:
        document = BUILD[section](name, others, flag)
        there = (section, name) in self.model
        expected = Expected(any=True) if there else Expected()
        after = {**self.model, (section, name): document}
        self.write(
            after,
            dry,
            lambda: self.processes[process].service.put(section, document, expected, OPERATOR, dry_run=dry),
        )

    @rule(section=sections, name=names, process=st.integers(0, 1), dry=st.booleans())
    def delete(self, section: Section, name: str, process: int, dry: bool) -> None:
        after = {key: document for key, document in self.model.items() if key != (section, name)}
        service = self.processes[process].service
        if len(after) == len(self.model):
            with pytest.raises(AdminError, match="there is no"):
                service.delete(section, name, Expected(any=True), OPERATOR, dry_run=dry)
        else:
            self.write(after, dry, lambda: service.delete(section, name, Expected(any=True), OPERATOR, dry_run=dry))

    def write(self, after: dict[tuple[Section, str], Any], dry: bool, act: Any) -> None:
        if not self.compiles(after):
            with pytest.raises(AdminError) as refused:
                act()
            assert refused.value.status == 422
            return
        outcome = act()
        assert outcome.changed == (after != self.model)
        if not dry and outcome.changed:
            self.model = after
            self.changes += 1

    @rule(process=st.integers(0, 1))
    def restart(self, process: int) -> None:
        self.processes[process] = self.place.runtime()

    @invariant()
    def every_process_sees_the_same(self) -> None:
        for process in self.processes:
            state = process.service.load()
            stored = {(s, name): e.document for s, entries in state.sections.items() for name, e in entries.items()}
            assert stored == self.model
            assert state.version == self.changes

    def teardown(self) -> None:
        if not hasattr(self, "place"):
            return
        state = self.place.documents().load()
        assert state == self.processes[0].service.load()
        records = self.place.documents().records()
        assert [record.version for record in records] == list(range(self.changes, 0, -1))
        assert verify(reversed(records)) is None
        if self.changes:
            expected = compile_policy(self.documents(self.model), version=self.changes, on=today())
            assert self.place.snapshots().current() == self.changes
            assert self.place.snapshots().snapshot(self.changes) == expected


@pytest.mark.hypothesis
def test_any_sequence_of_writes_ends_as_the_model_says(aws_url: str):
    machine = type("Machine", (Writes,), {"aws_url": aws_url})
    limits = settings(max_examples=examples(8), stateful_step_count=15, suppress_health_check=SUPPRESSED)
    run_state_machine_as_test(machine, settings=limits)
