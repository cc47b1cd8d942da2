"""Delivery streams of the emulated AWS as data. In: a request that made or deleted one. Out: a row of the file.

A row is the request that made the stream: nothing in its answer is random.
"""

import inspect
import json
import re
from typing import Any, Final

from moto.core.models import DEFAULT_ACCOUNT_ID

from gwctl.emulated_aws.call import Call
from gwctl.emulated_aws.disk.file import AwsFile

SERVICE: Final = "Firehose"


def restore(file: AwsFile) -> None:
    """Make the streams again in moto's backends, which must be empty."""
    for region, request in file.run("SELECT region, request FROM streams"):
        from moto.firehose.models import FirehoseBackend, firehose_backends

        given = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value for name, value in json.loads(request).items()}
        names = [
            name for name in inspect.signature(FirehoseBackend.create_delivery_stream).parameters if name != "self"
        ]
        create: Any = firehose_backends[DEFAULT_ACCOUNT_ID][region].create_delivery_stream
        create(**{name: given.get(name) for name in names} | {"region": region})


def keep(file: AwsFile, call: Call) -> bool:
    """Write a stream that was made or deleted; False when the request was about something else."""
    if call.action not in {"CreateDeliveryStream", "DeleteDeliveryStream"}:
        return False
    place = call.region, call.request["DeliveryStreamName"]
    if call.action.startswith("Create"):
        file.run("INSERT OR REPLACE INTO streams VALUES (?, ?, ?)", *place, call.body.decode())
    else:
        file.run("DELETE FROM streams WHERE region = ? AND name = ?", *place)
    return True
