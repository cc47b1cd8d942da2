"""Small writes of several threads in one transaction: a commit waits for the disk, and so they wait together once.

In: work on a connection, and by what it is ordered: whoever locks rows in the same order never waits in a circle. Out:
what each work has returned, once all of it is committed. Whoever comes while a transaction runs is in the next one.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from gwctl.stores.sql.database import Database

AT_ONCE: Final = 64
T = TypeVar("T")


@dataclass
class _Job:
    order: str
    work: Callable[[Connection], Any]
    result: "Future[Any]" = field(default_factory=Future)


class GroupCommit:
    """`wrong` is what is raised when there is no answer. Safe to share between threads: that is what it is for."""

    def __init__(self, database: Database, wrong: Callable[[str], Exception]) -> None:
        self._database = database
        self._wrong = wrong
        self._waiting: list[_Job] = []
        self._queue = Lock()
        self._leader = Lock()

    def run(self, order: str, work: Callable[[Connection], T]) -> T:
        """Does the work in a transaction, maybe together with others'."""
        job = _Job(order, work)
        with self._queue:
            self._waiting.append(job)
        with self._leader:  # whoever had it before may have done this job too
            while not job.result.done():
                self._lead()
        return job.result.result()

    def _lead(self) -> None:
        with self._queue:
            jobs, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        try:
            self._carry_out(jobs)
        except Exception as error:  # noqa: BLE001 - each of them is told, and raises it
            if len(jobs) == 1:
                jobs[0].result.set_exception(error)
                return
            for job in jobs:  # one of them may be to blame for all
                try:
                    self._carry_out([job])
                except Exception as own:  # noqa: BLE001
                    job.result.set_exception(own)

    def _carry_out(self, jobs: list[_Job]) -> None:
        with self._database.writing(self._wrong) as connection:
            results = [(job, job.work(connection)) for job in sorted(jobs, key=lambda job: job.order)]
        for job, result in results:
            job.result.set_result(result)
