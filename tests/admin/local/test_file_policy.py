"""A policy file and the store: the file owns what it names, everything else belongs to whoever set it."""

from collections.abc import Iterator
from typing import Any

import pytest

from admin.place import PROVIDERS, Admin, Place, aws_client, budget, route
from gwctl.local.admin_server.file_policy import ACTOR, FilePolicy
from gwctl.local.policy.file_call import FileContent, FileOutcome
from gwctl.policy.documents import Documents, Provider
from gwctl.stores.aws.policy.file import S3FileRecordStore
from gwctl.stores.interfaces import FileRecord

FILE: dict[str, Any] = {
    "routes": [route("fast")],
    "teams": [{"id": "search", "models": ["fast"]}],
    "clients": [{"id": "search-api", "team": "search"}],
}


class Desk:
    """A file, and the admin API beside it."""

    def __init__(self, admin: Admin) -> None:
        self.admin = admin
        place = admin.place
        self.records = S3FileRecordStore(aws_client("s3", place.s3_url), place.settings.snapshot.bucket)
        self.file = FilePolicy(admin.runtime, self.records)

    def save(self, providers: tuple[Provider, ...] = PROVIDERS, **sections: Any) -> FileOutcome:
        """The file now has these sections; those that are not named are as in FILE."""
        documents = Documents.model_validate({**FILE, **sections})
        return self.file.apply(FileContent(providers=providers, documents=documents))

    def saved(self, providers: tuple[Provider, ...] = PROVIDERS, **sections: Any) -> FileOutcome:
        """The same, and it must be in force."""
        outcome = self.save(providers, **sections)
        assert not outcome.problems
        assert self.in_force == int(outcome.label.partition(".")[0])
        return outcome

    @property
    def in_force(self) -> int | None:
        return self.admin.place.snapshots().current()

    @property
    def version(self) -> int:
        return self.admin.place.documents().head().version

    def ids(self, section: Any) -> set[str]:
        return set(self.admin.place.documents().load().sections[section])


@pytest.fixture
def desk(place: Place) -> Iterator[Desk]:
    with place.admin() as admin:
        yield Desk(admin)


def test_what_a_file_names_is_in_force_in_one_version_with_its_name_on_it(desk: Desk):
    desk.saved()

    assert desk.in_force == 1
    assert desk.admin.get("/teams/search").ok()["changed_by"] == ACTOR.client_id == "policy.yaml"
    assert desk.admin.place.documents().records(limit=1)[0].action == "apply"


def test_the_same_file_again_changes_nothing(desk: Desk):
    desk.saved()
    assert desk.saved() == FileOutcome(label=desk.saved().label)
    assert desk.version == 1


def test_what_a_file_names_no_more_goes(desk: Desk):
    desk.saved(teams=[*FILE["teams"], {"id": "late"}])
    desk.saved()
    assert desk.ids("teams") == {"search"}


def test_what_the_admin_api_made_stays(desk: Desk):
    desk.saved()
    desk.admin.put("/teams/api", {"id": "api"}).ok()
    client = desk.admin.post("/teams/search/clients", {}).ok()["client_id"]
    desk.saved(teams=[*FILE["teams"], {"id": "late"}])
    desk.saved()
    assert desk.ids("teams") == {"search", "api"}
    assert desk.ids("clients") == {"search-api", client}


def test_what_the_admin_api_changed_stays_until_the_file_is_changed(desk: Desk):
    desk.saved()
    desk.admin.put("/teams/search", {"id": "search", "models": [], "name": "x"}, "*").ok()

    desk.saved()
    assert desk.admin.get("/teams/search").ok()["document"]["name"] == "x"

    outcome = desk.saved(budgets=[budget("b")])
    assert desk.admin.get("/teams/search").ok()["document"]["name"] == ""
    assert any(
        line.startswith("teams/search: the file replaces what admin-client set at") for line in outcome.difference
    )


