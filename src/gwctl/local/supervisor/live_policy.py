"""The policy while the gateway runs: read before the start, handed to the admin API, and again when the file changes.

In: the policy file and the providers on offer. Out: the policy part of `Status`, the providers' secrets for the agent,
and said lines about what changed or what keeps it from changing. The admin API decides and publishes; what it has
published the agent fetches, whoever changed the policy.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically
from gwctl.core.http_client import LOOPBACK
from gwctl.local.data_dir import DataDir
from gwctl.local.policy import file_call
from gwctl.local.policy.file_call import NoAnswerError
from gwctl.local.policy.policy_file import Additions, Loaded, PolicyFile
from gwctl.local.policy.providers import Offer, sample_offers
from gwctl.local.supervisor.health import read_report
from gwctl.local.supervisor.options import UpOptions
from gwctl.local.supervisor.status import ProviderStatus, Status
from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Provider
from gwctl.policy.errors import PolicyError
from gwctl.policy.snapshot import Snapshot, SnapshotError

MAX_TOLD = 10
"""So many effects of a saved file are said; the history has all of them."""


Secrets = Mapping[str, Mapping[str, str]]


class LivePolicy:
    """One gateway's policy. `offers` are the providers that the environment gave rise to."""

    def __init__(
        self,
        data: DataDir,
        options: UpOptions,
        offers: Sequence[Offer],
        environment: Mapping[str, str],
        status: Status,
        say: Callable[[str], None],
    ) -> None:
        self._data = data
        self._file = PolicyFile(options.policy or data.policy)
        self._offers = offers
        self._options = options
        self._environment = environment
        self._status = status
        self._say = say
        self._additions = Additions((), {}, {})
        self._loaded: Loaded | None = None
        self._secrets: Secrets = {}
        self._applying = False
        self._started = False
        self._trusted: frozenset[str] = frozenset()
        self._keyless: frozenset[str] | None = None
        status.policy.path = str(self._file.path)

    def load(self, sample_port: int, *, alone: bool = False) -> None:
        """Read the file, with the sample provider at this port; nothing is put into force. Raises UserError.

        `alone`: the store is empty, so what is wrong with the policy can be said at once.
        """
        offers = [*sample_offers(sample_port), *self._offers]
        self._additions = Additions(offers, self._options.upstreams, self._environment)
        try:
            self._loaded = self._file.load(self._additions)
            if alone:
                compile_policy(self._loaded.content.with_providers, version=0, on=datetime.now(UTC).date())
        except PolicyError as error:
            raise _does_not_compile(self._file.located(error.problems)) from error
        self._trusted = LOOPBACK | _hosts(self.providers)

    @property
    def file(self) -> Path:
        """The policy file, or the folder with its parts."""
        return self._file.path

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Those of the file and those on offer, as read last."""
        return self._loaded.content.providers if self._loaded else ()

    @property
    def trusted_hosts(self) -> frozenset[str]:
        """Hosts that Portkey must accept as providers though they may be private."""
        return self._trusted

    def write_secrets(self) -> None:
        """Put the providers' secrets where the agent reads them."""
        if self._loaded:
            self._replace_secrets(self._loaded.secrets)

    async def publish(self, key: str) -> None:
        """Have the admin API bring what was read into force. Raises UserError.

        Where a policy was in force before, the file may contradict what the admin API has made since: then that policy
        stays, as it does after a save, and the status says so. To mend it, the gateway has to run.
        """
        assert self._loaded, "load comes first"
        problems = await self._apply(self._loaded, key)
        if not problems:
            return
        policy = self._status.policy
        try:
            policy.label = Snapshot.from_json(self._data.snapshot.read_bytes()).label
        except (OSError, SnapshotError):
            raise _does_not_compile(problems) from None
        policy.problems = problems
        self._tell_problems(policy.label)

    async def reload_if_changed(self, key: str) -> bool:
        """Take over a changed file, or say what is wrong and leave everything as it is; whether the status changed."""
        if not self._file.changed():
            return False
        policy = self._status.policy
        before, told = policy.label, list(policy.problems)
        try:
            loaded = self._file.load(self._additions)
            policy.problems = await self._apply(loaded, key)
        except PolicyError as error:
            policy.problems = self._file.located(error.problems)
        except NoAnswerError as error:
            self._file.forget()  # it is tried again until there is an answer
            policy.problems = [f"{error}; the file is applied as soon as it does"]
        except (UserError, OSError) as error:
            policy.problems = [str(error)]
        if policy.problems:
            if policy.problems != told:
                self._tell_problems(before)
            return policy.problems != told
        if policy.label != before:
            self._say(f"policy {policy.label} takes the place of {before}")
        for host in sorted(_hosts(self.providers) - self._trusted):
            self._say(f"{host} is new among the providers; if its address is private, stop and start the gateway")
        self._trusted |= _hosts(self.providers)
        return True

    def read_agent(self) -> bool:
        """Take over what the agent reports; whether that changed the status."""
        report, policy = read_report(self._data.agent_status), self._status.policy
        if report is None:
            return False
        before = (policy.label, policy.applied, policy.rejected, policy.source)
        # Somebody may have changed the policy by the admin API: then the agent is the first to tell.
        if policy.label and _version(report.snapshot) > _version(policy.label):
            self._say(f"policy {report.snapshot} takes the place of {policy.label}, by the admin API")
            policy.label = report.snapshot
            if policy.problems:
                self._file.forget()  # maybe what the file contradicted is gone now
        if report.problem and report.problem != policy.rejected:
            self._say(f"the edge rejected the policy: {report.problem}")
        policy.applied, policy.rejected, policy.source = report.applied, report.problem, report.source
        keys_changed = self._tell_keyless(frozenset(report.missing_secrets)) if report.applied else False
        if policy.applied and policy.applied == policy.label and not self._applying:
            self.write_secrets()  # without those that only the policy before needed
        return keys_changed or before != (policy.label, policy.applied, policy.rejected, policy.source)

    def in_force(self) -> bool:
        """Whether the edge enforces what was published."""
        self.read_agent()
        return bool(self._status.policy.label) and self._status.policy.applied == self._status.policy.label

    async def _apply(self, loaded: Loaded, key: str) -> list[str]:
        """Bring it into force; the problems that keep it from being in force."""
        self._applying = True
        try:
            # Before a policy that names a provider comes its secret; while both are in use, both have theirs.
            self._replace_secrets({**self._secrets, **loaded.secrets})
            outcome = await asyncio.to_thread(file_call.apply, self._options.admin_port, key, loaded.content)
            if outcome.details:
                return self._file.located(outcome.details)
            self._loaded = loaded
            self._status.providers = _provider_statuses(loaded, self._keyless or frozenset(), self._file.path.name)
        finally:
            self._applying = False
        if _version(outcome.label) >= _version(self._status.policy.label):
            self._status.policy.label = outcome.label
        for line in outcome.difference[:MAX_TOLD] if self._started else ():
            self._say(f"  {line}")
        self._started = True
        return []

    def _tell_problems(self, label: str) -> None:
        self._say(f"the policy file has problems, {label} stays in force:")
        for problem in self._status.policy.problems:
            self._say(f"  {problem}")

    def _tell_keyless(self, keyless: frozenset[str]) -> bool:
        if keyless == self._keyless:
            return False
        for name in sorted(keyless - (self._keyless or frozenset())):
            self._say(f"provider {name} serves routes and has no key now, so its requests will fail")
        self._keyless = keyless
        if self._loaded:
            self._status.providers = _provider_statuses(self._loaded, keyless, self._file.path.name)
        return True

    def _replace_secrets(self, secrets: Secrets) -> None:
        if secrets == self._secrets:
            return
        self._secrets = secrets
        write_atomically(self._data.provider_secrets, json.dumps(secrets, sort_keys=True).encode())


def _does_not_compile(problems: Sequence[str]) -> UserError:
    return UserError("the policy does not compile\n" + "\n".join(problems))


def _provider_statuses(loaded: Loaded, keyless: frozenset[str], file: str) -> list[ProviderStatus]:
    """The providers of the file, and those on offer that have a key or serve a route."""
    return [
        ProviderStatus(each.id, each.kind, loaded.sources[each.id], each.id not in keyless, each.base_url or "")
        for each in loaded.content.providers
        if loaded.sources[each.id] == file or each.id in loaded.secrets or each.id in keyless
    ]


def _version(label: str) -> int:
    with suppress(ValueError):
        return int(label.partition(".")[0])
    return -1


def _hosts(providers: Sequence[Provider]) -> frozenset[str]:
    return frozenset(host for each in providers if each.base_url and (host := urlsplit(each.base_url).hostname))
