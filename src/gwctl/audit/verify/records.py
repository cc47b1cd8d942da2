"""Audit records in any order → whether they are complete, in order and unaltered. Pure.

What can be proven: each record is the one that was written (its hash), and follows the one before it
(`previous_hash`), from the first record to the last. That records were cut off at the end shows only against heads:
ends of chains that the agents wrote down elsewhere. A head also proves that nobody has written the whole chain anew.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from gwctl.audit.chain import GENESIS, Head, Record, columns_of, hash_of
from gwctl.audit.changes import SHARD, change_of
from gwctl.audit.policy_changes import AuditRecord, entry_digest, list_digest

Kind = Literal["altered", "missing", "reordered", "contradiction", "truncated", "unreadable"]
"""altered: it does not have its hash · missing: records in between or before the first · reordered: it follows another
one than it says · contradiction: two different records for one place · truncated: a head says that there are more ·
unreadable: not a record at all."""


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the log is not what was written. `sequence` is -1 where there is none."""

    shard: str
    sequence: int
    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.shard} {self.sequence}: {self.text}" if self.sequence >= 0 else f"{self.shard}: {self.text}"


@dataclass(frozen=True, slots=True)
class Shard:
    """What was found of one chain. `proven_to` is the highest sequence that a head confirms; None: none does."""

    name: str
    first: int
    last: int
    records: int
    proven_to: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """`breaks` by shard and sequence, the first one first; none: everything that was looked at is whole."""

    records: int
    duplicates: int
    shards: Sequence[Shard]
    breaks: Sequence[Break]

    @property
    def whole(self) -> bool:
        """Whether no break was found."""
        return not self.breaks


@dataclass(slots=True)
class _Chain:
    hashes: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    """Sequence → hash, previous hash."""
    wanted: set[int] = field(default_factory=set[int])
    """Sequences in the range that was asked for, not only beside it."""
    breaks: list[Break] = field(default_factory=list[Break])
    documents: dict[int, Counter[str]] = field(default_factory=dict[int, Counter[str]])
    """Of changes: version → its records' ids."""
    expected: dict[int, int] = field(default_factory=dict[int, int])
    """Of changes: version → how many documents it touched."""
    lists: dict[int, tuple[str, dict[str, str]]] = field(default_factory=dict[int, tuple[str, dict[str, str]]])
    """Of changes with a detached list: version → the list's hash, and its records' ids with their entries' digests."""


_NO_HEADS: Final[Mapping[str, Sequence[Head]]] = {}


