"""What the modules' variables refuse: fine values, the change that is refused, and words of the message.

Name of the guard → (module, fine values, what is changed, words).
"""

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

MODULE_GUARDS: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "name too long": ("ledger", {"context": CONTEXT}, {"context": {**CONTEXT, "name": "x" * 21}}, "3 to 20"),
    "history too short": ("ledger", {"context": CONTEXT}, {"snapshot_history_days": 1}, "at least 30"),
    "table missing": ("ledger", {"context": CONTEXT}, {"tables": {"ledger": {}}}, "Add what is missing"),
    "one zone": ("networking", NETWORKING, {"availability_zones": ["eu-central-1a"]}, "two or three different zones"),
    "small network": ("networking", NETWORKING, {"cidr": "10.0.0.0/24"}, "from /16 to /22"),
    "impatient balancer": (
        "networking",
        NETWORKING,
        {"alb": {**NETWORKING["alb"], "idle_timeout_seconds": 60}},
        "a reasoning model can be silent for minutes",
    ),
    "old TLS": (
        "networking",
        NETWORKING,
        {"alb": {**NETWORKING["alb"], "tls_policy": "ELBSecurityPolicy-2016-08"}},
        "ELBSecurityPolicy-TLS13-1-3-2021-06",
    ),
    "endpoints for everybody": ("networking", NETWORKING, {"endpoint_clients": ["0.0.0.0/0"]}, "ends in /0"),
    "unknown endpoint": ("networking", NETWORKING, {"extra_endpoints": ["ssm"]}, "remove the others"),
    "NAT": ("networking", NETWORKING, {"nat": "none"}, '"single" or "per_zone"'),
    "unknown scope": ("auth", AUTH, {"clients": {"default": {"scopes": ["root"]}}}, "add the scope there"),
    "no default client": ("auth", AUTH, {"clients": {"x": {"scopes": ["invoke"]}}}, "add default = "),
    "long-lived token": (
        "auth",
        AUTH,
        {"clients": {"default": {"scopes": ["invoke"], "token_minutes": 10080}}},
        "must be 5 to 1440",
    ),
    "rule without a scope": ("auth", AUTH, {"jwt_rule": {**AUTH["jwt_rule"], "scopes": []}}, "every token of the pool"),
    "six paths": ("auth", AUTH, {"jwt_rule": {**AUTH["jwt_rule"], "paths": list("abcdef")}}, "join some with *"),
    "reserved domain": ("auth", AUTH, {"domain_prefix": "my-cognito"}, "without the words aws, amazon and cognito"),
    "unpinned image": ("compute", COMPUTE, {"images": {**IMAGES, "gateway": "portkeyai/gateway"}}, "is not pinned"),
    "no such task size": ("compute", COMPUTE, {"task": {"cpu": 1024, "memory": 16384}}, "1024 with 2048 to 8192"),
    "fewer than none": ("compute", COMPUTE, {"scaling": {"minimum": 5, "maximum": 2}}, "raise the maximum or lower"),
    "every Bedrock model": (
        "compute",
        COMPUTE,
        {"providers_access": {"bedrock_model_arns": ["arn:aws:bedrock:*::foundation-model/*"]}},
        "name the ones that routes use",
    ),
    "expires while locked": (
        "audit_log",
        AUDIT,
        {"retention": {"expire_days": 200, "lock_days": 365}},
        "a locked record cannot expire",
    ),
    "lock mode": ("audit_log", AUDIT, {"retention": {"lock_mode": "NONE"}}, "GOVERNANCE or COMPLIANCE, or OFF"),
    "no fallback": (
        "fallback_routing",
        FALLBACK,
        {"routes": {"x": {"targets": [{"provider": "a", "model": "m"}]}}},
        "nothing to fall back to",
    ),
    "retention CloudWatch lacks": (
        "observability",
        OBSERVABILITY,
        {"retention_days": 200},
        "a period that CloudWatch Logs offers",
    ),
    "key id": ("bucket", {"name": "abc"}, {"kms_key": {"arn": "1234abcd"}}, "not its id or alias"),
    "path as host name": (
        "domain",
        {"alias": {"dns_name": "x", "zone_id": "Z"}, "zone_id": "Z0123456789"},
        {"name": "https://ai.example.com/"},
        "without https:// and without a path",
    ),
    "certificate that is none": (
        "networking",
        NETWORKING,
        {"alb": {"certificate_arn": "gateway.pem"}},
        "alb.certificate_arn must be the ARN of a certificate in ACM",
    ),
    "streams cut at once": (
        "networking",
        NETWORKING,
        {"alb": {**NETWORKING["alb"], "drain_seconds": 5}},
        "alb.drain_seconds must be 60 to 3600",
    ),
    "nobody may connect": (
        "networking",
        NETWORKING,
        {"alb": {**NETWORKING["alb"], "ingress_cidrs": []}},
        "alb.ingress_cidrs must name at least one",
    ),
    "firewall that stops everybody": ("networking", NETWORKING, {"waf_rate_limit": 1}, "waf_rate_limit must be 100"),
    "name of a client": ("auth", AUTH, {"clients": {**CLIENTS, "A b": {"scopes": []}}}, "Names in clients must be"),
    "name of the resource server": (
        "auth",
        AUTH,
        {"resource_server": {"identifier": "gateway/"}},
        "not end in a slash",
    ),
    "provider id": ("compute", COMPUTE, {"providers_access": {"secrets": ["Open AI"]}}, "Rename the one that is not"),
    "CPU that is never reached": ("compute", COMPUTE, {"scaling": {"cpu_percent": 99}}, "must be 10 to 90"),
    "architecture": ("compute", COMPUTE, {"task": {"architecture": "arm"}}, "must be ARM64 or X86_64"),
    "small disk": ("compute", COMPUTE, {"task": {"disk_gib": 20}}, "must be 21 to 200"),
    "delivery": ("audit_log", AUDIT, {"delivery_seconds": 5}, "must be 60 to 900"),
    "limit of a query": ("audit_log", AUDIT, {"query_limit_gib": 0}, "must be at least 1"),
    "expires before it moves": (
        "audit_log",
        AUDIT,
        {"retention": {"expire_days": 100, "lock_days": 30}},
        "retention.expire_days must be more than 180",
    ),
    "share above one": ("observability", OBSERVABILITY, {"trace_share": 5}, "a number from 0 to 1"),
    "percentage": ("observability", OBSERVABILITY, {"alarms": {"error_percent": 0}}, "is a percentage"),
    "address": ("observability", OBSERVABILITY, {"emails": ["ann"]}, "emails must hold e-mail addresses"),
    "zone": (
        "domain",
        {"alias": {"dns_name": "x", "zone_id": "Z"}, "name": "ai.example.com"},
        {"zone_id": "example.com"},
        "which begins with Z",
    ),
    "name of a bucket": ("bucket", {}, {"name": "My_Bucket"}, "name must be 3 to 63"),
    "lock of a bucket": ("bucket", {"name": "abc"}, {"object_lock": {"days": 1, "mode": "X"}}, "object_lock.mode must"),
    "moves after it has gone": (
        "bucket",
        {"name": "abc"},
        {"lifecycle_days": {"expire": 30, "transitions": {"GLACIER_IR": 60}}},
        "make every age in transitions smaller than expire",
    ),
    "purpose of a key": ("key", {"context": CONTEXT, "description": "x"}, {"purpose": "For Logs"}, "purpose must be"),
    "purpose of a firewall": ("web_acl", WEB_ACL, {"purpose": "The API"}, "purpose must be a short name"),
    "limit of a firewall": ("web_acl", WEB_ACL, {"rate_limit": 1}, "rate_limit must be 100"),
    "anomalies all the time": ("cost_attribution", COST, {"anomaly_usd": 0}, "every fluctuation would be reported"),
    "ten notifications": (
        "cost_attribution",
        COST,
        {"budget": {"alert_percents": list(range(10, 110, 10)), "monthly_usd": 1}},
        "one to nine percentages",
    ),
    "name of a guardrail": (
        "bedrock_guardrails",
        GUARDRAILS,
        {"guardrails": {"No Secrets": {}}},
        "Names in guardrails must be",
    ),
    "strength of a filter": (
        "bedrock_guardrails",
        GUARDRAILS,
        {"guardrails": {"a": {"content_filters": {"HATE": "SOME"}}}},
        "NONE, LOW, MEDIUM or HIGH",
    ),
    "what to do with personal data": (
        "bedrock_guardrails",
        GUARDRAILS,
        {"guardrails": {"a": {"pii": {"EMAIL": "HIDE"}}}},
        "must say BLOCK or ANONYMIZE",
    ),
    "fallback to every Bedrock model": (
        "fallback_routing",
        FALLBACK,
        {"bedrock_model_arns": ["arn:aws:bedrock:*::foundation-model/*"]},
        "name the ones that routes use",
    ),
    "fallback for a wrong key": (
        "fallback_routing",
        FALLBACK,
        {"routes": {"x": {"fallback_on": [401], "targets": [{"provider": p, "model": "m"} for p in "ab"]}}},
        "other than 401 and 403",
    ),
    "host name of a private API": (
        "admin_api",
        ADMIN_API,
        {"domain": {"certificate_arn": "c", "name": "n"}, "endpoint": {"private_endpoint_id": {"value": "vpce"}}},
        "domain is for a regional API",
    ),
    "range that is none": (
        "admin_api",
        ADMIN_API,
        {"endpoint": {"allowed_cidrs": ["office"]}},
        "endpoint.allowed_cidrs must hold address ranges",
    ),
    "level of access": (
        "admin_api",
        ADMIN_API,
        {"functions": {"teams": {"access": {"snapshots": "all"}, "zip": ZIP}}},
        "Access levels in functions must be",
    ),
    "longer than the API waits": (
        "admin_api",
        ADMIN_API,
        {"functions": {"teams": {"access": {}, "timeout_seconds": 60, "zip": ZIP}}},
        "must be 1 to 29",
    ),
    "table that there is not": (
        "admin_api",
        ADMIN_API,
        {"functions": {"teams": {"access": {"tables": {"x": "read"}}, "zip": ZIP}}},
        "add the table there or correct its name",
    ),
    "path of a document": ("admin_api", ADMIN_API, {"openapi": "openapi.json"}, 'pass file("openapi.json")'),
    "folder of a state": (
        "github_oidc",
        {
            "context": CONTEXT,
            "environment": "dev",
            "repository": {"id": "1", "name": "a", "owner": "b", "owner_id": "2"},
        },
        {"state": {"bucket": "b", "folder": "dev/x"}},
        "state.folder must be the environment's name",
    ),
    "backups that are gone at once": (
        "ledger",
        {"context": CONTEXT},
        {"backup": {"keep_days": 1}},
        "must be 7 to 3650",
    ),
    "vault that is none": (
        "ledger",
        {"context": CONTEXT},
        {"backup": {"copy_to_vault_arn": "offsite"}},
        "must be the ARN of a vault",
    ),
    "more providers than Lambda has room for": (
        "admin_api",
        ADMIN_API,
        {"providers_known": [{"id": f"p{i}", "kind": "openai", "base_url": "https://x.example"} for i in range(60)]},
        "a function has room for no more",
    ),
    "kind of a provider": (
        "admin_api",
        ADMIN_API,
        {"providers_known": [{"id": "x", "kind": "x"}]},
        "kind in providers_known must be",
    ),
}
