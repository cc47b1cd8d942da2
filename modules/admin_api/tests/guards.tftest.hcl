# What the module refuses when the OpenAPI document and the functions do not fit together.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

# A firewall takes longer to plan than all else of the module.
override_module {
  target = module.web_acl
}

variables {
  context   = { account_id = "111122223333", name = "gwctl-dev", region = "eu-central-1" }
  functions = { teams = { access = {}, zip = "dist/admin/teams.zip" } }
  identity = {
    user_pool_arn = "arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_AbCdEfGhI"
    user_pool_id  = "eu-central-1_AbCdEfGhI"
  }
  logs    = { kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  openapi = "{\"paths\": {\"/teams\": {\"get\": {\"security\": [{\"oauth2\": [\"read\"]}]}}}}"
  stores = {
    audit_stream    = { arn = "arn:aws:firehose:eu-central-1:111122223333:deliverystream/audit", name = "audit" }
    kms_key_arn     = "arn:aws:kms:eu-central-1:111122223333:key/0000abcd-12ab-34cd-56ef-1234567890ab"
    snapshot_bucket = { arn = "arn:aws:s3:::policy", name = "policy" }
    tables          = {}
  }
}

run "method_without_a_scope" {
  command         = plan
  expect_failures = [aws_api_gateway_rest_api.admin]

  variables {
    openapi = "{\"paths\": {\"/teams\": {\"get\": {}}}}"
  }
}

run "function_without_a_path" {
  command         = plan
  expect_failures = [aws_api_gateway_rest_api.admin]

  variables {
    functions = {
      teams = { access = {}, zip = "dist/admin/teams.zip" }
      usage = { access = {}, zip = "dist/admin/usage.zip" }
    }
  }
}

run "zip_that_was_not_built" {
  command         = plan
  expect_failures = [var.functions]

  variables {
    functions = { teams = { access = {}, zip = "dist/admin/missing.zip" } }
  }
}
