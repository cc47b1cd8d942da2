"""Which way a request takes: by Portkey, or from the edge to the provider itself.

In: an API and what can serve it. Out: the lane, and why. The express lane takes what every target speaks itself, so
that nothing has to be translated; all else is Portkey's.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from gwctl.core.names import Api, Lane, ProviderKind
from gwctl.policy.documents import ScannerRule
from gwctl.policy.snapshot import LaneChoice, Node, TargetNode, targets_of

SPOKEN: Final[dict[ProviderKind, frozenset[Api]]] = {
    "openai": frozenset({"chat", "responses", "embeddings"}),
    "azure-openai": frozenset({"chat", "responses", "embeddings"}),
    "ollama": frozenset({"chat", "embeddings"}),
    "anthropic": frozenset({"messages", "count_tokens"}),
}
"""The APIs that a provider speaks itself. Those of bedrock, google and vertex-ai are none of the gateway's."""

MAX_TRIES: Final = 12
"""Of one request: the edge keeps a list of them."""


def choose(
    api: Api, tree: Node, kinds: Mapping[str, ProviderKind], rules: Iterable[ScannerRule], wanted: Lane | None
) -> LaneChoice:
    """The lane of an API. `kinds` are the providers', `rules` are in force, `wanted` is what the route asks for.

    `express` is never chosen where it cannot serve, also if it is asked for; then the reason says what is against it.
    """
    if wanted == "portkey":
        return LaneChoice(lane="portkey", reason="the route asks for it")
    against = next(_against(api, tree, kinds, rules), None)
    if against is not None:
        return LaneChoice(lane="portkey", reason=against)
    return LaneChoice(lane="express", reason="every target speaks this API itself")


def _against(api: Api, tree: Node, kinds: Mapping[str, ProviderKind], rules: Iterable[ScannerRule]) -> Iterator[str]:
    for node in targets_of(tree):
        kind = kinds[node.provider]
        if api not in SPOKEN.get(kind, frozenset()):
            yield f"{node.provider} ({kind}) has to be spoken to in another API"
    for rule in rules:
        if rule.bedrock_guardrail is not None:
            yield f"the content rule {rule.id} is a guardrail of Bedrock's, which Portkey asks"
        elif "output" in rule.on:
            yield f"the content rule {rule.id} looks at answers, which Portkey has it do"
    if len(statuses_of(tree)) > 1:
        yield "its targets are tried again after different status codes"
    if tries_of(tree) > MAX_TRIES:
        yield f"it may be tried {tries_of(tree)} times, {MAX_TRIES} is the limit"


def statuses_of(tree: Node) -> frozenset[tuple[int, ...]]:
    """The lists of status codes after which there is another try: of each group, and of each target with retries."""
    return frozenset(_statuses(tree))


def _statuses(node: Node) -> Iterator[tuple[int, ...]]:
    if isinstance(node, TargetNode):
        if node.retries.attempts:
            yield tuple(sorted(set(node.retries.on)))
        return
    if node.strategy == "fallback":
        yield tuple(sorted(set(node.on)))
    for each in node.targets:
        yield from _statuses(each)


def tries_of(node: Node) -> int:
    """How often a request is sent at most."""
    if isinstance(node, TargetNode):
        return node.retries.attempts + 1
    tries = [tries_of(each) for each in node.targets]
    return max(tries) if node.strategy == "weighted" else sum(tries)
