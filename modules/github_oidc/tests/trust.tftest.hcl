# Whom the roles trust, and what is refused.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  context     = { account_id = "111122223333", name = "gwctl-dev", region = "eu-central-1" }
  environment = "dev"
  repository  = { id = "456789", name = "ai-gateway", owner = "example-org", owner_id = "123456" }
  state       = { bucket = "gwctl-state", folder = "dev" }
}

run "subjects_have_the_immutable_ids" {
  command = plan

  assert {
    condition     = output.subjects.apply == ["repo:example-org@123456/ai-gateway@456789:environment:dev"]
    error_message = "Only the environment's jobs may apply."
  }
  assert {
    condition     = output.subjects.plan == ["repo:example-org@123456/ai-gateway@456789:ref:refs/heads/main"]
    error_message = "The default branch may plan."
  }
  assert {
    condition     = output.subjects.preview == ["repo:example-org@123456/ai-gateway@456789:pull_request"]
    error_message = "Pull requests may preview."
  }
}

run "there_is_no_role_for_an_audit_log_that_is_not_told" {
  command = plan

  assert {
    condition     = join(" ", keys(aws_iam_role.github)) == "apply plan preview" && output.audit_role_arn == null
    error_message = "Without `audit` there are three roles."
  }
}

run "only_what_is_merged_reads_the_records" {
  command = plan

  variables {
    audit = {
      kms_key_arns        = ["arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
      records_bucket_arn  = "arn:aws:s3:::gwctl-dev-audit"
      snapshot_bucket_arn = "arn:aws:s3:::gwctl-dev-policy"
      table_arns          = { for key in ["audit", "documents", "ledger"] : key => "arn:aws:dynamodb:eu-central-1:111122223333:table/gwctl-dev-${key}" }
    }
  }

  assert {
    condition     = output.subjects.audit == ["repo:example-org@123456/ai-gateway@456789:ref:refs/heads/main"]
    error_message = "No pull request reads who asked what."
  }
}

run "an_old_repository_has_names_alone" {
  command = plan

  variables {
    repository = { id = "456789", immutable_subject = false, name = "ai-gateway", owner = "example-org", owner_id = "123456" }
  }

  assert {
    condition     = output.subjects.apply == ["repo:example-org/ai-gateway:environment:dev"]
    error_message = "Without immutable ids the subject has the names."
  }
}

run "a_provider_that_is_there_is_not_made_again" {
  command = plan

  variables {
    oidc_provider = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "An account can have the provider once."
  }
}

run "a_wildcard_for_an_id" {
  command         = plan
  expect_failures = [var.repository]

  variables {
    repository = { id = "*", name = "ai-gateway", owner = "example-org", owner_id = "123456" }
  }
}

run "a_wildcard_for_a_name" {
  command         = plan
  expect_failures = [var.repository]

  variables {
    repository = { id = "456789", name = "*", owner = "example-org", owner_id = "123456" }
  }
}

run "a_wildcard_for_the_environment" {
  command         = plan
  expect_failures = [var.environment]

  variables {
    environment = "*"
  }
}

run "another_provider" {
  command         = plan
  expect_failures = [var.oidc_provider]

  variables {
    oidc_provider = { arn = "arn:aws:iam::111122223333:oidc-provider/example.com" }
  }
}
