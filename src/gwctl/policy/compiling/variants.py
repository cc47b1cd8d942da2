"""Routes → variants: for each API the targets that can serve it, as the tree that Portkey walks."""

import hashlib
from collections.abc import Mapping

from gwctl.core.names import API_PATHS, Api, ProviderKind
from gwctl.policy.compiling import lanes
from gwctl.policy.compiling.capabilities import apis_of
from gwctl.policy.documents import Provider, Route, ScannerRule
from gwctl.policy.snapshot import GroupNode, Node, TargetNode, Variant


class VariantBuilder:
    """Builds each variant once, however many teams use it. Needs documents whose references resolve."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        providers: Mapping[str, Provider],
        prices: Mapping[str, object],
        rules: Mapping[str, ScannerRule],
    ) -> None:
        self._routes = routes
        self._providers = providers
        self._prices = prices
        self._rules = rules
        self._kinds: dict[str, ProviderKind] = {name: provider.kind for name, provider in providers.items()}
        self._trees: dict[tuple[str, Api], Node | None] = {}
        self._by_rules: dict[tuple[str, tuple[str, ...]], dict[Api, str]] = {}
        self.variants: dict[str, Variant] = {}

    def variants_of(self, alias: str, rules: frozenset[str]) -> dict[Api, str]:
        """API → variant id for a route under a team's scanner rules; an API that nothing serves is absent."""
        scanner = tuple(sorted(rules | set(self._routes[alias].scanner)))
        if (alias, scanner) not in self._by_rules:
            self._by_rules[alias, scanner] = self._build(alias, scanner)
        return self._by_rules[alias, scanner]

    def _build(self, alias: str, scanner: tuple[str, ...]) -> dict[Api, str]:
        named: dict[str, tuple[Node, list[Api]]] = {}
        for api in API_PATHS:
            tree = self.tree(alias, api)
            if tree is not None:
                content = f"{tree.model_dump_json()}{scanner}"
                digest = hashlib.sha256(content.encode()).hexdigest()[:8]
                named.setdefault(f"{alias}~{digest}", (tree, []))[1].append(api)
        for name, (tree, apis) in named.items():
            route = self._routes[alias]
            self.variants[name] = Variant(
                route=alias,
                apis=tuple(apis),
                tree=tree,
                scanner=scanner,
                circuit_breaker=route.circuit_breaker,
                drop_unsupported=route.drop_unsupported,
                lanes={
                    api: lanes.choose(api, tree, self._kinds, [self._rules[name] for name in scanner], route.lane)
                    for api in sorted(apis)
                },
            )
        return dict(sorted((api, name) for name, (_, apis) in named.items() for api in apis))

    def tree(self, alias: str, api: Api) -> Node | None:
        """What serves an API of a route, or None. Fallback routes hang behind the route's own targets."""
        key = (alias, api)
        if key not in self._trees:
            self._trees[key] = self._tree(self._routes[alias], api)
        return self._trees[key]

    def _tree(self, route: Route, api: Api) -> Node | None:
        own: list[Node] = [
            TargetNode(
                provider=target.provider,
                model=target.model,
                weight=target.weight if route.strategy == "weighted" else 1,
                price=price if (price := f"{target.provider}/{target.model}") in self._prices else None,
                max_output_tokens=target.max_output_tokens,
                retries=route.retries,
                timeout_seconds=route.timeout_seconds,
            )
            for target in route.targets
            if api in apis_of(self._providers[target.provider].kind, target.model)
        ]
        if route.strategy == "weighted" and len(own) > 1:
            own = [GroupNode(strategy="weighted", targets=tuple(own))]
        behind = [tree for name in route.fallbacks if (tree := self.tree(name, api)) is not None]
        # Nothing to fall back on: the first one that can serve the API, and no other.
        nodes = [*own, *behind] if route.fallback_on else [*own, *behind][:1]
        if len(nodes) > 1:
            return GroupNode(strategy="fallback", on=tuple(sorted(set(route.fallback_on))), targets=tuple(nodes))
        return nodes[0] if nodes else None
