"""Values that each module accepts. A guard is tried by changing one of them."""

from typing import Any

IMAGES = {name: f"example.com/{name}@sha256:{'0' * 64}" for name in ("agent", "collector", "edge", "gateway")}
CONTEXT = {"account_id": "111122223333", "name": "gwctl-dev", "region": "eu-central-1"}
KEY = "arn:aws:kms:eu-central-1:111122223333:key/x"
NETWORKING = {
    "access_logs_bucket": "logs",
    "alb": {"certificate_arn": "arn:aws:acm:eu-central-1:111122223333:certificate/x"},
    "availability_zones": ["eu-central-1a", "eu-central-1b"],
    "context": CONTEXT,
    "logs": {"kms_key_arn": KEY},
}
AUTH = {
    "context": CONTEXT,
    "domain_prefix": "acme",
    "jwt_rule": {"listener_arn": "arn:x", "target_group_arn": "arn:y"},
}
COMPUTE = {
    "context": CONTEXT,
    "identity": {"issuer": "https://x", "jwks_url": "https://x/jwks"},
    "images": IMAGES,
    "logs": {"group_names": {}, "kms_key_arn": KEY, "metrics_namespace": "x"},
    "network": {
        "alb_arn_suffix": "a",
        "alb_security_group_id": "sg",
        "private_subnets": {},
        "target_group_arn": "t",
        "target_group_arn_suffix": "t",
        "vpc_id": "v",
    },
    "stores": {
        "audit_stream": {"arn": "a", "name": "a"},
        "kms_key_arn": KEY,
        "notifications_topic_arn": "t",
        "snapshot_bucket": {"arn": "b", "name": "b"},
        "tables": {},
    },
}
AUDIT = {"context": CONTEXT, "logs": {"kms_key_arn": KEY}}

CLIENTS = {"default": {"scopes": ["invoke"]}}
OBSERVABILITY = {"context": CONTEXT, "load_balancer": {"arn_suffix": "a", "target_group_arn_suffix": "t"}}
WEB_ACL = {
    "context": CONTEXT,
    "description": "x",
    "logs": {"kms_key_arn": KEY},
    "purpose": "gateway",
    "resource_arn": "arn:x",
}
COST = {
    "budget": {"monthly_usd": 1},
    "context": CONTEXT,
    "cost_tag": {"key": "k", "value": "v"},
    "topic_arn": "arn:t",
}
GUARDRAILS = {"bedrock_role_name": "r", "context": CONTEXT}
FALLBACK: dict[str, Any] = {
    "alarm": {"metrics_namespace": "x", "topic_arn": "t"},
    "context": CONTEXT,
    "routes": {},
    "bedrock_role_name": "r",
}
ZIP = "../dist/admin/teams.zip"
ADMIN_API = {
    "context": CONTEXT,
    "functions": {"teams": {"access": {}, "zip": ZIP}},
    "identity": {"user_pool_arn": "arn:p", "user_pool_id": "p"},
    "logs": {"kms_key_arn": KEY},
    "openapi": "paths: {}",
    "stores": {
        "audit_stream": {"arn": "a", "name": "a"},
        "kms_key_arn": KEY,
        "snapshot_bucket": {"arn": "b", "name": "b"},
        "tables": {},
    },
}
