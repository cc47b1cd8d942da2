"""The whole policy packed into a few items: what a change of many documents writes instead of an item for each.

In: a `State`. Out: a generation, by which the policy's head names it; until then nobody reads it.

    pk `base`   sk `<generation>#<part>`   `data` (a part of `State.to_archive`), `parts`, `made_at`

Documents that change later are items of their own beside it, in partitions named `<section>@<generation>`. So a new
generation replaces everything at once, and what is left of an old one can be deleted at any time.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Final

from gwctl.policy.state import SECTIONS, Section, State
from gwctl.stores.aws.tables import Item, Table, chunks, number
from gwctl.stores.interfaces import PolicyMovedError, UnavailableError

log = logging.getLogger("gwctl.admin")

BASE: Final = {"S": "base"}
KEPT_SECONDS: Final = 600
"""So old is what no head names before it is deleted: its writer is not about to name it any more."""

MAX_DELETED: Final = 1_000
"""So many items are deleted after one change; the others after later ones."""


class PolicyBase:
    """The generations in one table. Every method may raise UnavailableError."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def write(self, state: State) -> str:
        """Packs a state; its generation."""
        generation = f"{state.version:012d}-{secrets.token_hex(4)}"
        parts = chunks(state.to_archive())
        for index, data in enumerate(parts):
            key = {"pk": BASE, "sk": {"S": f"{generation}#{index:04d}"}}
            made_at = number(int(self._clock()))
            self._table.put({**key, "data": {"B": data}, "parts": number(len(parts)), "made_at": made_at})
        return generation

    def read(self, generation: str) -> State | None:
        """The state of a generation; None when it is gone, since a newer one is named by now."""
        values = {":pk": BASE, ":start": {"S": f"{generation}#"}}
        parts = list(self._table.query("pk = :pk AND begins_with(sk, :start)", values))
        if not parts or len(parts) < int(parts[0]["parts"]["N"]):
            return None
        return State.from_archive(b"".join(part["data"]["B"] for part in parts))

    def tidy(self, current: str) -> None:
        """Deletes what is left of other generations. Whoever is cut off in it leaves the rest to the next one."""
        try:
            keys = [key for key, _ in zip(self._leftovers(current), range(MAX_DELETED), strict=False)]
            self._table.delete(keys)
        except (PolicyMovedError, UnavailableError) as error:  # the change is made all the same
            log.warning("old policy documents are deleted later: %s", error)

    def _leftovers(self, current: str) -> Iterator[Item]:
        """Keys; those of the parts come last, because they say which generations there are."""
        yield from self._rows("")
        parts = list(self._table.query("pk = :pk", {":pk": BASE}, only="pk, sk, made_at"))
        before = self._clock() - KEPT_SECONDS
        old = [part for part in parts if int(part["made_at"]["N"]) < before and _generation(part) != current]
        for generation in sorted({_generation(part) for part in old}):
            yield from self._rows(generation)
            yield from (part for part in old if _generation(part) == generation)

    def _rows(self, generation: str) -> Iterator[Item]:
        for section in SECTIONS:
            values = {":pk": {"S": partition(section, generation)}}
            yield from self._table.query("pk = :pk", values, only="pk, sk")


def partition(section: Section, generation: str) -> str:
    """Where the documents are that have changed since a generation; before the first one, all are."""
    return f"{section}@{generation}" if generation else section


def _generation(part: Item) -> str:
    return part["sk"]["S"].partition("#")[0]
