"""The policy while the gateway runs: compiled before the start, published, and taken over anew when the file changes.

In: the policy file and the providers on offer. Out: the snapshot that the agent reads, the policy part of `Status`,
and said lines about what changed or what keeps it from changing.
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from gwctl.edge.portkey import missing_secrets
from gwctl.errors import UserError
from gwctl.local import agent_report
from gwctl.local.data_dir import DataDir
from gwctl.local.options import UpOptions
from gwctl.local.policy_file import Additions, Compiled, PolicyFile, problems_of
from gwctl.local.providers import Offer, sample_offers
from gwctl.local.status import ProviderStatus, Status
from gwctl.policy.errors import PolicyError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


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
        self._file = PolicyFile(options.policy or data.policy, data.snapshot, data.provider_secrets)
        self._offers = offers
        self._upstreams = options.upstreams
        self._environment = environment
        self._status = status
        self._say = say
        self._additions = Additions((), {}, {})
        self._trusted: frozenset[str] = frozenset()
        self._keyless: frozenset[str] = frozenset()
        status.policy.path = str(self._file.path)

    def compile(self, sample_port: int) -> Compiled:
        """Compile with the sample provider at this port; nothing is put into force. Raises UserError."""
        offers = [*sample_offers(sample_port), *self._offers]
        self._additions = Additions(offers, self._upstreams, self._environment)
        try:
            compiled = self._file.compile(self._additions)
        except PolicyError as error:
            raise UserError("the policy does not compile\n" + "\n".join(problems_of(error))) from error
        self._trusted = LOOPBACK | _provider_hosts(compiled)
        return compiled

    def publish(self, sample_port: int) -> None:
        """Compile, and put it where the agent reads it. Raises UserError."""
        self._put_into_force(self.compile(sample_port))

    @property
    def trusted_hosts(self) -> frozenset[str]:
        """Hosts that Portkey must accept as providers though they may be private."""
        return self._trusted

    def reload_if_changed(self) -> bool:
        """Take over a changed file, or say what is wrong and leave everything as it is; whether the status changed."""
        if not self._file.changed():
            return False
        policy = self._status.policy
        before = policy.label
        try:
            compiled = self._file.compile(self._additions)
            self._put_into_force(compiled)
        except (PolicyError, UserError, OSError) as error:
            policy.problems = problems_of(error) if isinstance(error, PolicyError) else [str(error)]
            self._say(f"the policy file has problems, {before} stays in force:")
            for problem in policy.problems:
                self._say(f"  {problem}")
            return True
        if policy.label != before:
            self._say(f"policy {policy.label} takes the place of {before}")
        for host in sorted(_provider_hosts(compiled) - self._trusted):
            self._say(f"{host} is new among the providers; if its address is private, stop and start the gateway")
        self._trusted |= _provider_hosts(compiled)
        return True

    def read_agent(self) -> bool:
        """Take over what the agent reports; whether that changed the status."""
        report, policy = agent_report.read(self._data.agent_status), self._status.policy
        if report is None or (report.applied, report.problem) == (policy.applied, policy.rejected):
            return False
        if report.problem and report.problem != policy.rejected:
            self._say(f"the edge rejected the policy: {report.problem}")
        policy.applied, policy.rejected = report.applied, report.problem
        return True

    def in_force(self) -> bool:
        """Whether the edge enforces what was published."""
        self.read_agent()
        return self._status.policy.applied == self._status.policy.label

    def _put_into_force(self, compiled: Compiled) -> None:
        self._file.publish(compiled)
        keyless = frozenset(missing_secrets(compiled.snapshot, compiled.secrets))
        self._status.policy.label = compiled.snapshot.label
        self._status.policy.problems = []
        self._status.providers = [
            ProviderStatus(offer.provider.id, offer.provider.kind, offer.source, offer.provider.id not in keyless)
            for offer in self._additions.offers
            if offer.secret or offer.provider.id in keyless
        ]
        for name in sorted(keyless - self._keyless):
            self._say(f"provider {name} serves routes and has no key now, so its requests will fail")
        self._keyless = keyless


def _provider_hosts(compiled: Compiled) -> frozenset[str]:
    urls = [provider.base_url for provider in compiled.snapshot.providers.values()]
    return frozenset(host for url in urls if url and (host := urlsplit(url).hostname))