def test_what_the_admin_api_deleted_comes_back_when_the_file_is_changed(desk: Desk):
    desk.saved(budgets=[budget("b")])
    desk.admin.delete("/budgets/b").ok()
    desk.saved(budgets=[budget("b")])
    assert desk.ids("budgets") == set()
    desk.saved(budgets=[budget("b"), budget("c")])
    assert desk.ids("budgets") == {"b", "c"}


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"clients": [{"id": "x", "team": "nobody"}]}, "clients/x: team: there is no team 'nobody'"),
        ({"budgets": [budget("b", team="nobody")]}, "budgets/b: team: there is no team 'nobody'"),
        ({"routes": [route("fast", fallbacks=["slow"]), route("slow", fallbacks=["fast"])]}, "fallbacks"),
        ({"clients": [{"id": "x", "team": "search"}, {"id": "x", "team": "search"}]}, "clients/x: id: stands twice"),
    ],
    ids=["unknown team", "budget for an unknown team", "cyclic fallback", "two clients with one id"],
)
def test_what_does_not_compile_changes_nothing_and_names_the_field(desk: Desk, sections: Any, problem: str):
    desk.saved()
    outcome = desk.save(**sections)
    assert problem in outcome.problems[0]
    assert (desk.version, desk.in_force) == (1, 1)
    desk.saved(teams=[{"id": "search", "models": []}])


def test_a_file_that_takes_away_what_others_need_is_refused(desk: Desk):
    desk.saved(teams=[*FILE["teams"], {"id": "late"}])
    desk.admin.post("/teams/late/clients", {}).ok()
    outcome = desk.save()
    assert "there is no team 'late'" in outcome.problems[0]
    assert "late" in desk.ids("teams")


def test_another_provider_is_a_new_version_with_the_same_documents(desk: Desk):
    desk.saved()
    moved = (Provider(id="openai", kind="openai", base_url="http://127.0.0.1:9/v1"),)
    desk.saved(moved)
    snapshot = desk.admin.place.snapshots().snapshot(2)
    assert snapshot
    assert snapshot.providers["openai"].base_url == "http://127.0.0.1:9/v1"


def test_changes_by_the_admin_api_compile_with_the_files_providers(desk: Desk):
    desk.saved((*PROVIDERS, Provider(id="new", kind="openai")))
    desk.admin.put("/routing/new", route("new", ("new", "gpt-4o-mini"))).ok()


def test_providers_of_a_file_that_does_not_compile_are_not_taken_over(desk: Desk):
    desk.saved()
    assert desk.save(()).problems
    desk.admin.put("/routing/other", route("other")).ok()


def test_hundreds_of_documents_are_applied_in_one_version(desk: Desk):
    many: dict[str, Any] = {
        "routes": [route(f"r{n}", fallbacks=[f"r{n + 1}"] if n % 10 < 9 else []) for n in range(120)],
        "teams": [{"id": f"t{n}", "models": [f"r{n}"]} for n in range(120)],
        "clients": [{"id": f"c{n}", "team": f"t{n}"} for n in range(120)],
        "budgets": [budget(f"b{n}", team=f"t{n}") for n in range(5)],
    }
    desk.saved(**many)
    assert desk.version == 1
    assert len(desk.ids("routes")) == len(desk.ids("clients")) == 120
    desk.saved()
    assert desk.version == 2
    assert (desk.ids("routes"), desk.ids("clients"), desk.ids("budgets")) == ({"fast"}, {"search-api"}, set())


def test_many_documents_of_which_one_does_not_compile_change_nothing(desk: Desk):
    desk.saved()
    clients = [{"id": f"c{n}", "team": "search"} for n in range(150)]
    assert desk.save(clients=[*clients, {"id": "x", "team": "nobody"}]).problems
    assert desk.version == 1


def test_a_change_that_was_cut_off_is_finished_by_the_next_start(desk: Desk):
    """As if the process had ended between the change and the note of it."""
    desk.saved(teams=[*FILE["teams"], {"id": "late"}])
    last = desk.records.read()
    desk.saved()
    desk.records.write(FileRecord("", last.named))
    desk.saved(clients=[])
    assert (desk.ids("teams"), desk.ids("clients")) == ({"search"}, set())
