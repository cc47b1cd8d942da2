"""Clients: made, rotated and revoked in two systems, and what is left when one of them fails in between."""

import json
import logging
from typing import Any

import pytest

from admin.place import OPERATOR, PROVIDERS, Admin, Place, aws_client
from gwctl.admin.service.changes import Expected
from gwctl.core import scopes
from gwctl.stores.interfaces import Credentials, Rotation, UnavailableError

SEARCH = "/teams/search/clients"


@pytest.fixture
def small(admin: Admin) -> Admin:
    admin.small_policy()
    return admin


def known(place: Place) -> dict[str, Any]:
    """The app clients that may have tokens."""
    return place.app_clients()


def test_a_new_client_gets_a_token_and_belongs_to_its_team(small: Admin):
    answer = small.post(SEARCH, {"name": "indexer"})
    body = answer.ok()
    assert answer.status == 201
    assert body["document"] == {"id": body["client_id"], "team": "search", "name": "indexer", "enabled": True}
    client = known(small.place)[body["client_id"]]
    assert client.has_secret(body["client_secret"])
    assert client.scopes == (scopes.INVOKE,)
    snapshot = small.place.snapshots().snapshot(body["policy_version"])
    assert snapshot
    assert snapshot.clients[body["client_id"]].team == "search"


