"""What the policy documents have in common: a model that refuses unknown fields, and checked kinds of values."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gwctl.core.errors import InvalidError
from gwctl.core.suggestions import nearest
from gwctl.core.urls import http_url


class Document(BaseModel):
    """What every policy document has in common: it is immutable and refuses fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _plain_url(value: str) -> str:
    parts = http_url(value)
    if parts is None:
        raise ValueError("must be an http:// or https:// URL")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must not carry credentials, a query or a fragment")
    return value.rstrip("/")


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidError("is not a time zone of the IANA database", _like_a_zone(value)) from error
    return value


def _like_a_zone(value: str) -> str:
    """People write the city alone, or with a blank in it."""
    zones = sorted(available_timezones(), reverse=True)
    cities = {zone.rpartition("/")[2]: zone for zone in zones}
    found = nearest(value.replace(" ", "_"), [*zones, *cities])
    return f"did you mean {cities.get(found, found)}?" if found else "write one such as Europe/Berlin, or UTC"


PlainUrl = Annotated[str, AfterValidator(_plain_url)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
StatusCode = Annotated[int, Field(ge=400, le=599)]
ModelName = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[\x21-\x7e]+$")]
