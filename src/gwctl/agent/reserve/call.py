"""What the edge says of a request when it asks for a reservation. In: the header `x-gw-reserve`. Out: `ReserveCall`."""

from typing import Any, Final, Literal, NamedTuple

import msgspec

from gwctl.core.names import Lane

MAX_BYTES: Final = 1 << 40


class ReserveCallError(ValueError):
    """The header is not what the edge writes."""


class ReserveCall(NamedTuple):
    """One request under a quota. `bytes` is its body's length, `cap` the answer's in tokens if it sets one."""

    id: str
    client: str
    team: str
    model: str
    api: str
    variant: str
    policy: str
    stream: bool
    bytes: int
    cap: int | None
    n: int
    tier: str | None
    outside: bool
    images: int
    shape: Literal["openai", "anthropic"]
    lane: Lane = "portkey"

    @property
    def is_noted(self) -> bool:
        """Whether Portkey notes that it called a provider. On the express lane nobody does."""
        return self.lane != "express"


class Asked(NamedTuple):
    """A call, the process of the edge that made it (0: not known), and the header as it came."""

    call: ReserveCall
    edge: int
    header: bytes


def parse_call(header: bytes) -> ReserveCall:
    """Reads the header. The edge made it of checked parts: anything odd is a ReserveCallError, nothing is guessed."""
    try:
        fields: dict[str, Any] = msgspec.json.decode(header)
        call = ReserveCall(
            fields["id"],
            fields["client"],
            fields["team"],
            fields["model"],
            fields["api"],
            fields["variant"],
            fields["policy"],
            fields["stream"],
            _whole(fields["bytes"]),
            None if fields["cap"] is None or fields["cap"] < 0 else _whole(fields["cap"]),
            max(1, _whole(fields["n"])),
            fields["tier"],
            fields["outside"],
            _whole(fields["images"]),
            fields["shape"],
            "express" if fields.get("lane") == "express" else "portkey",
        )
        ":".join((call.id, call.client, call.team, call.model, call.api, call.variant, call.policy, call.shape))
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        raise ReserveCallError(f"x-gw-reserve cannot be read: {error!r}") from error
    if call.shape not in ("openai", "anthropic") or not call.id:
        raise ReserveCallError(f"x-gw-reserve has the shape {call.shape!r} and the id {call.id!r}")
    return call


def _whole(value: object) -> int:
    """A count as an integer from 0 to `MAX_BYTES`; Lua may write a large one as 1e+15."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0 or value != value:
        raise ReserveCallError(f"{value!r} is not a count")
    return int(min(value, MAX_BYTES))
