"""What teams and keys may use: those that may use the same aliases under the same scanner rules share one profile."""

import hashlib

from gwctl.policy.compiling.variants import VariantBuilder
from gwctl.policy.documents import Documents, Team
from gwctl.policy.keys import Key
from gwctl.policy.snapshot import ClientEntry, Profile, TeamEntry


class ProfileBuilder:
    """Makes profiles as they are asked for. `profiles` has them by name."""

    def __init__(self, documents: Documents, variants: VariantBuilder) -> None:
        self.profiles: dict[str, Profile] = {}
        self._variants = variants
        self._everything = frozenset(route.id for route in documents.routes)
        self._names: dict[tuple[frozenset[str], frozenset[str]], str] = {}
        self._rules_for_all = frozenset(rule.id for rule in documents.scanner if rule.teams == "*")
        self._rules_for: dict[str, set[str]] = {}
        for rule in documents.scanner:
            for team in rule.teams if rule.teams != "*" else ():
                self._rules_for.setdefault(team, set()).add(rule.id)
        self._models = {
            team.id: self._everything if team.models == "*" else frozenset(team.models) for team in documents.teams
        }

    def team(self, team: Team) -> TeamEntry:
        """A team as the edge knows it."""
        profile = self._profile(team.id, self._models[team.id])
        tags = dict(sorted(team.tags.items()))
        return TeamEntry(profile=profile, enabled=team.enabled, name=team.name, tags=tags)

    def key(self, key: Key) -> ClientEntry:
        """A key as the edge knows it. It has a profile of its own only where it may use less than its team."""
        if key.models == "*":
            return ClientEntry(team=key.team, enabled=key.enabled)
        models = self._models[key.team].intersection(key.models)
        return ClientEntry(team=key.team, enabled=key.enabled, profile=self._profile(key.team, models))

    def _profile(self, team: str, models: frozenset[str]) -> str:
        key = (models, self._rules_for_all | self._rules_for.get(team, set()))
        if key not in self._names:
            profile = Profile(models={alias: self._variants.variants_of(alias, key[1]) for alias in sorted(models)})
            name = f"p{hashlib.sha256(profile.model_dump_json().encode()).hexdigest()[:12]}"
            self._names[key] = name
            self.profiles[name] = profile
        return self._names[key]
