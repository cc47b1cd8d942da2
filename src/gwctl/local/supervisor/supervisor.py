"""`gwctl up`: one process that runs the whole gateway.

In: options and a data directory. Out: a gateway that serves, `connection.json`, and a `Status` that follows what
happens. It holds the directory's lock while it lives, watches the policy file, and leaves nothing running behind.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from gwctl.core.errors import UserError
from gwctl.core.file_watcher import FileWatch, FileWatcher
from gwctl.core.files import write_atomically
from gwctl.local.data_dir import PARTS, DataDir
from gwctl.local.issuer.clients import LOCAL_CLIENT
from gwctl.local.policy.default_policy import ensure_policy
from gwctl.local.policy.providers import detect, remember
from gwctl.local.ports import HOST, Ports, listens, require_free
from gwctl.local.supervisor import running
from gwctl.local.supervisor.aws import Aws
from gwctl.local.supervisor.health import status_of
from gwctl.local.supervisor.keeper import POLL_SECONDS, Keeper, Part
from gwctl.local.supervisor.live_policy import LivePolicy
from gwctl.local.supervisor.options import UpOptions
from gwctl.local.supervisor.own import OwnStores
from gwctl.local.supervisor.processes import Identity
from gwctl.local.supervisor.programs import find_programs
from gwctl.local.supervisor.stack import Stack
from gwctl.local.supervisor.startup import Startup, together
from gwctl.local.supervisor.status import PartStatus, State, Status

IDLE_SECONDS = 1.0
"""So often it looks around, whatever the watched files do."""
SETTLE_SECONDS = 0.05
"""A file that was changed is looked at after so long: whoever writes it may not have done."""
APPLY_SECONDS = 20.0
MAX_LOG_BYTES = 10 * 1024 * 1024


class Supervisor:
    """Runs one gateway. `changed` is called with the status after every change, `said` with lines for a person."""

    def __init__(
        self,
        options: UpOptions,
        data: DataDir,
        environment: Mapping[str, str],
        changed: Callable[[Status], None],
        said: Callable[[str], None],
    ) -> None:
        self._options = options
        self._data = data
        self._environment = environment
        self._changed = changed
        self._said = said
        self._keepers: list[Keeper] = []
        self._run = running.Run(Identity.of(os.getpid()), Path(), options.as_json())
        self.stopping = asyncio.Event()
        self.status = Status(
            pid=os.getpid(),
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            gateway_url=f"http://{HOST}:{options.port}",
            admin_url=f"http://{HOST}:{options.admin_port}",
            parts=[PartStatus(name) for name in PARTS],
        )

    async def run(self) -> None:
        """Start everything, and stay until `stopping` is set. Raises UserError when it does not come up."""
        self._data.create()
        with self._locked():
            left = running.remove_remains(self._data)
            self._record()
            if left:
                self._say(f"ended what an earlier run had left behind: {', '.join(left)}")
            self._roll_logs()
            try:
                await self._until_stopping(self._serve())
            except UserError as error:
                self.status.error = str(error)
                raise
            finally:
                await self._stop()

    async def _until_stopping(self, work: Coroutine[Any, Any, None]) -> None:
        task, stop = asyncio.create_task(work), asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            task.cancel()  # does nothing to a task that is done
            await asyncio.gather(task, stop, return_exceptions=True)
        if not task.cancelled():
            task.result()

    async def _serve(self) -> None:
        began = time.monotonic()
        stack, policy = await self._start()
        self.status.ready_seconds = round(time.monotonic() - began, 2)
        self._log(f"ready after {self.status.ready_seconds} s: {self.status.gateway_url}")
        self._set_state("ready")
        with FileWatcher() as watcher:
            file, report = watcher.watch([policy.file]), watcher.watch([self._data.agent_status])
            await together(self._watch_file(file, stack, policy), self._watch_parts(report, policy))

    async def _watch_file(self, file: FileWatch, stack: Stack, policy: LivePolicy) -> None:
        while True:
            await file.wait(IDLE_SECONDS)
            await asyncio.sleep(SETTLE_SECONDS)
            if await policy.reload_if_changed(stack.keys.file):
                stack.configure_admin(policy.providers)  # for the case that it starts again
                self._publish()

    async def _watch_parts(self, report: FileWatch, policy: LivePolicy) -> None:
        while True:
            await report.wait(IDLE_SECONDS)
            await asyncio.sleep(SETTLE_SECONDS)
            for keeper in self._keepers:
                keeper.check()
            if policy.read_agent():
                self._publish()

    async def _start(self) -> tuple[Stack, LivePolicy]:
        options, data = self._options, self._data
        require_free(options.port, "--port")
        require_free(options.admin_port, "--admin-port")
        if options.token_port:
            require_free(options.token_port, "--token-port")
        stores = Aws.read(options.cloud) if options.cloud else OwnStores.of(data, options.database)
        programs = find_programs()
        ports = Ports(data.ports)
        detected = detect(self._environment, options.port)
        if options.policy is None:
            ensure_policy(data.policy, LOCAL_CLIENT, [offer.provider.id for offer in detected])
        offers = remember(data.providers, detected)
        policy = LivePolicy(data, options, offers, self._environment, self.status, self._say)
        new = not (options.cloud or options.database or data.database.exists() or data.aws.exists())
        policy.load(ports.choose("sample"), alone=new)  # so that a bad policy is said before anything is started

        self._run = running.Run(self._run.supervisor, running.make_sockets_dir(), self._run.options)
        self._record()
        place = (data, programs, self._run.sockets, self._environment)
        stack = Stack(*place, notify_url=options.notify_url, otlp_endpoint=options.otlp_endpoint)
        await Startup(options, stack, policy, ports, self._keep, self._say).run(stores)
        await self._applied(policy)
        return stack, policy

    async def _keep(self, part: Part) -> None:
        keeper = Keeper(part, self._status_of(part.name), self._say, self._part_changed)
        self._keepers.append(keeper)
        await keeper.start()

    def _status_of(self, part: str) -> PartStatus:
        return next(each for each in self.status.parts if each.name == part)

    async def _applied(self, policy: LivePolicy) -> None:
        """Wait until the edge enforces the policy and answers."""
        try:
            async with asyncio.timeout(APPLY_SECONDS):
                while not (policy.in_force() and await status_of(self._options.port, "/healthz") == 200):  # noqa: ASYNC110
                    await asyncio.sleep(POLL_SECONDS)  # other processes' doing sets no event
        except TimeoutError:
            reason = self.status.policy.rejected or "the agent and the edge gave no reason"
            logs = f"{self._data.log_of('agent')} and {self._data.log_of('edge')}"
            raise UserError(f"the edge did not come up within {APPLY_SECONDS:g} s: {reason}; see {logs}") from None
        edge = self._status_of("edge")
        if edge.pid and not listens(edge.pid, self._options.port):
            # Two that bind a port before either of them listens both succeed, and Envoy goes on without its listener.
            require_free(self._options.port, "--port")

    async def _stop(self) -> None:
        was_ready = self.status.state == "ready"
        if was_ready:
            self._say("stopping")
        self._set_state("stopping")
        last_first = sorted(self._keepers, key=lambda each: PARTS.index(each.status.name), reverse=True)
        for keeper in last_first:
            await keeper.stop()
        running.remove_remains(self._data)
        self._set_state("failed" if self.status.error else "stopped")
        if was_ready:
            self._say("stopped")

    def _set_state(self, state: State) -> None:
        self.status.state = state
        self._publish()

    def _part_changed(self) -> None:
        self._record()
        self._publish()

    def _record(self) -> None:
        parts = {each.status.name: each.identity for each in self._keepers if each.identity}
        run = running.Run(self._run.supervisor, self._run.sockets, self._run.options, parts)
        try:
            run.write(self._data.processes)
        except OSError as error:  # as below
            self._said(f"{self._data.processes} cannot be written ({error.strerror})")

    def _publish(self) -> None:
        try:
            write_atomically(self._data.status, json.dumps(self.status.as_json()).encode())
        except OSError as error:  # a full disk must not stop what serves
            self._said(f"{self._data.status} cannot be written ({error.strerror})")
        self._changed(self.status)

    def _say(self, line: str) -> None:
        self._log(line)
        self._said(line)

    def _log(self, line: str) -> None:
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with suppress(OSError), self._data.log_of("supervisor").open("a") as log:  # as above
            log.write(f"{stamp} {line}\n")

    def _roll_logs(self) -> None:
        for name in (*PARTS, "supervisor"):
            log = self._data.log_of(name)
            with suppress(FileNotFoundError):
                if log.stat().st_size > MAX_LOG_BYTES:
                    log.replace(log.with_suffix(".log.1"))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self._data.lock, mode=0o600)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise running.already_runs(self._data) from None
        try:
            yield
        finally:
            lock.release()


def run(
    options: UpOptions,
    data: DataDir,
    environment: Mapping[str, str],
    changed: Callable[[Status], None],
    said: Callable[[str], None],
) -> None:
    """Run a gateway in this process until Ctrl-C, SIGTERM or SIGHUP. Raises UserError when it does not come up."""

    async def main() -> None:
        supervisor = Supervisor(options, data, environment, changed, said)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, supervisor.stopping.set)
        await supervisor.run()

    asyncio.run(main())
