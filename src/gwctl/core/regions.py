"""Regions of clouds, so that a misspelt one is told before it becomes a host name that does not exist."""

import re
from typing import Final

from gwctl.core.errors import InvalidError
from gwctl.core.suggestions import did_you_mean

# fmt: off
AWS: Final = frozenset({
    "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
    "ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4",
    "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "cn-north-1",
    "cn-northwest-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2",
    "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1",
    "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1",
    "us-west-1", "us-west-2",
})
# fmt: on
"""As botocore knows them; a test compares."""

_GOOGLE: Final = re.compile(r"global|us|eu|[a-z]+-[a-z]+[0-9]{1,2}")
"""Google's names, which have no hyphen before the number: europe-west4."""


def aws_region(value: str) -> str:
    """The region. Raises InvalidError."""
    if value not in AWS:
        raise InvalidError("is no AWS region", did_you_mean(value, AWS, "write its code, such as eu-central-1"))
    return value


def google_region(value: str) -> str:
    """The region, or a multi-region. Raises InvalidError."""
    if not _GOOGLE.fullmatch(value):
        raise InvalidError("is no region of Google Cloud", "write its code, such as europe-west4, or global")
    return value