class Verifier:
    """Takes records one by one, in any order, and says in the end what is wrong. Keeps two hashes for each record.

    `from_start`: the range begins with the first record ever, so that every chain has to begin with its first one.
    """

    def __init__(self, *, from_start: bool = True) -> None:
        self._from_start = from_start
        self._chains: dict[str, _Chain] = {}
        self._records = 0
        self._duplicates = 0

    def add(self, record: Record, where: str = "", *, wanted: bool = True) -> None:
        """Takes one record, by columns or by JSON keys. `where` is its file, for the message.

        A record that is not `wanted` lies beside the range: it may fill a gap, and is not missed itself.
        """
        self._records += wanted
        columns = columns_of(record)
        shard, sequence = columns.get("shard"), columns.get("sequence")
        found, previous = columns.get("hash"), columns.get("previous_hash")
        place = f" ({where})" if where else ""
        if not isinstance(shard, str) or not isinstance(sequence, int) or sequence < 0:
            self.unreadable(where or str(shard), f"a record without shard or sequence: id {columns.get('id')!r}")
            return
        chain = self._chains.setdefault(shard, _Chain())
        problem = self._of_change(chain, columns) if shard == SHARD else _of_usage(columns)
        if problem:
            text = f"the record is not the one that was written{place}: {problem}"
            chain.breaks.append(Break(shard, sequence, "altered", text))
        elif not isinstance(found, str) or not isinstance(previous, str):
            chain.breaks.append(Break(shard, sequence, "altered", f"the record has no hash{place}"))
        else:
            self._place(chain, shard, sequence, (found, previous), where)
        if wanted:
            chain.wanted.add(sequence)

    def unreadable(self, where: str, why: str) -> None:
        """Something in the log could not be read as a record."""
        chain = self._chains.setdefault(where, _Chain())
        chain.breaks.append(Break(where, -1, "unreadable", why))

    def report(self, heads: Mapping[str, Sequence[Head]] = _NO_HEADS) -> Report:
        """What was found; `heads` are ends of chains written down elsewhere, by shard, of what must be in the log."""
        shards: list[Shard] = []
        breaks: list[Break] = []
        for name in sorted({*self._chains, *heads}):
            chain = self._chains.get(name, _Chain())
            own = [*chain.breaks, *self._links(name, chain), *_against(name, chain, heads.get(name, ()))]
            breaks += sorted(own, key=lambda each: each.sequence)
            known = [sequence for sequence in chain.wanted if sequence in chain.hashes]
            if known:
                confirmed = [head.sequence for head in heads.get(name, ()) if _confirms(chain, head)]
                proven = max(confirmed) if confirmed else None
                shards.append(Shard(name, min(known), max(known), len(known), proven))
        return Report(self._records, self._duplicates, shards, breaks)

    def _place(self, chain: _Chain, shard: str, sequence: int, hashes: tuple[str, str], where: str) -> None:
        there = chain.hashes.setdefault(sequence, hashes)
        if there != hashes:
            text = f"there are two different records{f' (one in {where})' if where else ''}"
            chain.breaks.append(Break(shard, sequence, "contradiction", text))
        elif sequence in chain.wanted and shard != SHARD:
            self._duplicates += 1

    def _of_change(self, chain: _Chain, columns: Mapping[str, Any]) -> str | None:
        try:
            change: AuditRecord = change_of(columns)
        except ValueError as error:
            return str(error)
        ids = chain.documents.setdefault(change.version, Counter())
        self._duplicates += str(columns["id"]) in ids
        ids[str(columns["id"])] += 1
        chain.expected[change.version] = change.documents or max(1, len(change.changes))
        if change.detached:
            entries = chain.lists.setdefault(change.version, (change.documents_sha256, {}))[1]
            digest = entry_digest(change.changes[0])
            if entries.setdefault(str(columns["id"]), digest) != digest:
                return "another record says something else of the same document"
        return None

    def _links(self, shard: str, chain: _Chain) -> Iterable[Break]:
        places = sorted({*chain.hashes, *(each.sequence for each in chain.breaks if each.sequence >= 0)})
        wanted = [place for place in places if place in chain.wanted]
        if not wanted:
            return
        # A chain of changes begins with version 1, an agent's with 0.
        start = min(wanted) if not self._from_start else (1 if shard == SHARD else 0)
        if min(wanted) > start:
            yield _missing(shard, start, min(wanted) - 1)
        before: int | None = None
        for place in (each for each in places if min(wanted) <= each <= max(wanted)):
            if before is not None and place > before + 1:
                yield _missing(shard, before + 1, place - 1)
            yield from _link(shard, chain, place)
            before = place
        for version, count in sorted(chain.expected.items()):
            if version in chain.wanted and len(chain.documents[version]) < count:
                left = count - len(chain.documents[version])
                yield Break(shard, version, "missing", f"records of {left} of its {count} documents are missing")
            elif version in chain.wanted and version in chain.lists and not _is_whole(*chain.lists[version]):
                text = f"the records of its {count} documents are not all the ones that were written"
                yield Break(shard, version, "altered", text)


def _is_whole(digest: str, entries: Mapping[str, str]) -> bool:
    in_order = sorted(entries, key=lambda record_id: int(record_id.rpartition(".")[2]))
    return digest == list_digest(entries[record_id] for record_id in in_order)


def _of_usage(columns: Mapping[str, Any]) -> str | None:
    return None if columns.get("hash") == hash_of(columns) else "it does not have the hash that it says"


def _link(shard: str, chain: _Chain, place: int) -> Iterable[Break]:
    own, before = chain.hashes.get(place), chain.hashes.get(place - 1)
    if own is None:
        return
    first = place == (1 if shard == SHARD else 0)
    expected = GENESIS if first else before[0] if before else None
    if expected is not None and own[1] != expected:
        yield Break(shard, place, "reordered", f"the record does not follow record {place - 1}, but another one")


def _missing(shard: str, first: int, last: int) -> Break:
    text = f"record {first} is missing" if first == last else f"records {first} to {last} are missing"
    return Break(shard, first, "missing", text)


def _confirms(chain: _Chain, head: Head) -> bool:
    found = chain.hashes.get(head.sequence)
    return found is not None and found[0] == head.hash


def _against(shard: str, chain: _Chain, heads: Sequence[Head]) -> Iterable[Break]:
    last = max(chain.hashes, default=-1)
    beyond = [head.sequence for head in heads if head.sequence > last]
    if beyond:
        text = f"the log ends with record {last}" if last >= 0 else "the log has no record"
        yield Break(shard, last + 1, "truncated", f"{text}, and the chain goes on to {max(beyond)}")
    for head in heads:
        found = chain.hashes.get(head.sequence)
        if found is not None and found[0] != head.hash:
            yield Break(shard, head.sequence, "altered", "the record is not the one that the chain's head names")
