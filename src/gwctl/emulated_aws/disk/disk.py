"""The emulated AWS on disk. In: moto's backends, which keep everything in memory. Out: a SQLite file that has the same
content whenever a request has been answered, also after kill -9; and backends filled from it at the next start.

State is written, not requests: what changed is read out of the backend after the request that changed it. So nothing
depends on a replay giving the same ids again, and the file is as large as the content.
"""

from pathlib import Path
from typing import Final

from gwctl.emulated_aws import shim
from gwctl.emulated_aws.call import Call
from gwctl.emulated_aws.disk import cognito, dynamodb, firehose, secrets
from gwctl.emulated_aws.disk.file import AwsFile
from gwctl.emulated_aws.disk.s3 import KeptObjects

_SERVICES: Final = {module.SERVICE: module for module in (dynamodb, cognito, secrets)}
"""Those whose requests name what they write."""


class Disk:
    """The content of one emulated AWS. One thread at a time."""

    def __init__(self, directory: Path) -> None:
        """Fill moto's backends, which must be empty. Raises UserError: the directory cannot be used."""
        self._file = AwsFile(directory)
        self._objects = KeptObjects(self._file)
        shim.apply("cognitoidp")  # app clients are made again with the secrets that they had
        self._objects.restore()
        for service in (dynamodb, firehose, cognito, secrets):
            service.restore(self._file)

    @staticmethod
    def could_keep(call: Call) -> bool:
        """Whether what a request writes can be kept; everything that reads can."""
        service = _SERVICES.get(call.service)
        return service is None or call.reads or call.action in service.WRITES

    def keep(self, call: Call, answer: bytes) -> None:
        """Write what a request has changed, which moto has just answered."""
        service = _SERVICES.get(call.service)
        if service:
            if not call.reads:
                service.keep(self._file, call, answer)
        elif call.service == firehose.SERVICE:
            if not firehose.keep(self._file, call):
                self._objects.keep_added()  # each delivery is an object of its own
        elif call.method not in {"GET", "HEAD"}:
            if call.object:
                self._objects.keep(call.object)
            else:
                self._objects.keep_all()  # other services write objects too
