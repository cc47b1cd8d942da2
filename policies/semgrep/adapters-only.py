# ruleid: adapters-only
import boto3

# ruleid: adapters-only
from botocore.exceptions import ClientError

# ok: adapters-only
from gwctl.stores.aws.quotas import DynamoStore
