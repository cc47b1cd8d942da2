"""What a request can cost at most: the amounts that are reserved before it goes on. Pure.

In: what the edge says of a request (`ReserveCall`), and the policy that it was decided under. Out: an amount for each
unit. A variant is worked out once for each policy; after that a bound takes a few microseconds.

    input    the body's bytes (a token is at least one byte of it, and an API's own frame is larger than its tokens)
             + 1,024 for the instructions that providers add for tools
             + 50,000 for each image in it
             + the context window if the request points outside its body
    output   what the request allows, else the target's max_output_tokens, else the model's largest answer; times n
    price    of the dearest target, in the service tier asked for or in the standard one
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gwctl.agent.reserve.call import ReserveCall
from gwctl.ledger.quotas.reservation import Amounts
from gwctl.ledger.quotas.scopes import MAX_AMOUNT, Unit
from gwctl.policy.documents import Provider
from gwctl.policy.snapshot import Snapshot, TargetNode, targets_of
from gwctl.pricing.bounds import DearestRates, bound_of, dearest_rates, met_by
from gwctl.pricing.model_limits import largest_answer, largest_context
from gwctl.pricing.prices import Price

ADDED_INPUT_TOKENS: Final = 1_024
"""What a provider may put before a request of its own accord. Anthropic adds 346 tokens for tools, 245 for its shell
and 700 for its editor, which take some 200 bytes to ask for (docs.anthropic.com, tool use, pricing)."""

IMAGE_TOKENS: Final = 50_000
"""No image is more. The most are gpt-4o-mini's: 2,833 and 5,667 for each of at most eight tiles, 48,169 in all, however
few bytes the image has (platform.openai.com, images and vision, calculating costs)."""

MAX_WEB_SEARCHES: Final = 100
"""Searches in one request that points outside its body. A provider's own bound is 5 to 30; none states it for all."""

MAX_TOKENS: Final = 1_000_000_000
"""Larger caps mean nothing; the ledger believes no larger counts either."""

MAX_CACHED: Final = 20_000
NOTHING: Final[Amounts] = {"nano_usd": 0, "tokens": 0, "requests": 1}


class UnknownVariantError(LookupError):
    """The edge decided by a policy, or names a variant in it, that the agent does not have."""


class Bounds:
    """Bounds of requests. `find` gives the snapshot with a label, or None."""

    def __init__(self, find: Callable[[str | None], Snapshot | None]) -> None:
        self._find = find
        self._targets: dict[tuple[str, str], tuple[_Target, ...]] = {}

    def of(self, call: ReserveCall) -> Amounts:
        """The most that the request can use and cost. Raises UnknownVariantError.

        A target without a price adds no money: a quota of money that blocks does not compile over it.
        """
        if call.api == "count_tokens":
            return NOTHING
        searches = _searches(call)
        tokens = nano_usd = 0
        for target in self._targets_of(call):
            given = target.given(call)
            written = 0 if call.api == "embeddings" else min(target.answer(call.cap) * call.n, MAX_TOKENS)
            tokens = max(tokens, given + written)
            nano_usd = max(nano_usd, target.cost(given, written, call.tier, searches))
        return {"nano_usd": min(nano_usd, MAX_AMOUNT), "tokens": tokens, "requests": 1}

    def largest_cap(self, call: ReserveCall, unit: Unit, amount: int) -> int | None:
        """The most tokens that the call's answer may have for its bound to be within `amount`.

        None: no answer is short enough, or its length does not matter.
        """
        if unit == "requests" or call.api in ("count_tokens", "embeddings"):
            return None
        most = MAX_TOKENS if call.cap is None else call.cap
        for target in self._targets_of(call):
            within = target.written_within(call, unit, amount)
            if within is not None and (not target.declared or target.largest * call.n > within):
                most = min(most, within // call.n)
        return most if most > 0 else None

    def _targets_of(self, call: ReserveCall) -> "tuple[_Target, ...]":
        return self._targets.get((call.policy, call.variant)) or self._work_out(call.policy, call.variant)

    def _work_out(self, policy: str, variant_id: str) -> "tuple[_Target, ...]":
        snapshot = self._find(policy)
        variant = snapshot.variants.get(variant_id) if snapshot else None
        if snapshot is None or variant is None:
            raise UnknownVariantError(f"policy {policy} with the variant {variant_id} is not known here")
        if len(self._targets) >= MAX_CACHED:
            self._targets.clear()
        nodes = {(node.provider, node.model): node for node in targets_of(variant.tree)}
        found = tuple(
            _Target.of(node, snapshot.providers[node.provider], snapshot.prices.get(node.price or ""))
            for node in nodes.values()
        )
        self._targets[policy, variant_id] = found
        return found


@dataclass(frozen=True, slots=True)
class _Target:
    """One model that may serve, worked out. `rates` by the service tiers that its price knows; None is standard."""

    context: int
    largest: int
    declared: bool
    rates: dict[str | None, tuple[DearestRates, ...]]

    @classmethod
    def of(cls, node: TargetNode, provider: Provider, price: Price | None) -> "_Target":
        tiers = [None, *(tier.name for tier in price.service_tiers)] if price else []
        return cls(
            context=largest_context(provider.kind, node.model),
            largest=node.max_output_tokens or largest_answer(node.model),
            declared=node.max_output_tokens is not None,
            rates={tier: dearest_rates(price, tier) for tier in tiers} if price else {},
        )

    def given(self, call: ReserveCall) -> int:
        """The most tokens that the request itself can be."""
        frame = 0 if call.api == "embeddings" else ADDED_INPUT_TOKENS + call.images * IMAGE_TOKENS
        return call.bytes + frame + (self.context if call.outside else 0)

    def written_within(self, call: ReserveCall, unit: Unit, amount: int) -> int | None:
        """The most tokens of all answers with which the call is within `amount`; None: so many as there may be."""
        given = self.given(call)
        if unit == "tokens":
            within: int | None = amount - given
        elif self.rates:
            within = met_by(self._rates(call.tier), given).output_within(amount, given, _searches(call))
        else:
            within = None
        return None if within is None or within >= MAX_TOKENS else within

    def answer(self, cap: int | None) -> int:
        """The most tokens of one answer. The table of models may be old, so a cap above it counts."""
        if cap is None:
            return self.largest
        return min(cap, self.largest) if self.declared else min(cap, MAX_TOKENS)

    def cost(self, given: int, written: int, tier: str | None, searches: int) -> int:
        """The most that so many tokens cost, in nano-dollars."""
        if not self.rates:
            return 0
        return bound_of(self._rates(tier), given, written, searches)

    def _rates(self, tier: str | None) -> tuple[DearestRates, ...]:
        return self.rates.get(tier) or self.rates[None]


def _searches(call: ReserveCall) -> int:
    return MAX_WEB_SEARCHES if call.outside else 0
