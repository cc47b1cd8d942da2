"""What was set in a gateway of `gwctl up` outlives everything."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import select

from gateway.local.desk import Desk
from gwctl.ledger.quotas.store import NO_LEASE, Lease, Swap, WindowKey
from gwctl.stores.sql.quotas import SqlQuotaStore
from gwctl.stores.sql.schema import metadata
from support.gateway import Gateway, local_gateway, run_gwctl
from support.processes import wait_until

OF_ANOTHER_MONTH = WindowKey("of-another-month", "nano_usd", "2026-10")
KEPT = ("policy_head", "policy_documents", "policy_changes", "policy_snapshots", "app_clients", "app_client_secrets")


def everything(desk: Desk) -> dict[str, Any]:
    """What the stores hold: documents, audit records, snapshots, app clients, a window of the ledger."""
    with desk.database() as database, database.reading() as connection:
        rows = {name: sorted(map(str, connection.execute(select(metadata.tables[name])))) for name in KEPT}
        return rows | {"ledger": SqlQuotaStore(database).read([OF_ANOTHER_MONTH])}


def test_what_was_set_survives_kill_9_of_everything(tmp_path: Path):
    with local_gateway(tmp_path) as gateway:
        desk = Desk(gateway)
        desk.create("/teams/lasting", {"id": "lasting"})
        budget = {"id": "lasting", "team": "lasting", "limit_usd": 5, "period": "month", "action": "alert"}
        desk.create("/budgets/lasting", budget)
        desk.put("/teams/default", {"id": "default", "name": "by the admin API"})
        client, revoked = desk.new_client("lasting"), desk.new_client("lasting")
        rotated = desk.admin.post(f"/teams/lasting/clients/{client[0]}/secret").raise_for_status().json()
        good, bad = desk.bearer((client[0], rotated["client_secret"])), desk.bearer(revoked)
        desk.admin.delete(f"/teams/lasting/clients/{revoked[0]}", headers={"if-match": "*"}).raise_for_status()
        with desk.database() as database:
            lease = Lease(settled=17, seq=1, writer="w", expires_at=1)
            assert SqlQuotaStore(database).swap(Swap(OF_ANOTHER_MONTH, "a", NO_LEASE, lease)).applied
        before = everything(desk)
        pids = [gateway.status.pid, *(part.pid for part in gateway.status.parts if part.pid)]

        for pid in pids:
            with suppress(ProcessLookupError):  # its parts may go with the supervisor at once
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids[1:]), "everything to be dead")
        port, admin_port = gateway.url.rpartition(":")[2], gateway.connection.admin_url.rpartition(":")[2]
        ports = ("--port", port, "--admin-port", admin_port)
        run_gwctl("up", "--detach", *ports, *gateway.data.command_option(), home=tmp_path / "home", seconds=60)

        again = Desk(Gateway(gateway.data.connection))
        assert everything(again) == before
        assert again.admin.get("/teams/default").json()["document"]["name"] == "by the admin API"
        assert (again.ask(good), again.ask(bad)) == (200, 403)
        for gone in (client, revoked):
            with pytest.raises(httpx.HTTPStatusError, match="401"):
                again.gateway.token(*gone)
        assert again.ask(again.bearer((client[0], rotated["client_secret"]))) == 200


def test_a_file_that_contradicts_the_store_at_a_start_is_told_and_applied_when_it_no_longer_does(tmp_path: Path):
    with local_gateway(tmp_path) as gateway:
        desk = Desk(gateway)
        text = gateway.data.policy.read_text()
        late = text.replace("teams:\n", "teams:\n  - id: late\n")
        gateway.data.policy.write_text(late)
        wait_until(lambda: desk.admin.get("/teams/late").status_code == 200, "the file's team")
        client_id, _ = desk.new_client("late")
        home, where = tmp_path / "home", gateway.data.command_option()
        run_gwctl("down", *where, home=home, seconds=30)
        gateway.data.policy.write_text(text)

        port, admin_port = gateway.url.rpartition(":")[2], gateway.connection.admin_url.rpartition(":")[2]
        run_gwctl("up", "--detach", "--port", port, "--admin-port", admin_port, *where, home=home, seconds=60)

        assert f"clients/{client_id}: team: there is no team 'late'" in gateway.status.policy.problems[0]
        assert desk.ask(gateway.headers()) == 200
        again = Desk(Gateway(gateway.data.connection))
        again.admin.delete(f"/teams/late/clients/{client_id}", headers={"if-match": "*"}).raise_for_status()
        wait_until(lambda: not gateway.status.policy.problems, "the file to be applied")
        assert again.admin.get("/teams/late").status_code == 404
