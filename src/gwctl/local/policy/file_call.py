"""How the supervisor hands a policy file to the admin API. In: what the file says. Out: what became of it.

Both sides import this; it imports no SDK.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from gwctl.core.errors import UserError
from gwctl.core.http_client import reason_of, session_for
from gwctl.policy.documents import Documents, Provider
from gwctl.policy.errors import Problem

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
    details: tuple[Problem, ...] = ()

    @property
    def problems(self) -> list[str]:
        """One line for each problem."""
        return [str(problem) for problem in self.details]


class NoAnswerError(UserError):
    """The admin API did not answer; asked again, it may."""


def apply(port: int, key: str, content: FileContent) -> FileOutcome:
    """Have the admin API at this port bring the content into force. Raises NoAnswerError."""
    from requests import RequestException

    url = f"http://127.0.0.1:{port}{PATH}"
    headers = {KEY_HEADER: key, "Content-Type": "application/json"}
    try:
        with session_for(url) as session:
            answer = session.post(url, content.model_dump_json().encode(), headers=headers, timeout=SECONDS)
        if answer.status_code not in {200, 422}:
            raise NoAnswerError(f"the admin API answers {answer.status_code}: {answer.json()['error']['message']}")
        return FileOutcome.model_validate_json(answer.content)
    except RequestException as error:
        raise NoAnswerError(f"the admin API does not answer ({reason_of(error)})") from error
    except (ValidationError, ValueError, LookupError, TypeError) as error:
        raise NoAnswerError(f"the admin API's answer cannot be read ({error or type(error).__name__})") from error
