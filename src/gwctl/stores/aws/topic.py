"""An SNS topic that people and programs subscribe to. In: a text and a document. Out: both published, in one call."""

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.stores.aws.clients import code_of, for_agent
from gwctl.stores.interfaces import RefusedError, UnavailableError

MAX_SUBJECT: Final = 100
"""SNS takes no longer subject, and ASCII only."""

UNWANTED: Final = {"InvalidParameter", "InvalidParameterValue", "ValidationError"}


class NotificationTopic:
    """Who subscribes by e-mail gets words, programs get JSON. Blocking."""

    def __init__(self, arn: str, region: str) -> None:
        self._arn = arn
        self._client = for_agent("sns", region)

    def publish(
        self, subject: str, text: str, document: Mapping[str, Any], attributes: Mapping[str, str | int]
    ) -> None:
        """One Publish. Raises UnavailableError: try again; RefusedError: it will never be taken."""
        programs = dict.fromkeys(("http", "https", "lambda", "sqs"), json.dumps(document))
        try:
            self._client.publish(
                TopicArn=self._arn,
                Subject=subject.encode("ascii", "replace").decode()[:MAX_SUBJECT],
                MessageStructure="json",
                Message=json.dumps({"default": text, **programs}),
                MessageAttributes={name: _attribute(value) for name, value in attributes.items()},
            )
        except ClientError as error:
            wrong = RefusedError if code_of(error) in UNWANTED else UnavailableError
            raise wrong(str(error)) from error
        except BotoCoreError as error:
            raise UnavailableError(str(error)) from error

    def close(self) -> None:
        """Lets go of connections."""
        self._client.close()


def _attribute(value: str | int) -> dict[str, str]:
    return {"DataType": "Number" if isinstance(value, int) else "String", "StringValue": str(value)}
