# Generated from environment.yaml by `gwctl render prod`. Change environment.yaml instead, and render again.
account_id = "444455556666"
admin_api = {
  allowed_cidrs = ["203.0.113.0/24"]
  private       = false
  throttle      = {}
}
alb = {
  internal = false
}
audit_log = {
  delivery_seconds = 300
  query_limit_gib  = 100
  retention = {
    expire_days = 2557
    lock_days   = 365
    lock_mode   = "GOVERNANCE"
  }
}
availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
bedrock_guardrails = {}
domain = {
  gateway = "ai-prod.example.com"
  zone_id = "Z0123456789ABCDEFGHIJ"
}
emulated    = false
environment = "prod"
images = {
  agent     = "444455556666.dkr.ecr.eu-central-1.amazonaws.com/gwctl-prod/agent@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  collector = "444455556666.dkr.ecr.eu-central-1.amazonaws.com/gwctl-prod/collector@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  edge      = "444455556666.dkr.ecr.eu-central-1.amazonaws.com/gwctl-prod/edge@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  gateway   = "444455556666.dkr.ecr.eu-central-1.amazonaws.com/gwctl-prod/gateway@sha256:0000000000000000000000000000000000000000000000000000000000000000"
}
ledger = {
  snapshot_history_days = 365
}
multi_client = {}
network = {
  cidr             = "10.30.0.0/16"
  endpoint_clients = []
  nat              = "per_zone"
  waf_rate_limit   = 10000
}
observability = {
  alarms         = {}
  emails         = ["platform@example.com"]
  retention_days = 365
  trace_share    = 0.05
}
prefix     = "gwctl"
production = true
providers_access = {
  bedrock_model_arns = []
  secrets            = ["anthropic", "azure", "google", "openai"]
}
providers_known = [
  {
    id   = "anthropic"
    kind = "anthropic"
  },
  {
    id             = "azure"
    kind           = "azure-openai"
    azure_resource = "example-resource"
  },
  {
    id   = "google"
    kind = "google"
  },
  {
    id   = "openai"
    kind = "openai"
  },
]
region = "eu-central-1"
scaling = {
  maximum = 10
  minimum = 2
}
scope_prefix = "gateway"
tags         = {}
task = {
  cpu    = 2048
  memory = 4096
}