def test_a_secret_is_shown_once_and_kept_and_logged_nowhere(small: Admin, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        secret = small.post(SEARCH, {}).ok()["client_secret"]
        again = json.dumps(small.get(SEARCH).ok())
    assert secret not in again
    assert secret not in caplog.text
    dynamodb = aws_client("dynamodb", small.place.dynamodb_url)
    tables = small.place.settings.tables.model_dump().values()
    assert secret not in str([dynamodb.scan(TableName=table)["Items"] for table in tables])


def test_a_dry_run_makes_no_client(small: Admin):
    body = small.post(SEARCH, {"name": "indexer"}, dry_run="true").ok()
    assert (body["client_id"], body["client_secret"], body["dry_run"]) == (None, None, True)
    assert body["difference"] == ["client new-client is new: of team search"]
    assert known(small.place) == {}
    assert small.get(SEARCH).ok()["items"] == []


def test_a_client_of_no_team_is_not_made(small: Admin):
    small.post("/teams/nobody/clients", {}).refused(404, "not_found")
    assert known(small.place) == {}


def test_an_unknown_field_of_a_new_client_is_refused(small: Admin):
    error = small.post(SEARCH, {"nam": "x"}).refused(422, "invalid")
    assert error["details"][0]["field"] == "nam"


def test_a_rotated_client_has_a_new_secret_and_not_the_old_one(small: Admin):
    made = small.post(SEARCH, {}).ok()
    rotated = small.post(f"{SEARCH}/{made['client_id']}/secret").ok()
    client = known(small.place)[made["client_id"]]
    assert client.has_secret(rotated["client_secret"])
    assert not client.has_secret(made["client_secret"])


def test_a_rotation_leaves_an_audit_record(small: Admin):
    made = small.post(SEARCH, {}).ok()
    small.post(f"{SEARCH}/{made['client_id']}/secret", caller="alice").ok()
    record = small.runtime.history.records(limit=1)[0]
    assert (record.actor, record.action, record.note) == ("alice", "rotate-secret", f"client {made['client_id']}")


def test_a_dry_rotation_leaves_the_secret_as_it_was(small: Admin):
    made = small.post(SEARCH, {}).ok()
    body = small.post(f"{SEARCH}/{made['client_id']}/secret", dry_run="true").ok()
    assert body["client_secret"] is None
    assert known(small.place)[made["client_id"]].has_secret(made["client_secret"])


def test_a_revoked_client_has_no_rights_and_gets_no_token(small: Admin):
    made = small.post(SEARCH, {}).ok()["client_id"]
    body = small.delete(f"{SEARCH}/{made}").ok()
    snapshot = small.place.snapshots().snapshot(body["policy_version"])
    assert snapshot
    assert made not in snapshot.clients
    assert made not in known(small.place)


def test_a_client_with_a_budget_is_not_revoked(small: Admin):
    made = small.post(SEARCH, {}).ok()["client_id"]
    small.put("/budgets/one", {"id": "one", "client": made, "limit_requests": 5, "period": "day"}).ok()
    small.delete(f"{SEARCH}/{made}").refused(422, "referenced")
    assert made in known(small.place)


def test_a_client_is_switched_off_and_on(small: Admin):
    made = small.post(SEARCH, {}).ok()
    off = {**made["document"], "enabled": False}
    answer = small.put(f"{SEARCH}/{made['client_id']}", off, f'"{made["version"]}"').ok()
    assert answer["difference"] == [f"client {made['client_id']}: enabled from yes to no"]


def test_a_client_of_another_team_is_not_found(small: Admin):
    small.put("/teams/other", {"id": "other"}).ok()
    made = small.post(SEARCH, {}).ok()
    elsewhere = f"/teams/other/clients/{made['client_id']}"
    small.get(elsewhere).refused(404, "not_found")
    small.delete(elsewhere).refused(404, "not_found")
    small.post(f"{elsewhere}/secret").refused(404, "not_found")
    small.put(elsewhere, {**made["document"], "team": "other"}, "*").refused(404, "not_found")


def test_an_app_client_that_exists_is_taken_into_the_policy(small: Admin):
    made = small.place.directory().create("by Terraform")
    document = {"id": made.client_id, "team": "search"}
    assert small.put(f"{SEARCH}/{made.client_id}", document).status == 201


def test_an_app_client_that_does_not_exist_is_not_taken_into_the_policy(small: Admin):
    error = small.put(f"{SEARCH}/made-up", {"id": "made-up", "team": "search"}).refused(422, "invalid")
    assert error["details"][0]["document"] == "clients/made-up"


class Meddled:
    """A token service during whose answer something else happens."""

    def __init__(self, place: Place, meddle: Any) -> None:
        self._real = place.directory()
        self._meddle = meddle

    def create(self, name: str) -> Credentials:
        made = self._real.create(name)
        self._meddle()
        return made

    def begin_rotation(self, client_id: str) -> Rotation:
        rotation = self._real.begin_rotation(client_id)
        self._meddle()
        return rotation

    def delete(self, client_id: str) -> bool:
        self._meddle()
        return self._real.delete(client_id)

    def exists(self, client_id: str) -> bool:
        return self._real.exists(client_id)

    def finish_rotation(self, rotation: Rotation) -> None:
        self._real.finish_rotation(rotation)

    def abandon_rotation(self, rotation: Rotation) -> None:
        self._real.abandon_rotation(rotation)


def test_a_client_whose_team_goes_meanwhile_is_made_nowhere(place: Place):
    def delete_team() -> None:
        other = place.runtime().service
        if other.load().get("teams", "search"):
            other.delete("teams", "search", Expected(any=True), OPERATOR)

    with place.admin(directory=Meddled(place, delete_team)) as admin:
        admin.put("/teams/search", {"id": "search"}).ok()
        admin.post(SEARCH, {}).refused(422, "invalid")
        assert known(place) == {}


def test_a_client_revoked_during_its_rotation_gets_no_new_secret(place: Place):
    with place.admin() as admin:
        admin.put("/teams/search", {"id": "search"}).ok()
        made = admin.post(SEARCH, {}).ok()

    def revoke() -> None:
        place.runtime().service.delete("clients", made["client_id"], Expected(any=True), OPERATOR)

    with place.admin(directory=Meddled(place, revoke)) as admin:
        admin.post(f"{SEARCH}/{made['client_id']}/secret").refused(404, "not_found")
        assert known(place)[made["client_id"]].has_secret(made["client_secret"])


def test_a_client_is_revoked_even_if_the_token_service_does_not_answer(place: Place):
    with place.admin() as admin:
        admin.put("/teams/search", {"id": "search"}).ok()
        made = admin.post(SEARCH, {}).ok()["client_id"]

    def down() -> None:
        raise UnavailableError("down")

    with place.admin(directory=Meddled(place, down)) as admin:
        admin.delete(f"{SEARCH}/{made}").ok()
        admin.get(f"{SEARCH}/{made}").refused(404, "not_found")


def test_when_the_token_service_is_down_no_client_is_made(place: Place):
    def down() -> None:
        raise UnavailableError("down")

    with place.admin(directory=Meddled(place, down), providers=PROVIDERS) as admin:
        admin.put("/teams/search", {"id": "search"}).ok()
        admin.post(SEARCH, {}).refused(503, "unavailable")
        assert admin.get(SEARCH).ok()["items"] == []
