# Each opt-in feature on and off: none, then some at a time, which are independent of each other. No AWS, no
# credentials: the provider's answers are made up.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

# Firewalls are no feature, and AWS's schema of one takes longer to plan than half of all else: two in each run.
override_module {
  target = module.admin_api.module.web_acl
}
override_module {
  target = module.networking.module.web_acl
}

variables {
  account_id         = "111122223333"
  admin_api          = { allowed_cidrs = ["203.0.113.0/24"] }
  alb                = { certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab" }
  availability_zones = ["eu-central-1a", "eu-central-1b"]
  environment        = "dev"
  images = {
    agent     = "example.com/agent@sha256:1111111111111111111111111111111111111111111111111111111111111111"
    collector = "example.com/collector@sha256:2222222222222222222222222222222222222222222222222222222222222222"
    edge      = "example.com/edge@sha256:3333333333333333333333333333333333333333333333333333333333333333"
    gateway   = "example.com/gateway@sha256:4444444444444444444444444444444444444444444444444444444444444444"
  }
  production = false
  region     = "eu-central-1"
}

run "everything_is_off_by_default" {
  command = plan

  assert {
    condition     = length(module.bedrock_guardrails) + length(module.cost_attribution) + length(module.fallback_routing) + length(module.github_oidc) == 0
    error_message = "A feature is on that nobody asked for."
  }
  assert {
    condition     = join(" ", keys(output.cognito_client_ids)) == "admin default"
    error_message = "There are clients that nobody asked for."
  }
  assert {
    condition     = length(output.guardrails) + length(output.fallback_route_documents) + length(output.github_role_arns) == 0
    error_message = "An output of a feature that is off is not empty."
  }
}

run "guardrails_and_further_clients" {
  command = plan

  variables {
    bedrock_guardrails = { default = {}, strict = { blocked_words = ["confidential"] } }
    multi_client       = { reports = { scopes = ["read"] } }
  }

  assert {
    condition     = join(" ", keys(output.guardrails)) == "default strict"
    error_message = "Each guardrail has an id and a version to put into a scanner rule."
  }
  assert {
    condition     = join(" ", keys(output.cognito_client_ids)) == "admin default reports"
    error_message = "The further client is missing."
  }
  assert {
    condition     = length(module.cost_attribution) + length(module.fallback_routing) == 0
    error_message = "A feature is on that nobody asked for."
  }
}

run "cost_attribution_and_fallback_routing" {
  command = plan

  variables {
    cost_attribution = { budget = { monthly_usd = 500 } }
    fallback_routing = {
      routes = {
        claude = { targets = [{ provider = "anthropic", model = "claude" }, { provider = "vertex", model = "claude" }] }
      }
    }
  }

  assert {
    condition     = module.cost_attribution[0].budget_name == "gwctl-dev-monthly"
    error_message = "There is no budget for this deployment."
  }
  assert {
    condition     = join(" ", output.fallback_route_documents["claude"].targets[*].provider) == "anthropic vertex"
    error_message = "The route document does not have the targets in their order."
  }
  assert {
    condition     = length(output.guardrails) == 0 && join(" ", keys(output.cognito_client_ids)) == "admin default"
    error_message = "A feature is on that nobody asked for."
  }
}

run "roles_for_workflows" {
  command = plan

  variables {
    github       = { repository = { id = "456789", name = "ai-gateway", owner = "example-org", owner_id = "123456" } }
    state_bucket = "gwctl-state"
  }

  assert {
    condition     = join(" ", keys(output.github_role_arns)) == "apply audit plan preview"
    error_message = "The workflows need a role each."
  }
  assert {
    condition     = one(module.github_oidc[*].subjects.apply) == ["repo:example-org@123456/ai-gateway@456789:environment:dev"]
    error_message = "The GitHub environment has the environment's name unless it is told."
  }
  assert {
    condition     = length(module.cost_attribution) + length(module.fallback_routing) + length(output.guardrails) == 0
    error_message = "A feature is on that nobody asked for."
  }
}
