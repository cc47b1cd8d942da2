"""How the supervisor hands a policy file to the admin API. In: what the file says. Out: what became of it.

Both sides import this; it imports no SDK.
"""

import http.client
import json
from contextlib import closing
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from gwctl.core.errors import UserError
from gwctl.policy.documents import Documents, Provider

PATH: Final = "/-/policy-file"
"""No path of the admin API."""

KEY_HEADER: Final = "x-gw-file-key"
SECONDS: Final = 120.0
"""Tens of thousands of new clients take that long."""


class FileContent(BaseModel):
    """What the file says. `providers` are those of the file and those that the environment gave rise to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    providers: tuple[Provider, ...]
    documents: Documents

    @property
    def with_providers(self) -> Documents:
        """All of it, as compile reads it."""
        return self.documents.model_copy(update={"providers": self.providers})


class FileOutcome(BaseModel):
    """What became of it: the label of the policy, what changed in words, and what keeps it from being in force."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = ""
    difference: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class NoAnswerError(UserError):
    """The admin API did not answer; asked again, it may."""


def apply(port: int, key: str, content: FileContent) -> FileOutcome:
    """Have the admin API at this port bring the content into force. Raises NoAnswerError."""
    body = content.model_dump_json()
    headers = {KEY_HEADER: key, "Content-Type": "application/json"}
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
            connection.request("POST", PATH, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        if answer.status not in {200, 422}:
            raise NoAnswerError(f"the admin API answers {answer.status}: {json.loads(data)['error']['message']}")
        return FileOutcome.model_validate_json(data)
    except (OSError, http.client.HTTPException, ValidationError, ValueError, LookupError, TypeError) as error:
        raise NoAnswerError(f"the admin API does not answer ({error or type(error).__name__})") from error
