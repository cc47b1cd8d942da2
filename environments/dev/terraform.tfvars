# Generated from environment.yaml by `gwctl render dev`. Change environment.yaml instead, and render again.
account_id = "111122223333"
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
availability_zones = ["eu-central-1a", "eu-central-1b"]
bedrock_guardrails = {}
domain = {
  gateway = "ai-dev.example.com"
  zone_id = "Z0123456789ABCDEFGHIJ"
}
emulated    = false
environment = "dev"
images = {
  agent     = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/gwctl-dev/agent@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  collector = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/gwctl-dev/collector@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  edge      = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/gwctl-dev/edge@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  gateway   = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/gwctl-dev/gateway@sha256:0000000000000000000000000000000000000000000000000000000000000000"
}
ledger = {
  snapshot_history_days = 365
}
multi_client = {}
network = {
  cidr             = "10.10.0.0/16"
  endpoint_clients = []
  nat              = "single"
  waf_rate_limit   = 10000
}
observability = {
  alarms         = {}
  emails         = []
  retention_days = 365
  trace_share    = 0.05
}
prefix     = "gwctl"
production = false
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
  maximum = 3
  minimum = 1
}
scope_prefix = "gateway"
tags         = {}
task = {
  cpu    = 1024
  memory = 2048
}
