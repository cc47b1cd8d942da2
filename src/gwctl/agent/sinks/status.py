"""What the shipper says of itself, for the agent's status file."""

from pydantic import BaseModel, Field


class ShippingStatus(BaseModel):
    """What waits to be sent, and why. Counts are since the agent's start."""

    backlog_bytes: int = Field(default=0, description="Events on disk that are not yet in the audit log or the sums")
    full: bool = Field(default=False, description="The backlog is at its bound: quotas that block refuse")
    recorded: int = Field(default=0, description="Records that Firehose has accepted")
    summed: int = Field(default=0, description="Events added to the usage table")
    unreadable: int = Field(default=0, description="Lines of the events' file that are no usage events; left out")
    gone_bytes: int = Field(default=0, description="Events that disappeared from the disk before they were sent")
    problems: dict[str, str] = Field(
        default_factory=dict, description="Sink → why it does not take anything at this moment"
    )
