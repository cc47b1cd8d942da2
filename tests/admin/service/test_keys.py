"""Virtual keys through the admin API: made, changed, rotated, revoked, and their secrets kept nowhere."""

import hashlib
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from admin.place import OPERATOR, Admin, aws_client
from gwctl.core.keys import is_key
from gwctl.policy.snapshot import KeyEntry, Snapshot

NEW = {"team": "search", "name": "nightly build", "owner": "ada", "models": ["fast"], "limit_usd": 5}


@pytest.fixture
def small(admin: Admin) -> Admin:
    admin.small_policy()
    return admin


def in_force(admin: Admin) -> Snapshot:
    snapshots = admin.place.snapshots()
    snapshot = snapshots.snapshot(snapshots.current() or 0)
    assert snapshot
    return snapshot


def entry(admin: Admin, key_id: str) -> KeyEntry:
    return in_force(admin).keys[key_id]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def made(admin: Admin, **more: Any) -> dict[str, Any]:
    return admin.post("/keys", {**NEW, **more}).ok()


def test_a_new_key_is_shown_once_and_belongs_to_its_team(small: Admin):
    answer = small.post("/keys", NEW)
    body = answer.ok()
    document = body["document"]
    assert answer.status == 201
    assert is_key(body["key"])
    assert body["key"].startswith(document["id"] + "_")
    assert {name: document[name] for name in NEW} == NEW
    assert small.get(f"/keys/{document['id']}").ok()["document"] == document
    snapshot = in_force(small)
    assert snapshot.clients[document["id"]].team == "search"
    assert [secret.sha256 for secret in snapshot.keys[document["id"]].secrets] == [digest(body["key"])]
    assert snapshot.quotas[f"{document['id']}.usd"].scope == f"key:{document['id']}"


def test_neither_the_key_nor_its_digest_is_told_again(small: Admin, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        body = made(small)
        key_id, text = body["document"]["id"], body["key"]
        changed = small.put(f"/keys/{key_id}", {**body["document"], "name": "weekly"}, match="*").ok()
        rotated = small.post(f"/keys/{key_id}/rotate", grace_seconds=60).ok()
        said = json.dumps([changed, {**rotated, "key": ""}, small.get("/keys").ok(), small.get(f"/keys/{key_id}").ok()])
        history = json.dumps([small.get("/policy/changes").ok(), small.get("/policy/difference", **{"from": 1}).ok()])
    dynamodb = aws_client("dynamodb", small.place.dynamodb_url)
    stored = str([dynamodb.scan(TableName=name)["Items"] for name in small.place.settings.tables.model_dump().values()])
    for secret in (text, rotated["key"]):
        assert secret not in said + history + stored + caplog.text
        assert digest(secret) not in said + history
        assert digest(secret) in stored


def test_keys_are_listed_by_team(small: Admin):
    small.put("/teams/other", {"id": "other"}).ok()
    mine, theirs = made(small)["document"]["id"], made(small, team="other", models="*")["document"]["id"]
    assert [item["document"]["id"] for item in small.get("/keys", team="other").ok()["items"]] == [theirs]
    assert {item["document"]["id"] for item in small.get("/keys").ok()["items"]} == {mine, theirs}


@pytest.mark.parametrize(
    ("more", "field"),
    [({"team": "nobody"}, "team"), ({"models": ["nothing"]}, "models.0"), ({"networks": ["10.0.0.1/8"]}, "networks.0")],
)
def test_a_key_that_makes_no_sense_is_not_made(small: Admin, more: dict[str, Any], field: str):
    details = small.post("/keys", {**NEW, **more}).refused(422, "invalid")["details"]
    assert [detail["field"] for detail in details] == [field]
    assert small.get("/keys").ok()["items"] == []


def test_a_dry_run_makes_nothing(small: Admin):
    body = small.post("/keys", NEW, dry_run="true").ok()
    assert (body["key"], body["version"], body["dry_run"]) == (None, None, True)
    assert small.get("/keys").ok()["items"] == []


def test_a_rotated_key_has_two_secrets_for_a_while(small: Admin):
    first = made(small)
    key_id = first["document"]["id"]
    second = small.post(f"/keys/{key_id}/rotate", grace_seconds=3600).ok()
    assert second["key"].startswith(f"{key_id}_")
    new, old = entry(small, key_id).secrets
    assert (new.sha256, new.until) == (digest(second["key"]), None)
    assert old.sha256 == digest(first["key"])
    assert old.until
    assert timedelta(minutes=59) < old.until - datetime.now(UTC) <= timedelta(hours=1)
    third = small.post(f"/keys/{key_id}/rotate").ok()
    assert [secret.sha256 for secret in entry(small, key_id).secrets] == [digest(third["key"])], "no time of grace"


def test_a_change_of_its_limits_keeps_the_secret(small: Admin):
    body = made(small)
    document, path = body["document"], f"/keys/{body['document']['id']}"
    off = {**document, "enabled": False, "limit_usd": None, "requests_per_minute": 7}
    small.put(path, off).refused(428, "precondition_required")
    words = small.put(path, off, match=str(body["version"])).ok()["difference"]
    assert f"key {document['id']}: enabled from yes to no" in words
    snapshot = in_force(small)
    assert not snapshot.clients[document["id"]].enabled
    assert [quota for quota in snapshot.quotas if quota.startswith("gwk_")] == [f"{document['id']}.requests"]
    assert [secret.sha256 for secret in entry(small, document["id"]).secrets] == [digest(body["key"])]
    small.put(path, document, match=str(body["version"])).refused(409, "conflict")
    small.put("/keys/gwk_0000000000", {**document, "id": "gwk_0000000000"}).refused(404, "not_found")


def test_a_revoked_key_stays_gone_also_after_a_rollback(small: Admin):
    body = made(small)
    key_id = body["document"]["id"]
    small.call("DELETE", f"/keys/{key_id}", headers={"If-Match": "*"}).ok()
    assert key_id not in in_force(small).keys
    small.put("/teams/search", {"id": "search", "name": "Other"}, match="*").ok()
    small.runtime.history.rollback(body["policy_version"], OPERATOR)
    assert key_id not in in_force(small).keys
    assert small.get(f"/keys/{key_id}").status == 404


def test_a_team_with_keys_is_not_deleted(small: Admin):
    key_id = made(small)["document"]["id"]
    refused = small.call("DELETE", "/teams/search", headers={"If-Match": "*"}).refused(422, "referenced")
    assert f"keys/{key_id}" in refused["message"]


def test_who_may_only_read_makes_and_revokes_no_key(small: Admin):
    key_id = made(small)["document"]["id"]
    for call in (
        lambda: small.post("/keys", NEW, scope="gateway/read"),
        lambda: small.post(f"/keys/{key_id}/rotate", scope="gateway/read"),
        lambda: small.call("DELETE", f"/keys/{key_id}", headers={"If-Match": "*"}, scope="gateway/read"),
    ):
        call().refused(403, "forbidden")
