"""What a quota is laid on, and what it counts. The words are those of the policy."""

from functools import lru_cache
from typing import Final

from gwctl.core.keys import client_scope
from gwctl.core.names import Action as Action
from gwctl.core.names import Period as Period
from gwctl.core.names import Unit as Unit

UNITS: Final[tuple[Unit, ...]] = ("nano_usd", "tokens", "requests")

MAX_AMOUNT: Final = 10**21
"""Larger bounds, costs and limits are refused as absurd: a trillion dollars, in nano-dollars."""

GATEWAY: Final = "gateway"


@lru_cache(maxsize=4096)
def scopes_of(team: str | None, client: str | None, model: str | None) -> tuple[str, ...]:
    """The scopes that a request falls under, widest first. `model` is the alias that was asked for."""
    scopes = [GATEWAY]
    if team is not None:
        scopes.append(f"team:{team}")
        if model is not None:
            scopes.append(f"team:{team}/model:{model}")
    if client is not None:
        scopes.append(client_scope(client))
    return tuple(scopes)


def checked_amount(value: object, what: str) -> int:
    """`value` if it is an integer from 0 to `MAX_AMOUNT`; ValueError, naming `what`, if not."""
    if type(value) is not int or not 0 <= value <= MAX_AMOUNT:
        raise ValueError(f"{what} is {value!r}; it must be an integer from 0 to {MAX_AMOUNT}")
    return value
