"""Virtual keys: made, changed, given a new secret, revoked. Only the digest of a secret is kept.

A rollback of the policy leaves keys alone, so that none that was revoked comes back.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from gwctl.admin.service import errors
from gwctl.admin.service.changes import Actor, Expected, Outcome, PolicyService, check_expected
from gwctl.core.keys import new_key
from gwctl.policy.keys import Key, KeyLimits, KeySecret, KeySettings
from gwctl.policy.state import Change, State, Stored

log = logging.getLogger("gwctl.admin")


@dataclass(frozen=True)
class IssuedKey:
    """A key and its new secret. `text` is the whole of it, to be shown once; None in a dry run."""

    outcome: Outcome
    key: Key
    text: str | None = field(repr=False)


class VirtualKeys:
    """Safe to share between threads."""

    def __init__(self, service: PolicyService, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._service = service
        self._clock = clock

    def create(self, team: str, limits: KeyLimits, actor: Actor, *, dry_run: bool = False) -> IssuedKey:
        """A new key of a team. Raises AdminError."""
        made = new_key()
        key = Key(id=made.id, team=team, secrets=(KeySecret(sha256=made.sha256),), **_fields(limits, KeyLimits))
        outcome = self._issue(lambda _: [_put(key)], "create-key", key.id, actor, dry_run=dry_run)
        return IssuedKey(outcome, key, None if dry_run else made.text)

    def rotate(self, key_id: str, grace: timedelta, actor: Actor, *, dry_run: bool = False) -> IssuedKey:
        """A new secret. The last one is good for `grace` longer, older ones are not. Raises AdminError."""
        made = new_key(key_id)
        rotated: list[Key] = []

        def plan(state: State) -> list[Change]:
            key = _key_of(_require(state, key_id))
            last = next(secret for secret in key.secrets if secret.until is None)
            until = (self._clock() + grace).replace(microsecond=0)
            old = (last.model_copy(update={"until": until}),) if grace else ()
            rotated[:] = [key.model_copy(update={"secrets": (KeySecret(sha256=made.sha256), *old)})]
            return [_put(rotated[0])]

        outcome = self._issue(plan, "rotate-key", key_id, actor, dry_run=dry_run)
        return IssuedKey(outcome, rotated[0], None if dry_run else made.text)

    def put(self, settings: KeySettings, expected: Expected, actor: Actor, *, dry_run: bool = False) -> Outcome:
        """Changes what a key may do; its secret stays. Raises AdminError."""

        def plan(state: State) -> list[Change]:
            stored = _require(state, settings.id)
            key = Key(secrets=_key_of(stored).secrets, **_fields(settings, KeySettings))
            if key == stored.document:
                return []
            check_expected("keys", settings.id, stored, expected)
            return [_put(key)]

        return self._service.change(plan, "put", actor, dry_run=dry_run)

    def _issue(
        self, plan: Callable[[State], Sequence[Change]], action: str, key_id: str, actor: Actor, *, dry_run: bool
    ) -> Outcome:
        try:
            return self._service.change(plan, action, actor, dry_run=dry_run)
        except errors.AdminError as error:
            if error.code != "not_published":
                raise
            # It is stored, and this is the only time that its secret can be told: the next write brings it into force.
            log.exception("key %s is not in force yet", key_id)
            state = self._service.load()
            words = [f"key {key_id} is stored, but not in force yet"]
            return Outcome(state, state, changed=True, difference=words)


def _require(state: State, key_id: str) -> Stored:
    stored = state.get("keys", key_id)
    if stored is None:
        raise errors.not_found("keys", key_id)
    return stored


def _key_of(stored: Stored) -> Key:
    assert isinstance(stored.document, Key)
    return stored.document


def _fields(document: KeyLimits, model: type[KeyLimits]) -> dict[str, Any]:
    return {name: getattr(document, name) for name in model.model_fields}


def _put(key: Key) -> Change:
    return Change("keys", key.id, key)
