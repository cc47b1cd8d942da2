"""The parameters that operations take: names in paths, pages of lists, dry runs, versions. In: text. Out: values."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from pydantic import BeforeValidator, StringConstraints

from gwctl.core.keys import KeyId
from gwctl.core.names import Alias, ClientId, Slug

MAX_PAGE: Final = 1000


def boolean(value: Any) -> Any:
    """Refuses the other words that pydantic would take for true and false. Raises ValueError."""
    words = {"true": True, "false": False}
    if isinstance(value, str):
        if value not in words:
            raise ValueError("must be true or false")
        return words[value]
    return value


def _decoded(value: Any) -> Any:
    return unquote(value) if isinstance(value, str) else value


SlugPath = Annotated[Slug, BeforeValidator(_decoded), Path()]
AliasPath = Annotated[Alias, BeforeValidator(_decoded), Path()]
ClientPath = Annotated[ClientId, BeforeValidator(_decoded), Path()]
ModelPath = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,256}$"), BeforeValidator(_decoded), Path()]
KeyPath = Annotated[KeyId, BeforeValidator(_decoded), Path()]
DryRun = Annotated[bool, BeforeValidator(boolean), Query(description="true: say what would change, store nothing")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most")]
Next = Annotated[str | None, Query(alias="next", max_length=1000, description="`next` of the page before")]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=100,
        description='The version that the change is based on, in quotes (`"12"`); `*`: whatever is there',
    ),
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", max_length=100, description="`*`: only if there is none yet")
]


PARAMETERS: Final[Mapping[str, Any]] = {
    "alias": AliasPath,
    "budget": SlugPath,
    "model": ModelPath,
    "provider": SlugPath,
    "rule": SlugPath,
    "team": SlugPath,
}
