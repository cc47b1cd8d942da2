"""The document of a virtual key: a client that needs no token service, with limits of its own.

`KeySettings` is what people set and read through the API; `Key` adds what is kept of the secret.
"""

from decimal import Decimal
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from gwctl.core.errors import InvalidError
from gwctl.core.keys import KeyId
from gwctl.core.names import Alias, Slug
from gwctl.policy.base import Document


def _network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError as error:
        raise InvalidError("is not a network", "write one such as 10.0.0.0/8 or 2001:db8::/32") from error


Network = Annotated[str, AfterValidator(_network)]


class KeySecret(Document):
    """One secret of a key. During a rotation the old one has an `until`, after which it is refused."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the whole key, in hexadecimal")
    until: AwareDatetime | None = None


class KeyLimits(Document):
    """What a key may do, whatever its team may do besides. Its limits are quotas on the scope `key:ID`."""

    name: str = Field(default="", max_length=200, description="What it is for")
    owner: str = Field(default="", max_length=200, description="The person or project that has it")
    enabled: bool = True
    expires: AwareDatetime | None = Field(default=None, description="From then on it is refused")
    models: tuple[Alias, ...] | Literal["*"] = Field(
        default="*", description="Aliases the key may use, of those that its team may use; * is all of them"
    )
    limit_usd: Annotated[Decimal, Field(ge=0, le=1_000_000_000, decimal_places=9)] | None = Field(
        default=None, description="What it may spend in a period"
    )
    period: Literal["day", "month", "total"] = "month"
    requests_per_minute: Annotated[int, Field(ge=0, le=10**9)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=0, le=10**12)] | None = None
    networks: tuple[Network, ...] = Field(
        default=(), max_length=20, description="Where it may be used from; none: everywhere"
    )
    tags: dict[Slug, Annotated[str, Field(max_length=256)]] = Field(default_factory=dict, max_length=20)


class KeySettings(KeyLimits):
    """A key without its secret."""

    id: KeyId
    team: Slug


class Key(KeySettings):
    """A key as it is kept."""

    secrets: tuple[KeySecret, ...] = Field(min_length=1, max_length=2)

    @property
    def settings(self) -> KeySettings:
        """It without its secrets."""
        return KeySettings.model_construct(**{name: getattr(self, name) for name in KeySettings.model_fields})
