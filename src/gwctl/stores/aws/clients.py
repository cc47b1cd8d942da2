"""Clients of AWS's services: how long each waits, and whether it asks again. In: a service's name. Out: a client.

Endpoint, region and credentials come the way every AWS SDK takes them, unless they are given. The SDK is imported when
the first client is made: `gwctl --help` and the tests of what stands above need none.
"""

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

AWS_ERRORS: Final = (BotoCoreError, ClientError)
"""All that a call may raise."""

PATIENT: Final[dict[str, Any]] = {
    "connect_timeout": 2,
    "read_timeout": 5,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}
"""For a person or an API that waits for the answer."""

QUICK: Final[dict[str, Any]] = {"connect_timeout": 1, "read_timeout": 5, "retries": {"total_max_attempts": 1}}
"""For what is asked each second anyway."""

ONCE: Final[dict[str, Any]] = {"connect_timeout": 2, "read_timeout": 10, "retries": {"total_max_attempts": 1}}
"""For the agent, which asks again by itself and knows better when to."""

_UNCHECKED: Final = {"parameter_validation": False}
"""Against the service's model: it costs CPU, and the service does it anyway."""


def code_of(error: ClientError) -> str:
    """The code of a service's refusal: `NoSuchKey`; "404" and the like where the answer has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def connect(service: str, patience: dict[str, Any] | None = None, **options: Any) -> Any:
    """A client of its own session, so that threads may make theirs together. `options` are those of boto3."""
    import boto3
    from botocore.config import Config

    config = Config(**patience) if patience else None
    make: Any = boto3.Session().client
    return make(service, config=config, **options)


def for_agent(service: str, region: str) -> Any:
    """A client of a service that the agent sends to all day."""
    return connect(service, ONCE | _UNCHECKED, region_name=region)
