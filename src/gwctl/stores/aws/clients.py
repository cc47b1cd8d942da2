"""The sinks' AWS clients. Each call gives up soon and is not repeated by the SDK: the sinks know better when to."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_firehose import FirehoseClient
    from types_boto3_sns import SNSClient


def firehose(region: str) -> "FirehoseClient":
    """A client of Firehose. Endpoint and credentials come from the SDK's own environment variables."""
    return _client("firehose", region)


def dynamodb(region: str) -> "DynamoDBClient":
    """A client of DynamoDB."""
    return _client("dynamodb", region)


def sns(region: str) -> "SNSClient":
    """A client of SNS."""
    return _client("sns", region)


def _client(service: str, region: str) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=2,
        read_timeout=10,
        retries={"total_max_attempts": 1},
        parameter_validation=False,  # against the service's model: costs CPU, and the service does it anyway
    )
    make: Any = boto3.client
    return make(service, region_name=region, config=config)
