"""What things are called in the local AWS, and how a program reaches it. In: its address. Out: names and variables.

In a deployment Terraform chooses the names. No SDK is imported here: who starts the parts needs none.
"""

import os
from typing import Final

REGION: Final = "us-east-1"
DEPLOYMENT: Final = "local"

SNAPSHOT_BUCKET: Final = "gwctl-local-policy"
DOCUMENTS_TABLE: Final = "gwctl-local-documents"
AUDIT_TABLE: Final = "gwctl-local-audit"
USAGE_TABLE: Final = "gwctl-local-usage"
LEDGER_TABLE: Final = "gwctl-local-ledger"
AUDIT_STREAM: Final = "gwctl-local-audit"
AUDIT_BUCKET: Final = "gwctl-local-audit-log"
USER_POOL: Final = "gwctl-local"

ACCESS_KEY: Final = "GWCTL_LOCAL_AWS_ACCESS_KEY"
"""The variable that tells the local AWS whose requests to answer."""

_UNCHECKED: Final = "local"
"""The secret key: the local AWS looks at access keys and at no signature."""


def client_options(endpoint_url: str, access_key: str = "local") -> dict[str, str]:
    """What a boto3 client needs to speak to the local AWS, whatever the person's own AWS settings are."""
    return {
        "endpoint_url": endpoint_url,
        "region_name": REGION,
        "aws_access_key_id": access_key,
        "aws_secret_access_key": _UNCHECKED,
    }


def variables(endpoint_url: str, access_key: str) -> dict[str, str]:
    """The same for every SDK in a process, as environment variables; the person's own AWS files are left out."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": _UNCHECKED,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
