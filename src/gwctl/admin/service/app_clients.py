"""Clients: an app client of the token service and a policy document, made and ended together.

Two systems, no common transaction. The order is chosen so that whatever is left over by a crash has no rights: an app
client without a document is refused by the edge, a document without an app client gets no token.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gwctl.admin.service import errors
from gwctl.admin.service.changes import Actor, Expected, Outcome, PolicyService
from gwctl.policy.documents import Client
from gwctl.policy.state import Change, State
from gwctl.stores.interfaces import ClientDirectory, Credentials, UnavailableError

log = logging.getLogger("gwctl.admin")

DRAFT_ID = "new-client"
"""Stands for the id that the token service will choose, in a dry run."""


@dataclass(frozen=True)
class Issued:
    """A client and its new secret; no credentials in a dry run."""

    outcome: Outcome
    client: Client
    credentials: Credentials | None = field(repr=False)


class AppClients:
    """The clients of teams. `deployment` begins the names of its app clients. Safe to share between threads."""

    def __init__(self, service: PolicyService, directory: ClientDirectory, deployment: str) -> None:
        self._service = service
        self._directory = directory
        self._deployment = deployment

    def create(self, team: str, name: str, actor: Actor, *, dry_run: bool = False) -> Issued:
        """A new client of a team. Raises AdminError, and then there is no new app client either."""
        self._require_team(team)
        if dry_run:
            draft = Client(id=DRAFT_ID, team=team, name=name)
            return Issued(
                self._service.change(lambda _: [_put(draft)], "create-client", actor, dry_run=True), draft, None
            )
        try:
            credentials = self._directory.create(f"{self._deployment} {team} {name}".strip()[:128])
        except UnavailableError as error:
            raise errors.unavailable("the token service") from error
        client = Client(id=credentials.client_id, team=team, name=name)
        try:
            outcome = self._service.change(lambda _: [_put(client)], "create-client", actor)
        except errors.AdminError as error:
            if error.code == "not_published":  # it is stored: the next write or `republish` brings it into force
                log.exception("client %s of team %s is not in force yet", client.id, team)
                state = self._service.load()
                words = [f"client {client.id} is made, but not in force yet"]
                return Issued(Outcome(state, state, changed=True, difference=words), client, credentials)
            self._undo_create(credentials.client_id)
            raise
        except BaseException:
            self._undo_create(credentials.client_id)
            raise
        return Issued(outcome, client, credentials)

    def rotate(self, team: str, client_id: str, actor: Actor, *, dry_run: bool = False) -> Issued:
        """A new secret; the old one stops working. Tokens that were issued stay valid until they expire.

        Raises AdminError, and then the old secret still works.
        """
        client = self._require_client(team, client_id)
        words = [f"client {client_id} of team {team} gets a new secret, the old one stops working"]
        if dry_run:
            state = self._service.load()
            return Issued(Outcome(state, state, changed=True, difference=words), client, None)
        try:
            rotation = self._directory.begin_rotation(client_id)
        except KeyError as error:
            message = f"the token service does not know client {client_id!r}; delete the client and create another"
            raise errors.AdminError(409, "conflict", message) from error
        except UnavailableError as error:
            raise errors.unavailable("the token service") from error
        note = f"client {client_id}"
        try:
            outcome = self._service.change(
                self._still_there(team, client_id), "rotate-secret", actor, note=note, always=True
            )
        except BaseException as error:
            if not (isinstance(error, errors.AdminError) and error.code == "not_published"):
                self._directory.abandon_rotation(rotation)
                raise
            state = self._service.load()
            outcome = Outcome(state, state, changed=True, difference=[])
        try:
            self._directory.finish_rotation(rotation)
        except UnavailableError:
            log.exception("client %s: the old secret still works", client_id)
            words = [f"client {client_id} has a new secret; the old one could not be ended, rotate again to end it"]
        return Issued(replace(outcome, difference=words), client, rotation.credentials)

    def put(self, team: str, client: Client, expected: Expected, actor: Actor, *, dry_run: bool = False) -> Outcome:
        """Changes a client's name, or switches it on or off; or takes an app client that exists into the policy.

        Raises AdminError.
        """
        self._require_team(team)
        stored = self._service.load().get("clients", client.id)
        if stored and isinstance(stored.document, Client) and stored.document.team != team:
            raise errors.not_found("clients", client.id)
        return self._service.put(
            "clients", client, expected, actor, dry_run=dry_run, may_create=lambda: self._require_app_client(client.id)
        )

    def revoke(self, team: str, client_id: str, expected: Expected, actor: Actor, *, dry_run: bool = False) -> Outcome:
        """Ends a client: the edge refuses it within seconds, and it gets no new token. May be repeated.

        Raises AdminError.
        """
        self._require_team(team)
        self._require_client(team, client_id)
        outcome = self._service.delete("clients", client_id, expected, actor, dry_run=dry_run)
        if not dry_run:
            try:
                self._directory.delete(client_id)
            except UnavailableError:
                # Not a failure of the call: the client has no rights any more, and the log names what is left.
                log.exception("client %s has no rights any more, but its app client remains", client_id)
        return outcome

    def _require_team(self, team: str) -> None:
        if self._service.load().get("teams", team) is None:
            raise errors.not_found("teams", team)

    def _require_client(self, team: str, client_id: str) -> Client:
        stored = self._service.load().get("clients", client_id)
        if stored is None or not isinstance(stored.document, Client) or stored.document.team != team:
            raise errors.not_found("clients", client_id)
        return stored.document

    def _require_app_client(self, client_id: str) -> None:
        try:
            known = self._directory.exists(client_id)
        except UnavailableError as error:
            raise errors.unavailable("the token service") from error
        if not known:
            detail = errors.Detail(
                f"clients/{client_id}", "id", "no such app client", "create one: POST /teams/{team}/clients"
            )
            raise errors.AdminError(422, "invalid", f"the token service has no app client {client_id!r}", [detail])

    def _still_there(self, team: str, client_id: str):  # noqa: ANN202 - a plan, see PolicyService.change
        def plan(state: State) -> Sequence[Change]:
            stored = state.get("clients", client_id)
            if stored is None or not isinstance(stored.document, Client) or stored.document.team != team:
                raise errors.not_found("clients", client_id)
            return []

        return plan

    def _undo_create(self, client_id: str) -> None:
        try:
            self._directory.delete(client_id)
        except Exception:
            log.exception("app client %s was made in vain and could not be deleted; it has no rights", client_id)


def _put(client: Client) -> Change:
    return Change("clients", client.id, client)
