# Generated from environment.yaml by `gwctl render local`. Change environment.yaml instead, and render again.
account_id = "123456789012"
admin_api = {
  allowed_cidrs = []
  private       = false
  throttle      = {}
}
alb = {
  certificate_arn = "arn:aws:iam::123456789012:server-certificate/gwctl-local"
  internal        = false
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
emulated           = true
environment        = "local"
images = {
  agent     = "localhost/agent@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  collector = "localhost/collector@sha256:2222222222222222222222222222222222222222222222222222222222222222"
  edge      = "localhost/edge@sha256:3333333333333333333333333333333333333333333333333333333333333333"
  gateway   = "localhost/gateway@sha256:4444444444444444444444444444444444444444444444444444444444444444"
}
ledger = {
  snapshot_history_days = 365
}
multi_client = {}
network = {
  cidr             = "10.200.0.0/16"
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
  cpu    = 2048
  memory = 4096
}
