"""What is written down about what happens."""

from plan.kit.tfplan import Plan


def log_groups_are_encrypted(plan: Plan) -> list[str]:
    """With a key of ours."""
    return [group.address for group in plan.of("aws_cloudwatch_log_group") if not group.get("kms_key_id")]


def log_groups_keep_their_logs(plan: Plan) -> list[str]:
    """For a year, which is the default of every module."""
    return [
        f"{group.address}: {group.get('retention_in_days')} days"
        for group in plan.of("aws_cloudwatch_log_group")
        if (group.get("retention_in_days") or 0) < 365
    ]


def networks_keep_flow_logs(plan: Plan) -> list[str]:
    """Of all traffic."""
    flows = plan.of("aws_flow_log")
    return [vpc.address for vpc in plan.of("aws_vpc") if not any(flow.get("traffic_type") == "ALL" for flow in flows)]
